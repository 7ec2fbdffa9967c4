"""The survey for citizens, what the room hangs in the hall, its part of the pack, and the door for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tepian.kernel.actors import system
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import DossierPart, Search, WorkList, offered
from tepian.kernel.catalogue.packs import CityPack
from tepian.toolkit.typeset import Document, Heading, Note, Paragraph, Table, pdf

from .. import contributions, demo, operations, queries
from ..models import Assessment, Response, Score, Survey
from ..views import survey as survey_views
from .acting import CODE, answer_all, open_by_form, score_all, step
from .conftest import SMART

pytestmark = pytest.mark.django_db


# --- citizens ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def survey(keeper):
    open_by_form(keeper)
    form = {"opens_on": today().isoformat(), "closes_on": (today() + timedelta(days=5)).isoformat()}
    keeper.post(reverse("assessment-survey-keep", args=[CODE]), form)
    return Survey.objects.get()


def test_a_citizen_answers_once_and_reads_that_it_counted(survey):
    citizen = Client()
    address = f"/penilaian/survei/{survey.code}"
    page = citizen.get(address)
    assert page["Cache-Control"] == "private, no-store" or "no-store" in page["Cache-Control"]
    assert "Seberapa benar setiap pernyataan" in page.content.decode()
    empty = citizen.post(address, {"key": "k" * 32})
    assert empty.status_code == 422
    assert "Galat:" in empty.content.decode()
    sent = citizen.post(address, {"key": "k" * 32, "q-governance": "4", "q-living": "x", "q-society": "2"})
    assert sent.status_code == 303
    assert "Terima kasih" in citizen.get(sent["Location"]).content.decode()
    assert Response.objects.get().answers == {"governance": 4, "society": 2}
    again = citizen.post(address, {"key": "z" * 32, "q-governance": "1"})
    assert again.status_code == 409
    assert Response.objects.count() == 1
    assert "1 orang sudah menjawab" in Client().get(address).content.decode()
    assert "How far is each sentence" in Client().get(f"/en{address}").content.decode()
    other = Client()  # a double click without the cookie: the page's own word tells
    for status in (303, 409):
        assert Client().post(address, {"key": "d" * 32, "q-governance": "5"}).status_code == status
    assert other.get("/penilaian").content.decode().count(address) == 1


def test_one_network_cannot_flood_the_survey(survey, monkeypatch):
    monkeypatch.setattr(survey_views, "PER_HOUR", 3)
    address = f"/penilaian/survei/{survey.code}"
    for number in range(3):
        assert Client().post(address, {"key": str(number) * 32, "q-governance": "5"}).status_code == 303
    refused = Client().post(address, {"key": "9" * 32, "q-governance": "5"})
    assert refused.status_code == 429
    assert refused["Retry-After"] == "3600"
    assert Response.objects.count() == 3


def test_a_survey_that_is_over_takes_nothing(survey, keeper):
    Survey.objects.update(opens_on=today() - timedelta(days=9), closes_on=today() - timedelta(days=1))
    address = f"/penilaian/survei/{survey.code}"
    assert "sudah selesai" in Client().get(address).content.decode()
    assert Client().post(address, {"key": "k" * 32, "q-governance": "4"}).status_code == 409
    assert not Response.objects.exists()
    assert address not in Client().get("/penilaian").content.decode()


def test_the_public_list_is_honest_when_it_is_empty(contoh, client):
    page = client.get("/penilaian").content.decode()
    assert "Belum ada penilaian yang final" in page
    assert "Kota Kediri" in page
    assert "berbeda" in page  # the mean that does not fit its parts


# --- the hall ---------------------------------------------------------------------------------------------------------


def test_what_waits_for_whom(keeper, actor_with):
    open_by_form(keeper)
    row = Assessment.objects.get()
    operations.assign(actor=system("x"), assessment=row, agencies={"output": "pupr"}, revision=row.revision)
    source = next(each for each in offered(WorkList) if each.room == "assessment")

    def waits(*roles, **more):
        return [each.title for each in source.items(actor_with(*roles, **more))]

    assert waits("plan_reporter", scope="agency", code="pupr") == ["1 butir perlu dijawab: Evaluasi kota cerdas 2026"]
    assert waits("plan_reporter", scope="agency", code="dinkes") == []
    assert waits("assessor") == []
    answer_all(system("x"), row)
    row = operations.submit(actor=system("x"), assessment=row, revision=Assessment.objects.get().revision)
    assert waits("plan_reporter", scope="agency", code="pupr") == []
    assert waits("assessor") == ["10 butir perlu dinilai: Evaluasi kota cerdas 2026"]
    score_all(actor_with("assessor"), row)
    assert waits("assessor") == []
    row = operations.finish_scoring(actor=actor_with("assessor"), assessment=row, revision=row.revision)
    (item,) = source.items(actor_with("head"))
    assert item.decision
    assert "menunggu ditutup" in item.title


def test_the_public_search_finds_closed_assessments_only(contoh, client):
    demo.make_assessments(actor=system("tests"))
    source = next(each for each in offered(Search) if each.key == "assessment")
    found = list(source.find("kota cerdas", system("x")))
    assert [hit.url for hit in found] == [f"/penilaian/{SMART}-{today().year - 1}"]
    assert not list(source.find("ke", system("x")))
    assert found[0].title in client.get("/cari", {"q": "evaluasi kota cerdas"}).content.decode()


# --- the pack ---------------------------------------------------------------------------------------------------------


def problems(tmp_path, text):
    (tmp_path / "city.toml").write_text('name = "X"\n')
    (tmp_path / "assessment.toml").write_text(text)
    return [str(each) for each in contributions.check_pack(CityPack(tmp_path))]


OWN = """
[[instrument]]
code = "ours"
version = "1"
title = "Milik kota"
title_en = "Our own"
source = "Perwali"
valid_from = 2026-01-01
formula = "mean"
scale = { min = 1, max = 5, step = 1 }
[[instrument.item]]
code = "one"
title = "Satu"
title_en = "One"
dimension = "governance.service"
"""


def test_a_citys_own_instrument_comes_with_its_pack(tmp_path, planner):
    assert problems(tmp_path, OWN) == []
    pack = CityPack(tmp_path)
    assert contributions.load_pack(pack, planner)["created"] == 1
    assert contributions.load_pack(pack, planner) == {"created": 0, "changed": 0, "unchanged": 1}
    row = operations.open_assessment(actor=planner, instrument="ours", version="1", year=2026, agency="bappeda")
    assert [each.item for each in row.answers.all()] == ["one"]
    assert queries.result_of(row).weights.code == "equal"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (OWN.replace("governance.service", "governance.nothing"), "dimensi"),
        (OWN.replace('code = "ours"', 'code = "spbe"').replace('version = "1"', 'version = "2020"'), "versi sendiri"),
        (OWN.replace('formula = "mean"', 'formula = "guess"'), "formula"),
        ('[[published]]\ncity="X"\ninstrument="no"\nversion="1"\nyear=2020\nscore=3\nsource="x"\n', "instrumen"),
        ('[[published]]\ncity="X"\ninstrument="pillar-mean"\nversion="2023"\nyear=2020\nscore=300\nsource="x"\n', "skala"),
        (
            '[[published]]\ncity="X"\ninstrument="pillar-mean"\nversion="2023"\nyear=2020\nscore=90\nsource="x"\n'
            'values={happiness="3"}\n',
            "butir atau bagian",
        ),
        (
            '[[published]]\ncity="X"\ninstrument="smart-city-evaluation"\nversion="2017"\nyear=2020\nscore=3\nsource="x"\n'
            'weights="guess"\n',
            "bobot",
        ),
        ('[[published]]\ncity="X"\n', "instrument"),
    ],
)  # fmt: skip
def test_a_wrong_pack_is_told_where(tmp_path, contoh, text, word):
    from tepian.kernel.catalogue.packs import PackError

    try:
        found = problems(tmp_path, text)
    except PackError as error:
        found = [str(each) for each in error.problems]
    assert any(word in each and "assessment.toml" in each for each in found), found


# --- programs ---------------------------------------------------------------------------------------------------------


def test_programs_read_closed_results_and_all_instruments(contoh, client):
    demo.make_assessments(actor=system("tests"))
    page = client.get("/api/v1/assessments").json()
    assert page["count"] == 1
    row = page["items"][0]
    assert row["demonstration"] is True
    counting = next(each for each in row["results"] if each["counts"])
    assert counting["weights"] == "impact-20"
    assert counting["score"] == 2.967  # 0.35 + 0.6 + 0.75 + 0.2·17/6 + 0.7
    detail = client.get(f"/api/v1/assessments/{row['code']}").json()
    assert len(detail["items"]) == 10
    assert "assessor" not in str(detail["items"])
    assert client.get(f"/api/v1/assessments/{SMART}-{today().year}").status_code == 404
    instruments = client.get("/api/v1/assessments/instruments").json()
    assert {(each["code"], each["computable"]) for each in instruments} == {
        ("smart-city-evaluation", True), ("spbe", True), ("pillar-mean", True), ("pemdi", False),
    }  # fmt: skip
    spbe = client.get("/api/v1/assessments/instruments/spbe/2020").json()
    assert len([node for node in spbe["nodes"] if node["item"]]) == 47
    assert client.get("/api/v1/assessments/instruments/spbe/1999").status_code == 404
    published = {each["city"]: each for each in client.get("/api/v1/assessments/published").json()}
    assert published["Kota Kediri"]["computed"] == {
        "Dampak 20%, quick win 20%": 3.315, "Dampak 30%, quick win 10%": 3.257,
    }  # fmt: skip


def test_programs_answer_and_score_as_people_do(keeper, as_role, client):
    open_by_form(keeper)
    agency = as_role("plan_reporter", scope="agency", code="bappeda")
    base = f"/api/v1/assessments/{CODE}"
    items = agency.get(f"{base}/answers").json()
    assert len(items) == 10
    given = {"level": 3, "explanation": "Dari program", "revision": 1}
    put = lambda who, address, body: who.put(address, body, content_type="application/json")  # noqa: E731
    assert put(agency, f"{base}/answers/output", given).json()["revision"] == 2
    assert put(agency, f"{base}/answers/output", given | {"explanation": "Lain"}).status_code == 409
    assert put(agency, f"{base}/answers/output", given | {"level": 9, "revision": 2}).status_code == 422
    assert put(agency, f"{base}/answers/nothing", given).status_code == 404
    other = as_role("plan_reporter", scope="agency", code="dinkes", username="other")
    assert put(other, f"{base}/answers/output", given).status_code == 403
    assert put(client, f"{base}/answers/output", given).status_code == 404  # not public: it does not exist
    assert client.get(f"{base}/answers").status_code == 404
    step(keeper, "submit", with_gaps="1")
    assessor = as_role("assessor")
    assert put(assessor, f"{base}/scores/output", {"level": 2, "revision": 0}).json()["revision"] == 1
    assert put(assessor, f"{base}/scores/output", {"level": 3, "revision": 0}).status_code == 409
    assert put(agency, f"{base}/scores/output", {"level": 3}).status_code == 403
    assert Score.objects.get().level == 2


# --- the dossier ------------------------------------------------------------------------------------------------------


def test_the_chapter_for_the_assessor_tells_the_score_with_its_formula(contoh):
    part = next(each for each in offered(DossierPart) if each.key == "assessment")
    assert part.blocks(1999, "id") == []
    demo.make_assessments(actor=system("tests"))
    year = today().year
    closed, running = part.blocks(year - 1, "id"), part.blocks(year, "en")
    texts = [block.text for block in closed if isinstance(block, Heading | Paragraph | Note)]
    assert "0,10 × 3,50 + 0,20 × 3,00 + 0,30 × 2,50 + 0,20 × 2,83 + 0,20 × 3,50 = 2,967" in texts
    assert "Contoh: angka-angka ini karangan." in texts
    assert not any("Asesor 1" in str(block) for block in closed)
    items = next(block for block in closed if isinstance(block, Table))
    assert len(items.rows) == 10
    assert items.rows[0][-1] == "3,5"
    told = [block.text for block in running if isinstance(block, Heading | Paragraph | Note)]
    assert "What the city gives itself" in told  # what is not finished shows no assessor's score
    assert all(len(block.columns) != 5 for block in running if isinstance(block, Table) and len(block.rows) == 10)
    document = Document(title="Uji", organisation="Kota Contoh", language="id", blocks=closed)
    assert pdf(document).startswith(b"%PDF-")
