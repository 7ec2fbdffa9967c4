"""Three city projects that are made up, with drawn photos, by the same verbs as real ones. Every page says so."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import current_city, today
from tepian.kernel.organisations import queries as organisations
from tepian.ui.pictures import png

from .. import operations, states
from ..models import Comment, Plan, Project
from ..queries import projects as queries

DATA = Path(__file__).with_name("projects.toml")
AGENCIES = ("pupr", "dpupr", "dinas-pupr")  # whoever builds in the pack; else the first agency


def demo_projects(*, actor: Actor, plan: Plan | None = None) -> int:
    """Make those that are not there yet; returns how many. `actor` is the system, which passes every policy."""
    made = 0
    for given in tomllib.loads(DATA.read_text(encoding="utf-8"))["project"]:
        if not Project.objects.filter(slug=given["slug"]).exists():
            _build(actor, given, plan)
            made += 1
    return made


def builder() -> str:
    """The agency that builds in this pack."""
    codes = [each.code for each in organisations.agencies()]
    return next((code for code in AGENCIES if code in codes), codes[0])


def _build(actor: Actor, given: Mapping[str, Any], plan: Plan | None) -> None:
    city, start = current_city(), queries.month_after(queries.month_of(today()), -given["months"])
    promised = queries.month_after(start, given["planned_months"]) - timedelta(days=1)
    row = operations.open_project(
        actor=actor,
        agency=builder(),
        slug=given["slug"],
        simulated=True,
        values={
            **{name: given[name] for name in ("title", "title_en", "summary", "summary_en", "place", "contractor")},
            **{name: given[name] for name in ("contract", "contract_amount", "budget")},
            "lon": city.lon + given["point"][0] / 1000,
            "lat": city.lat + given["point"][1] / 1000,
            "starts_on": start,
            "ends_on": promised,
            "plan": plan,
        },
    )
    row = operations.set_stages(
        actor=actor, project=row, revision=row.revision, stages=[_stage(each, start) for each in given["stages"]]
    )
    row = operations.plan_progress(
        actor=actor, project=row, revision=row.revision, points=_curve(start, given["planned_months"], given["budget"])
    )
    row = operations.publish_project(actor=actor, project=row, revision=row.revision, public=True)
    row = operations.move_project(actor=actor, project=row, revision=row.revision, to=states.RUNNING, on=start)
    for number, (built, share) in enumerate(zip(given["actual"], given["spent"], strict=True)):
        row = operations.report_month(
            actor=actor,
            project=row,
            revision=row.revision,
            month=queries.month_after(start, number),
            physical=built,
            money=given["budget"] * share // 100,
            text=given.get("notes", {}).get(str(number), ""),
        )
    if moved := given.get("moved"):
        row = operations.change_project(
            actor=actor,
            project=row,
            revision=row.revision,
            values={"ends_on": promised + timedelta(days=moved["days"])},
            reason=moved["reason"],
        )
    for spot, phase, month, caption, sky, ground in given["photos"]:
        operations.add_photo(
            actor=actor,
            project=row,
            content=drawn_photo(sky, ground, caption),
            name=f"{given['slug']}-{month}.png",
            phase=phase,
            spot=spot,
            caption=f"{caption} (gambar peragaan)",
            taken_on=min(queries.month_after(start, month) + timedelta(days=9), today()),
        )
    row.refresh_from_db()
    if "finished" in given:
        last = queries.end_of(queries.month_after(start, len(given["actual"]) - 1))
        row = operations.move_project(
            actor=actor, project=row, revision=row.revision, to=states.DONE, on=min(last, today())
        )
    for number, said in enumerate(given.get("comment", [])):
        _comment(actor, row, said, number)


def _stage(given: list[Any], start: date) -> dict[str, Any]:
    """[title, English, weight, planned first and last month, real first and last month]; -1 for what has not come."""
    title, english, weight, first, last, began, ended = given

    def month(number: int) -> date:
        return queries.month_after(start, number)

    return {
        "title": title,
        "title_en": english,
        "weight": weight,
        "starts_on": month(first),
        "ends_on": month(last) - timedelta(days=1),
        "started_on": None if began < 0 else month(began),
        "ended_on": None if ended < 0 else min(month(ended) - timedelta(days=1), today()),
    }


def _curve(start: date, months: int, budget: int) -> list[tuple[date, float, int | None]]:
    """An S: slow, fast, slow, from nothing to all."""
    shares = [3 * (n / months) ** 2 - 2 * (n / months) ** 3 for n in range(1, months + 1)]
    return [
        (queries.month_after(start, number), round(100 * share, 1), round(budget * share))
        for number, share in enumerate(shares)
    ]


def _comment(actor: Actor, row: Project, said: Mapping[str, Any], number: int) -> Comment:
    sky, ground = said.get("photo", ("", ""))
    photo = (drawn_photo(sky, ground, "Foto warga"), "foto.png", "image/png") if sky else None
    comment = operations.write_comment(
        actor=actor,
        project=row,
        kind=said["kind"],
        text=said["text"],
        key=uuid5(NAMESPACE_URL, f"{row.slug}/{number}"),
        photo=photo,
    )
    if said.get("shown") or "hidden" in said:
        comment = operations.judge_comment(
            actor=actor,
            comment=comment,
            revision=comment.revision,
            shown=bool(said.get("shown")),
            reason=said.get("hidden", ""),
        )
    if "answer" in said:
        comment = operations.answer_comment(
            actor=actor, comment=comment, revision=comment.revision, text=said["answer"]
        )
    return comment


def drawn_photo(sky: str, ground: str, words: str) -> bytes:
    """A plain picture that nobody takes for a real one, as PNG of 800 × 600 points."""
    seed = sum(words.encode()) % 90
    return png(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 600" width="800" height="600">'
        f'<rect width="800" height="600" fill="{sky}"/><circle cx="{120 + 5 * seed}" cy="120" r="52" fill="#f5e6b8"/>'
        f'<path d="M0 380 Q200 {330 - seed} 400 380 T800 360V600H0z" fill="{ground}"/>'
        f'<rect x="{180 + 2 * seed}" y="{300 - seed}" width="260" height="{160 + seed}" fill="#e9e2d3"/>'
        f'<path d="M{160 + 2 * seed} {300 - seed}h300l-150 -80z" fill="#8c4a35"/>'
        '<text x="400" y="570" text-anchor="middle" font-family="DejaVu Sans" font-size="34" font-weight="700" '
        'fill="#14211f">PERAGAAN</text></svg>',
        zoom=1,
    )
