"""The demonstration and the pack."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
from django.utils import translation

from tepian.kernel.catalogue.packs import ROOT, check_pack, load_pack
from tepian.kernel.events.delivery import deliver_all
from tepian.kernel.residents import demo as residents

from .. import demo, queries, states
from ..models import LetterKind, Request
from .conftest import SYSTEM

pytestmark = pytest.mark.django_db


def test_the_demonstration_has_requests_in_every_state_once(contoh, actor_with, client):
    residents.make_residents(actor=SYSTEM, count=120)
    assert demo.publish_examples(actor=SYSTEM) == len(demo.EXAMPLES)
    assert demo.publish_examples(actor=SYSTEM) == 0
    deliver_all()
    found = Counter(Request.objects.values_list("state", flat=True))
    # Nobody has a key here: the two that would be signed wait for it.
    assert found == {
        states.WAITING: 12, states.RETURNED: 1, states.REFUSED: 1, states.CANCELLED: 1, states.STOPPED: 1, states.DRAFT: 1,
    }  # fmt: skip
    assert all(Request.objects.values_list("simulated", flat=True))
    rt = actor_with("neighbourhood_head", scope="region", code="99.01.01.1001.RT005", username="rt-demo")
    assert queries.waiting(rt).exists()


def test_loading_the_pack_again_changes_nothing_and_a_new_day_is_a_new_row(contoh):
    again = load_pack(ROOT / "cities" / "contoh", SYSTEM)
    assert again.counts["ward_letters"]["created"] == again.counts["ward_letters"]["changed"] == 0
    old = LetterKind.objects.get(code="sktm")
    LetterKind.objects.create(
        **{
            field.name: getattr(old, field.name)
            for field in LetterKind._meta.fields
            if field.name not in ("id", "valid_from")
        },
        valid_from=old.valid_from.replace(year=old.valid_from.year + 5),
    )
    assert queries.kind("sktm").pk == old.pk
    assert queries.kind("sktm", old.valid_from.replace(year=old.valid_from.year + 6)).pk != old.pk


GOOD = """
[[kind]]
code = "baru"
title = "Surat baru"
valid_from = 2026-01-01
steps = ["rt", "clerk", "head"]
template = "domicile"
series = "surat"
working_days = 2
number = "{number:03d}/{year}"
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("", ""), ""),
        (('"rt", "clerk"', '"clerk", "rt"'), "in this order"),
        (('"clerk", "head"', '"clerk"'), "signs it as the last"),
        (('"rt", "clerk"', '"walikota", "clerk"'), "unknown step: walikota"),
        (("series", 'checks = ["kaya"]\nseries'), "unknown check: kaya"),
        (("working_days = 2", ""), "the deadline needs"),
        (("series", "biaya = 5\nseries"), "unknown part: biaya"),
        (('"baru"', '"cek"'), "address of the platform"),
        (("{number:03d}/{year}", "{nomor}/{year}"), "nomor"),
        (("{year}", "{year}/{classification}"), "classification"),
        (("\n", '\n[[kind.question]]\ncode = "nik"\ntext = "A?"\ntype = "text"\n'), "comes from the register"),
        (("\n", '\n[[kind.question]]\ncode = "a"\ntext = "A?"\ntype = "warna"\n'), "type"),
        (
            ("\n", '\n[[kind.question]]\ncode = "a"\ntext = "A?"\ntype = "choice"\nchoices = [["a", "A"]]\n'),
            "two or more",
        ),
        (("\n", '\n[[kind.question]]\ncode = "a"\ntext = "A?"\ntype = "text"\nprefill = "gaji"\n'), "gaji"),
        (
            ("\n", '\n[[kind.paper]]\ncode = "a"\nname = "A"\nwhen = { question = "b", is = "yes" }\n'),
            "earlier question",
        ),
    ],
)
def test_mistakes_of_a_pack_are_named(tmp_path, change, said):
    for path in (ROOT / "cities" / "contoh").glob("*.*"):
        shutil.copy(path, tmp_path)
    shutil.copytree(ROOT / "cities" / "contoh" / "map", tmp_path / "map")
    old, new = change
    text = GOOD + new[1:] if old == "\n" else GOOD.replace(old, new) if old else GOOD
    (tmp_path / "ward_letters.toml").write_text(text)
    with translation.override("en"):
        found = [str(problem) for problem in check_pack(tmp_path) if problem.is_error]
    if not said:
        assert not found
    else:
        assert any("ward_letters.toml" in each and said in each for each in found), found
