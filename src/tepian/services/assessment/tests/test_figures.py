"""Figures that were published, computed anew from their published components. The source stands at each."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tepian.services.assessment import queries
from tepian.services.assessment.states import instruments, scoring
from tepian.services.assessment.states.instruments import ROOT

CITIES = Path(__file__).parents[5] / "cities"


def instrument(code: str, version: str) -> instruments.Instrument:
    return queries.parsed(queries.shipped()[code, version])


def published(city: str) -> dict:
    rows = tomllib.loads((CITIES / "contoh" / "assessment.toml").read_text())["published"]
    return next(row for row in rows if row["city"] == city)


SMART = ("smart-city-evaluation", "2017")
# bangsaonline.com 113379: Kediri 2022, components and impact by pillar.
KEDIRI = {"baseline": "3.60", "output": "3.21", "outcome": "3.23", "impact": "3.07", "quick-win": "3.65"}
KEDIRI_PILLARS = ("2.75", "2.75", "3.50", "3.33", "3.33", "2.75")


def total(found: instruments.Instrument, weights: str, values: dict[str, str]) -> Fraction:
    outcome = scoring.evaluate(
        found, found.weight_sets[weights], {code: Fraction(value) for code, value in values.items()}
    )
    value = outcome[ROOT].value
    assert value is not None
    return value


def test_kediri_2022_under_both_published_weight_sets():
    """Published 3.31 (bangsaonline.com 113379). Weights 10/20/30/20/20: jambiekspres.disway.id; 10/20/30/30/10:
    kominfo.slemankab.go.id."""
    found = instrument(*SMART)
    assert published("Kota Kediri")["values"] == KEDIRI
    assert total(found, "impact-20", KEDIRI) == Fraction("3.315")
    assert total(found, "impact-30", KEDIRI) == Fraction("3.257")
    assert Decimal(str(published("Kota Kediri")["score"])) == Decimal("3.31")


def test_kediris_impact_is_the_mean_of_its_six_pillars():
    """bangsaonline.com 113379: 2.75, 2.75, 3.50, 3.33, 3.33, 2.75 → 3.07."""
    found = instrument(*SMART)
    pillars = dict(zip(found.children["impact"], map(Fraction, KEDIRI_PILLARS), strict=True))
    outcome = scoring.evaluate(found, found.weight_sets["impact-20"], pillars)
    assert scoring.shown(outcome["impact"].value, 2) == Decimal("3.07")
    assert outcome[ROOT].value is None
    assert outcome[ROOT].known == 6


def test_the_two_published_weight_sets_are_the_published_ones():
    sets = instrument(*SMART).weight_sets
    assert [int(value) for value in sets["impact-20"].values.values()] == [10, 20, 30, 20, 20]
    assert [int(value) for value in sets["impact-30"].values.values()] == [10, 20, 30, 30, 10]
    assert sets["impact-20"].source == "jambiekspres.disway.id"
    assert sets["impact-30"].source == "kominfo.slemankab.go.id"


def test_the_formula_is_written_with_its_numbers():
    found = instrument(*SMART)
    weights = found.weight_sets["impact-20"]
    outcomes = scoring.evaluate(found, weights, {code: Fraction(value) for code, value in KEDIRI.items()})
    text = "0,10 × 3,60 + 0,20 × 3,21 + 0,30 × 3,23 + 0,20 × 3,07 + 0,20 × 3,65 = 3,315"
    assert queries.formula(found, weights, outcomes) == text
    some = scoring.evaluate(found, weights, {"baseline": Fraction("3.60")})
    assert queries.formula(found, weights, some).endswith("0,20 × ? = antara 1,26 dan 3,96")


def test_spbe_has_the_published_weights_and_all_at_level_3_gives_3():
    """PermenPANRB 59/2020 through fadilai/spbe: 47 indicators; domain weights 13, 25, 16.5, 27.5, 18; each indicator 1.30,
    2.50, 1.50, 2.75, 3.00."""
    found = instrument("spbe", "2020")
    weights = found.weight_sets["2020"]
    assert len(found.items) == 47
    assert total(found, "2020", {node.code: "3" for node in found.items}) == 3
    each = {node.parent: scoring.share_of(found, weights, node.code) * 100 for node in found.items}
    assert {part: float(share) for part, share in each.items()} == {
        "policy": 1.3, "governance": 2.5, "management": 1.5, "administration": 2.75, "public": 3.0,
    }  # fmt: skip
    counts = {part: len(found.children[part]) for part in each}
    assert counts == {"policy": 10, "governance": 10, "management": 11, "administration": 10, "public": 6}
    assert sum(scoring.share_of(found, weights, node.code) for node in found.items) == 1


@pytest.mark.parametrize(
    ("score", "name"),
    [
        ("4.2", "Memuaskan"),
        ("4.19", "Sangat baik"),
        ("3.5", "Sangat baik"),
        ("2.6", "Baik"),
        ("1.8", "Cukup"),
        ("1", "Kurang"),
    ],
)
def test_spbe_grades(score, name):
    band = scoring.band_of(instrument("spbe", "2020"), Fraction(score))
    assert band is not None
    assert band.name == name


def test_malangs_true_mean_stands_beside_its_published_one():
    """malangkota.go.id, 9 November 2023: 100, 100, 100, 100, 89, 86; published 96.2."""
    row = published("Kota Malang")
    value = total(instrument("pillar-mean", "2023"), "equal", row["values"])
    assert scoring.shown(value, 2) == Decimal("95.83")
    assert row["score"] == 96.2


def test_the_six_dimensions_and_their_parts_have_their_names():
    """jagoanindonesia.id, accounting.binus.ac.id; sub-dimensions of economy, living, environment partly general knowledge."""
    assert instruments.DIMENSIONS == {
        "governance": ("service", "bureaucracy", "policy"),
        "branding": ("tourism", "business", "appearance"),
        "economy": ("industry", "welfare", "transaction"),
        "living": ("harmony", "health", "mobility"),
        "society": ("community", "learning", "security"),
        "environment": ("protection", "waste", "energy"),
    }
    for dimension, parts in instruments.DIMENSIONS.items():
        for part in parts:
            assert ": " in queries.dimension_name(f"{dimension}.{part}")


def test_pemdi_is_a_frame_of_9_aspects_and_35_indicators_and_computes_nothing():
    """Perpres 12/2025 through pemdi.baritotimurkab.go.id."""
    found = instrument("pemdi", "2026")
    assert len([part for part in found.parts if part.code.startswith("a")]) == 9
    assert len(found.items) == 35
    assert not found.computable
    assert not found.weight_sets
    assert found.note_en


def test_what_would_raise_the_score_most():
    found = instrument(*SMART)
    values = dict.fromkeys((node.code for node in found.items), Fraction(3)) | {
        "baseline": Fraction(4),
        "output": Fraction("2.5"),
    }
    gains = scoring.gains(found, found.weight_sets["impact-20"], values)
    assert [(gain.code, gain.gain) for gain in gains[:3]] == [
        ("outcome", Fraction("0.3")), ("quick-win", Fraction("0.2")), ("output", Fraction("0.1")),
    ]  # fmt: skip
    assert gains[2].following == 3
    assert "baseline" not in [gain.code for gain in gains]
    percent = instrument("pillar-mean", "2023")
    first = scoring.gains(percent, percent.weight_sets["equal"], {"society": Fraction(89), "living": Fraction(100)})
    assert [(gain.following, gain.gain) for gain in first] == [(90, Fraction(1, 6))]


# --- for every answer that can be given -------------------------------------------------------------------------------

COMPUTABLE = [key for key, document in queries.shipped().items() if queries.parsed(document).computable]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine says nothing of the sum
@given(st.data())
def test_the_score_lies_on_the_scale_and_totals_agree_at_every_level(data):
    found = instrument(*data.draw(st.sampled_from(COMPUTABLE)))
    weights = found.weight_sets[data.draw(st.sampled_from(sorted(found.weight_sets)))]
    scale = found.scale
    assert scale is not None
    numbers = st.one_of(
        st.none(), st.integers(int(scale.low) * 100, int(scale.high) * 100).map(lambda n: Fraction(n, 100))
    )
    values = {node.code: data.draw(numbers) for node in found.items}
    outcomes = scoring.evaluate(found, weights, values)
    for code, outcome in outcomes.items():
        assert scale.low <= outcome.low <= outcome.high <= scale.high
        assert (outcome.value is None) == (outcome.known < outcome.count)
        if outcome.value is not None:
            assert outcome.low == outcome.value == outcome.high
        below = scoring.shares(found, weights, code)
        if below:
            assert sum(share for _child, share in below) == 1
            assert outcome.count == sum(outcomes[child].count for child, _share in below)
            assert outcome.low == sum(share * outcomes[child].low for child, share in below)
    whole = outcomes[ROOT]
    flat = sum(
        scoring.share_of(found, weights, node.code) * (scale.low if values[node.code] is None else values[node.code])
        for node in found.items
    )
    assert whole.low == flat
    for gain in scoring.gains(found, weights, values):
        assert 0 < gain.gain <= scale.high - scale.low
        raised = scoring.evaluate(found, weights, values | {gain.code: gain.following})[ROOT]
        assert raised.low - whole.low == gain.gain


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d["weights"][0]["values"].update(baseline=11), "sum to 100"),
        (lambda d: d["weights"][0]["values"].pop("baseline"), "some have none"),
        (lambda d: d["weights"][0]["values"].update(nothing=1), "is not there"),
        (lambda d: d["weights"][0]["values"].update(baseline=-10), "above 0"),
        (lambda d: d["weights"].append(dict(d["weights"][0])), "code of its own"),
        (lambda d: d["item"][0].update(dimension="governance.taxes"), "unknown dimension"),
        (lambda d: d["item"][0].update(dimension="happiness"), "unknown dimension"),
        (lambda d: d["item"].append(dict(d["item"][0])), "twice"),
        (lambda d: d["item"][0].update(part="nowhere"), "unknown part"),
        (lambda d: d["part"][0].update(part="impact"), "inside itself"),
        (lambda d: d["part"].append({"code": "empty", "title": "x", "title_en": "x"}), "no items"),
        (lambda d: d["scale"].update(min=5), "min below max"),
        (lambda d: d.pop("scale"), "scale"),
        (lambda d: d.update(valid_to="2010-01-01"), "ends before"),
        (lambda d: d.update(valid_from="soon"), "must be a date"),
        (lambda d: d.update(code="Not A Code"), "small letters"),
        (lambda d: d.update(surprise=1), "unknown word"),
        (lambda d: d.update(weights=[]), "weights are missing"),
        (lambda d: d.update(formula="mean"), "a mean has no weights"),
        (lambda d: d.update(item=[]), "at least one item"),
        (lambda d: d.update(item="x"), "list of tables"),
        (lambda d: d.update(source=""), "source"),
    ],
)  # fmt: skip
def test_a_broken_instrument_is_told_what_is_wrong(change, word):
    document = json.loads(queries.shipped()[SMART])
    assert not list(instruments.problems(document))
    change(document)
    from django.utils.translation import override

    with override("en"):
        found = [str(message) for message, _item in instruments.problems(document)]
        assert any(word in message for message in found), found
        with pytest.raises(ValueError, match=word):
            instruments.read(document)
