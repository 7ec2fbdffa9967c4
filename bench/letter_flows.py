"""What people press for a letter of the ward, in a real browser: the resident's telephone, the clerk's desk, the lurah's list.

Counted and told as in `desk_flows`: hands by the keystroke-level model against the plan of use (a resident 3 minutes and 8
pages, a clerk 4 keys and 60 s a request, a lurah 79 s for ten letters), machine from the last key to the result in sight.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import date
from typing import Any

from bench import harness as h
from bench.desk_flows import City, Flow, browser

BUDGETS = {
    "resident": (180.0, "from the start page to the receipt: identity, three questions, no photo"),
    "clerk_right": (60.0, "a request is right: passed on, the next one opens"),
    "clerk_repair": (60.0, "a request comes back with a ready sentence, the next one opens"),
    "lurah": (7.9, "a letter is read, ticked and signed with the others by one passphrase"),
}
PAGES = 8


def residents(running: h.System) -> list[tuple[str, str, date]]:
    """NIK, family card and day of birth of grown people in the demonstration's ward, without a request."""
    file = next(running.home.glob("*.sqlite3"))
    asked = """SELECT r.nik, f.kk, r.born_on FROM city_resident r JOIN city_family f ON f.id = r.family_id
               WHERE r.status = 'living' AND r.born_on < '1995-01-01' AND length(r.ward_code) = 13
               AND r.id NOT IN (SELECT resident_id FROM ward_letters_request)"""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        rows = [(nik, kk, date.fromisoformat(born)) for nik, kk, born in db.execute(asked)]
    random.Random(3).shuffle(rows)
    return rows


def resident(city: City, who: tuple[str, str, date]) -> tuple[Flow, int]:
    """The flow, and how many pages somebody sees."""
    nik, kk, born = who
    page = city.page(width=360, height=740)
    page.goto(f"{city.running.url}/surat/domisili")
    flow, seen = Flow(page), ["start"]

    def go_on(selector: str) -> None:
        flow.point("main button[type=submit]")
        flow.see(selector)
        seen.append(selector)

    flow.decide()
    flow.point("a.btn-l")
    flow.see("#id_nik")
    seen.append("identity")
    for field, text in (("#id_nik", nik), ("#id_kk", kk), ("#id_born_on", f"{born:%d%m%Y}")):
        flow.point(field)
        flow.type(text)
    go_on("#id_address_right_0")
    flow.decide()
    flow.point("#id_address_right_0")
    go_on("#id_stay_since")
    flow.decide()
    go_on("#id_purpose")
    flow.decide()
    flow.point("#id_purpose")
    flow.type("membuka rekening")
    go_on("#id_file")
    go_on("#id_contact")
    flow.decide()
    go_on(".receipt")
    page.context.close()
    return flow, len(seen)


def clerk(desk: Any, keys: tuple[str, ...]) -> Flow:
    """One decision; what comes next is in sight."""
    flow = Flow(desk)
    flow.decide()
    for key in keys:
        flow.key(key)
    flow.see(".notice-success, .notice-ok, [role=status]")
    return flow


def lurah(head: Any, passphrase: str) -> tuple[Flow, int]:
    head.reload()
    count = head.locator("input[name=pilih]").count()
    flow = Flow(head)
    flow.decide()
    flow.key("b")
    for _letter in range(count):
        flow.see("iframe.lembar")
        flow.decide()
        flow.key("l")
    flow.see("input[name=pilih]:checked")
    flow.type(passphrase)
    flow.key("Enter")
    flow.see("[data-outcome=signed]")
    assert head.locator("[data-outcome=signed]").count() == count
    return flow, count


def run() -> None:
    with h.system() as running, browser() as opened:
        city = City(running, opened)
        found: dict[str, list[tuple[Flow, int]]] = {name: [] for name in BUDGETS}
        for who in residents(running)[: h.ROUNDS]:
            found["resident"].append(resident(city, who))
        desk = city.person("kelurahan", "/kerja/kelurahan")
        desk.keyboard.press("1")
        desk.wait_for_selector("[data-key=S]")
        found["clerk_right"].append((clerk(desk, ("s",)), 1))
        found["clerk_repair"].append((clerk(desk, ("p", "1")), 1))
        head = city.person("lurah2", "/kerja/tanda-tangan")
        account = next(one for one in city.accounts if one["username"] == "lurah2")
        found["lurah"].append(lurah(head, account["password"]))
    for name, flows in found.items():
        budget, what = BUDGETS[name]
        flow, count = flows[-1]
        letters = count if name == "lurah" else 1
        note = f"{what}; {flow.keys} keys, {flow.presses} presses; machine {flow.waited:.2f} s in {flow.waits} waits"
        if name == "resident":
            note += f"; {count} pages, plan {PAGES}"
        elif name == "lurah":
            note += f"; {count} letters, ten would be {10 * flow.hands / letters:.0f} s of hands"
        h.report(f"letters.{name}", flow.hands / letters, budget, "s", what="plan", lower_is_better=True, note=note)
