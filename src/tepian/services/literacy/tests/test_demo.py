"""The demonstration and the pack."""

from __future__ import annotations

import pytest

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import DossierPart, offered
from tepian.kernel.catalogue.packs import ROOT, check_pack, load_pack
from tepian.toolkit.typeset import Document, Heading, Paragraph, Table, pdf

from .. import demo, operations, queries, states
from ..models import AudienceGroup, Programme, Session

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


def test_the_demonstration_is_made_once_and_shows_an_effect(contoh, client):
    assert demo.publish_examples(actor=SYSTEM) == 12
    assert demo.publish_examples(actor=SYSTEM) == 0
    programme = Programme.objects.get()
    assert programme.simulated
    years = set(Session.objects.filter(state=states.HELD).values_list("year", flat=True))
    found = [queries.effect(programme, year) for year in years]
    assert sum(each.both for each in found) > 50
    assert any(each.whole and each.whole.low > 0 for each in found)
    assert "hanya contoh" in client.get("/literasi").content.decode()


def test_a_city_without_programmes_gets_a_made_up_one(contoh):
    Programme.objects.all().delete()
    assert demo.publish_examples(actor=SYSTEM) == 12
    assert "contoh peragaan" in Programme.objects.get().title
    assert queries.has_test(Programme.objects.get())


def test_loading_the_pack_again_leaves_the_organisers_work(contoh):
    row = Programme.objects.get()
    operations.change_programme(actor=SYSTEM, programme=row, revision=1, title="Nama baru", groups=row.groups)
    again = load_pack(ROOT / "cities" / "contoh", SYSTEM)
    assert again.counts["literacy"]["created"] == again.counts["literacy"]["changed"] == 0
    assert Programme.objects.get().title == "Nama baru"
    assert AudienceGroup.objects.count() == 3


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ('[[programme]]\ncode = "a"\ntitle = "A"\nagency = "x"\ngroups = ["umum"]\n', "[a]"),
        ('[[programme]]\ncode = "hadir"\ntitle = "A"\nagency = "diskominfo"\ngroups = ["tak-ada"]\n', "tak-ada"),
        (
            '[[programme]]\ncode = "a"\ntitle = "A"\nagency = "diskominfo"\ngroups = []\ndimension = "laut"\n'
            '[[programme.question]]\ntext = "?"\nchoices = ["a"]\nright = 0\n',
            "laut",
        ),
    ],
)
def test_mistakes_of_a_pack_are_named(tmp_path, planted, said):
    for path in (ROOT / "cities" / "contoh").glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "literacy.toml").open("a") as file:
        file.write(planted)
    found = [str(problem) for problem in check_pack(tmp_path) if problem.file == "literacy.toml" and problem.is_error]
    assert any(said in each for each in found), found


def test_the_chapter_for_the_assessor_tells_reach_and_effect(contoh):
    part = next(each for each in offered(DossierPart) if each.key == "literacy")
    assert part.blocks(1999, "id") == []
    demo.publish_examples(actor=SYSTEM)
    year = Session.objects.filter(state=states.HELD).latest("starts_at").year
    blocks = part.blocks(year, "id")
    texts = [block.text for block in blocks if isinstance(block, Heading | Paragraph)]
    assert texts[0] == "Literasi digital"
    assert any("hanya contoh" in text for text in texts)
    tables = [block for block in blocks if isinstance(block, Table)]
    reach = queries.by_programme(year)[Programme.objects.get().pk]
    assert tables[0].rows[0][2] == str(reach[0])
    assert "Digital literacy" in [block.text for block in part.blocks(year, "en") if isinstance(block, Heading)]
    document = Document(title="Uji", organisation="Kota Contoh", language="id", blocks=blocks)
    assert pdf(document).startswith(b"%PDF-")
