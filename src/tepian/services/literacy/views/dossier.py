"""The room's chapter in the dossier that the city hands to an assessor."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import override

from tepian.kernel.organisations import queries as organisations
from tepian.toolkit.typeset import Block, Column, Heading, Paragraph, Table
from tepian.ui import words
from tepian.ui.words import in_language

from .. import queries
from ..models import Programme
from .parts import effect_sentence, few, percent, questions_by_key, told


def chapter(year: int, language: str) -> Sequence[Block]:
    """Whom the programmes reached and what people learnt in a year; nothing where no session was held."""
    numbers = queries.by_programme(year)
    rows = [row for row in Programme.objects.all() if row.pk in numbers]
    if not rows:
        return []
    effects = queries.effects(rows, year)
    with override(language):
        blocks: list[Block] = [
            Heading(_("Digital literacy")),
            Table(
                columns=[
                    Column(_("Programme")),
                    Column(_("Agency")),
                    Column(_("People"), "right"),
                    Column(_("Of the aim"), "right"),
                    Column(_("Wards"), "right"),
                    Column(_("Sessions"), "right"),
                ],
                rows=[_reached(row, *numbers[row.pk]) for row in rows],
                caption=_("Whom literacy programmes reached in %(year)s") % {"year": year},
                source=_("Records of attendance, by QR code and paper list. Each person counts once a year."),
            ),
        ]
        for row in rows:
            blocks += _learnt(row, effects[row.pk])
        return blocks


def _reached(row: Programme, people: int | None, wards: int, held: int) -> list[str]:
    return [
        in_language(row, "title"),
        organisations.agency_name(row.agency_code) or row.agency_code,
        few() if people is None else words.number(people),
        percent(people / row.aim_people) if people and row.aim_people else words.DASH,
        words.number(wards),
        words.number(held),
    ]


def _learnt(row: Programme, found: queries.Effect) -> list[Block]:
    title = in_language(row, "title")
    blocks: list[Block] = [Heading(title, 2)]
    if row.simulated:
        blocks.append(Paragraph(_("Demonstration: programmes, people and results here are made up.")))
    blocks.append(Paragraph(effect_sentence(found)))
    questions = questions_by_key(row)
    shown = [
        (questions[each.key], told(each.found)) for each in found.questions if each.found and each.key in questions
    ]
    if shown:
        blocks.append(
            Table(
                columns=[
                    Column(_("Question"), width=0.5),
                    Column(_("Before"), "right"),
                    Column(_("After"), "right"),
                    Column(_("Points"), "right"),
                    Column(_("95 % interval"), "right"),
                    Column("n", "right"),
                ],
                rows=[
                    [in_language(question, "text"), *_cells(facts)] for question, facts in shown if facts is not None
                ],
                caption=_("Right answers before and after: %(title)s") % {"title": title},
                source=_("The same persons before and after the lesson; mean change with its 95 % interval."),
            )
        )
    return blocks


def _cells(facts: dict[str, object]) -> list[str]:
    n = facts["n"]
    return [
        *(str(facts[key]) for key in ("before", "after", "change", "interval")),
        words.number(n if isinstance(n, int) else None),
    ]
