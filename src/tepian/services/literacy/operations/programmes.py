"""Programmes and their questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, queries, states
from ..models import AudienceGroup, Programme, Question, Sitting
from ..queries import TOPIC
from .parts import checked_number, locked_programme

SUMMARY_LIMIT = 2000


def _values(
    *,
    title: str,
    title_en: str,
    summary: str,
    summary_en: str,
    groups: Sequence[str],
    dimension: str,
    aim_people: int | None,
    aim_wards: int | None,
) -> dict[str, Any]:
    known = set(AudienceGroup.objects.values_list("code", flat=True))
    chosen = [code for code in dict.fromkeys(groups) if code in known]
    if not chosen or len(chosen) != len(set(groups)):
        raise Invalid(_("Choose for whom the programme is: one group or more."), code="group_unknown", field="groups")
    if dimension and dimension not in states.DIMENSIONS:
        raise Invalid(_("Choose a dimension from the list."), code="dimension_unknown", field="dimension")
    return {
        "title": checked_text(title, "title", limit=200),
        "title_en": checked_text(title_en, "title_en", limit=200, needed=False),
        "summary": checked_text(summary, "summary", limit=SUMMARY_LIMIT, needed=False),
        "summary_en": checked_text(summary_en, "summary_en", limit=SUMMARY_LIMIT, needed=False),
        "groups": chosen,
        "dimension": dimension,
        "aim_people": checked_number(aim_people, "aim_people", least=1),
        "aim_wards": checked_number(aim_wards, "aim_wards", least=1, most=max(1, len(queries.wards()))),
    }


@operation("literacy.add_programme", policy=policies.may_add)
def add_programme(
    *,
    actor: Actor,
    agency: str,
    title: str,
    groups: Sequence[str],
    title_en: str = "",
    summary: str = "",
    summary_en: str = "",
    dimension: str = "",
    aim_people: int | None = None,
    aim_wards: int | None = None,
    simulated: bool = False,
) -> Programme:
    """A new programme. Its code is made from the title and stays."""
    values = _values(
        title=title,
        title_en=title_en,
        summary=summary,
        summary_en=summary_en,
        groups=groups,
        dimension=dimension,
        aim_people=aim_people,
        aim_wards=aim_wards,
    )
    code = slugify(values["title"])[:60].strip("-")
    note("programme", code)
    if organisations.agency_name(agency) == "":
        raise Invalid(_("Choose the agency that answers for it."), code="agency_unknown", field="agency")
    if not code or code in states.RESERVED or Programme.objects.filter(code=code).exists():
        raise Invalid(
            _("A programme of this name exists, or the name has no letters. Choose another name."),
            code="title_taken",
            field="title",
        )
    row = Programme.objects.create(code=code, agency_code=agency, simulated=simulated, **values)
    touch(TOPIC)
    return row


@operation("literacy.change_programme", policy=policies.may_organise)
def change_programme(
    *,
    actor: Actor,
    programme: Programme,
    revision: int,
    title: str,
    groups: Sequence[str],
    title_en: str = "",
    summary: str = "",
    summary_en: str = "",
    dimension: str = "",
    aim_people: int | None = None,
    aim_wards: int | None = None,
    active: bool = True,
) -> Programme:
    """Its words, groups and aims. One that is no longer active stays readable and takes no new session."""
    row = locked_programme(programme, revision=revision)
    values = _values(
        title=title,
        title_en=title_en,
        summary=summary,
        summary_en=summary_en,
        groups=groups,
        dimension=dimension,
        aim_people=aim_people,
        aim_wards=aim_wards,
    ) | {"active": active}
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    note("programme", row.code, changed=sorted(changed))
    for name, value in changed.items():
        setattr(row, name, value)
    row.revision += 1
    row.save()
    touch(TOPIC)
    return row


# --- questions --------------------------------------------------------------------------------------------------------


def _question(text: str, text_en: str, choices: Sequence[Mapping[str, str]], right: int) -> dict[str, Any]:
    kept = [
        {
            "text": checked_text(str(each.get("text", "")), "choices", limit=200, needed=False),
            "text_en": checked_text(str(each.get("text_en", "")), "choices", limit=200, needed=False),
        }
        for each in choices
    ]
    if not states.FEWEST_CHOICES <= len(kept) <= states.MOST_CHOICES or not all(each["text"] for each in kept):
        raise Invalid(
            format_lazy(
                _("Write {least} to {most} answers to choose from, one a line."),
                least=states.FEWEST_CHOICES,
                most=states.MOST_CHOICES,
            ),
            code="choices",
            field="choices",
        )
    if len({each["text"] for each in kept}) != len(kept):
        raise Invalid(_("Two of the answers are the same."), code="choices_same", field="choices")
    if not 0 <= right < len(kept):
        raise Invalid(_("Say which answer is right."), code="right_unknown", field="right")
    return {
        "text": checked_text(text, "text", limit=300),
        "text_en": checked_text(text_en, "text_en", limit=300, needed=False),
        "choices": kept,
        "right": right,
    }


@operation("literacy.add_question", policy=policies.may_organise)
def add_question(
    *,
    actor: Actor,
    programme: Programme,
    text: str,
    choices: Sequence[Mapping[str, str]],
    right: int,
    text_en: str = "",
) -> Question:
    """One more question of the short test. `right` is the place of the right answer, from 0. At most ten are asked."""
    row = locked_programme(programme)
    asked = Question.objects.filter(programme=row, retired=False).count()
    if asked >= states.MOST_QUESTIONS:
        raise Invalid(
            format_lazy(
                _("The test has {most} questions already, and a short test stays short. Retire one first."),
                most=states.MOST_QUESTIONS,
            ),
            code="too_many_questions",
            field="text",
        )
    values = _question(text, text_en, choices, right)
    position = Question.objects.filter(programme=row).count() + 1
    question = Question.objects.create(programme=row, position=position, **values)
    note("question", question.pk, programme=row.code)
    touch(TOPIC)
    return question


@operation("literacy.change_question", policy=policies.may_keep_question)
def change_question(
    *,
    actor: Actor,
    question: Question,
    revision: int,
    text: str,
    choices: Sequence[Mapping[str, str]],
    right: int,
    text_en: str = "",
) -> Question:
    """Before the first answer. Afterwards answers to two wordings would be compared: retire it and write a new one."""
    locked_programme(question.programme)
    row = Question.objects.get(pk=question.pk)
    note("question", row.pk, programme=question.programme.code)
    if row.revision != revision:
        raise Conflict(
            _("Somebody else changed this question a moment ago. Nothing of yours was stored yet: look at it again."),
            code="too_late",
            item=str(row.pk),
        )
    if was_answered(row):
        raise Conflict(
            _("People have answered this question. Retire it and write a new one, so that answers stay comparable."),
            code="already_answered",
            item=str(row.pk),
        )
    for name, value in _question(text, text_en, choices, right).items():
        setattr(row, name, value)
    row.revision += 1
    row.save()
    touch(TOPIC)
    return row


@operation("literacy.retire_question", policy=policies.may_keep_question)
def retire_question(*, actor: Actor, question: Question, retired: bool = True) -> Question:
    """Not asked any more (or again); the answers that were given still count."""
    programme = locked_programme(question.programme)
    row = Question.objects.get(pk=question.pk)
    note("question", row.pk, retired=retired)
    asked = Question.objects.filter(programme=programme, retired=False).count()
    if not retired and row.retired and asked >= states.MOST_QUESTIONS:
        raise Invalid(
            format_lazy(
                _("The test has {most} questions already, and a short test stays short. Retire one first."),
                most=states.MOST_QUESTIONS,
            ),
            code="too_many_questions",
            field="text",
        )
    if row.retired != retired:
        row.retired = retired
        row.revision += 1
        row.save(update_fields=["retired", "revision"])
        touch(TOPIC)
    return row


def was_answered(question: Question) -> bool:
    key = str(question.pk)
    return Sitting.objects.filter(programme=question.programme_id, answers__has_key=key).exists()
