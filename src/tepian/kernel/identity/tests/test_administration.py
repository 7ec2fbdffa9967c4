"""Pages of administration, the record, demo accounts, and who may open which address."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from tepian.kernel.actors import Denied, Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.identity import demo, operations, queries, record, urls
from tepian.kernel.identity.models import Account, DeviceKey, Holding

from .conftest import PASSWORD, SYSTEM, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(hall: SimpleNamespace, signed_in: Any) -> Client:
    return signed_in("admin", hall.at.admin)[0]


def test_an_account_from_making_to_switching_off(hall: SimpleNamespace, admin: Client) -> None:
    bad = admin.post("/kerja/kelola/pengguna/baru", {"username": "a b", "display_name": ""})
    assert bad.status_code == 422 and "errsum" in bad.content.decode()
    taken = admin.post("/kerja/kelola/pengguna/baru", {"username": "ADMIN", "display_name": "Lain"})
    assert taken.status_code == 422 and "sudah dipakai" in taken.content.decode()
    made = admin.post(
        "/kerja/kelola/pengguna/baru", {"username": "sari", "display_name": "Sari", "position": hall.at.duty.pk}
    )
    assert made.status_code == 200 and "no-store" in made.headers["Cache-Control"]
    password = re.search(r"<code>([\w-]{19})</code>", made.content.decode()).group(1)  # type: ignore[union-attr]
    sari = Account.objects.get(username="sari")
    client = Client()
    assert sign_in(client, "sari", password).status_code == 302

    listed = admin.get("/kerja/kelola/pengguna?cari=jaga").content.decode()
    assert "sari" in listed and "Petugas jaga" in listed and "auditor" not in listed
    page = "/kerja/kelola/pengguna/sari"
    assert admin.get(page).status_code == 200
    assert AuditEntry.objects.get(operation="audit.view").subject_id == str(sari.pk)

    form = {"position": hall.at.head.pk, "kind": "plt"}
    refused = admin.post(f"{page}/jabatan", form)
    assert refused.status_code == 422 and "batas waktunya" in refused.content.decode()
    until = (date.today() + timedelta(days=30)).isoformat() + "T17:00"
    assert admin.post(f"{page}/jabatan", form | {"ends_at": until, "basis": "800/1"}).status_code == 302
    assert "Plt. Kepala Pelaksana" in admin.get("/kerja/kelola/pengguna").content.decode()
    assert "Plt. " in admin.get("/kerja/kelola/peran").content.decode()

    holding = Holding.objects.get(account=sari, kind="plt")
    address = f"/kerja/kelola/jabatan-dipegang/{holding.pk}/akhiri"
    assert admin.post(address).status_code == 302
    second = admin.post(address)
    assert second.status_code == 409 and "sudah berakhir" in second.content.decode()

    assert admin.post(f"{page}/ubah", {"verb": "sessions"}).status_code == 302
    assert client.get("/akun").status_code == 302
    renewed = admin.post(f"{page}/ubah", {"verb": "password", "second_factor": "yes"})
    assert re.search(r"<code>([\w-]{19})</code>", renewed.content.decode()).group(1) != password  # type: ignore[union-attr]
    assert admin.post(f"{page}/ubah", {"verb": "deactivate"}).status_code == 302
    assert admin.post(f"{page}/ubah", {"verb": "deactivate"}).status_code == 409
    assert admin.post(f"{page}/ubah", {"verb": "activate"}).status_code == 302
    assert admin.post(f"{page}/ubah", {"verb": "promote"}).status_code in {400, 422}
    assert admin.get("/kerja/kelola/pengguna/tidakada").status_code == 404


def test_keys_page(hall: SimpleNamespace, admin: Client) -> None:
    form = {"name": "penakar", "role": "device", "scope": "region", "code": "", "days": 30}
    refused = admin.post("/kerja/kelola/kunci", form)
    assert refused.status_code == 422 and "memerlukan kode" in refused.content.decode()
    made = admin.post("/kerja/kelola/kunci", form | {"code": "64.72.05"}).content.decode()
    secret = re.search(r"<code>(tpn_[\w-]+)</code>", made).group(1)  # type: ignore[union-attr]
    listed = admin.get("/kerja/kelola/kunci").content.decode()
    assert secret not in listed and secret[:12] in listed and "64.72.05" in listed
    key = DeviceKey.objects.get()
    assert admin.post(f"/kerja/kelola/kunci/{key.pk}/cabut").status_code == 302
    assert admin.post(f"/kerja/kelola/kunci/{key.pk}/cabut").status_code == 409
    assert "dicabut" in admin.get("/kerja/kelola/kunci").content.decode()
    assert admin.post("/kerja/kelola/kunci/999/cabut").status_code == 404


def test_the_record_is_filtered_and_every_look_at_it_recorded(hall: SimpleNamespace, signed_in: Any) -> None:
    client, _auditor = signed_in("auditor", hall.at.auditor)
    page = client.get("/kerja/kelola/audit").content.decode()
    assert "identity.assign_position" in page
    looks = AuditEntry.objects.filter(operation="audit.view", subject_type="record")
    assert looks.count() == 1
    filtered = client.get("/kerja/kelola/audit?operasi=identity.create_account&pelaku=tests").content.decode()
    assert "identity.create_account" in filtered and "identity.assign_position</code>" not in filtered
    assert looks.count() == 2 and looks.last().details["filters"]["pelaku"] == "tests"  # type: ignore[union-attr]
    account = Account.objects.get(username="auditor")
    assert f"account/{account.pk}" in client.get(f"/kerja/kelola/audit?hal=account/{account.pk}").content.decode()
    empty = client.get("/kerja/kelola/audit?dari=1999-01-01&sampai=1999-12-31").content.decode()
    assert "Tidak ada catatan yang cocok" in empty
    assert client.get("/kerja/kelola/audit?dari=kemarin&sebelum=x&hal=/").status_code == 200
    assert "Petugas" not in client.get("/kerja/kelola/audit?sebelum=2").content.decode()


def test_checking_the_record_shows_a_changed_entry(
    hall: SimpleNamespace, signed_in: Any, settings: Any, tmp_path: Path
) -> None:
    settings.HOME = tmp_path
    client, _auditor = signed_in("auditor", hall.at.auditor)
    assert "belum diperiksa" in client.get("/kerja/kelola/audit").content.decode()
    assert client.post("/kerja/kelola/audit").status_code == 302
    assert "utuh" in client.get("/kerja/kelola/audit").content.decode()
    AuditEntry.objects.filter(position=2).update(actor_label="Orang lain")
    client.post("/kerja/kelola/audit")
    page = client.get("/kerja/kelola/audit").content.decode()
    assert "rusak" in page and "entry 2" in page
    checked = record.last_check()
    assert checked is not None and not checked.holds and checked.breaks[0]["position"] == 2


def test_people_see_who_viewed_their_data(hall: SimpleNamespace, admin: Client, person: Any) -> None:
    person("budi", hall.at.duty)
    client = Client()
    client.force_login(Account.objects.get(username="budi"))
    assert "Belum ada" in client.get("/akun/siapa-melihat").content.decode()
    admin.get("/kerja/kelola/pengguna/budi")
    page = client.get("/akun/siapa-melihat").content.decode()
    assert "Administrator sistem" in page and "Pengelolaan akun" in page


def test_a_denial_says_why_and_who_can_help(hall: SimpleNamespace, admin: Client, signed_in: Any) -> None:
    client, _account = signed_in("budi", hall.at.duty)
    answer = client.get("/kerja/kelola/pengguna")
    text = answer.content.decode()
    assert answer.status_code == 403
    for words in ("Halaman ini untuk: Administrator", "Tidak ada yang berubah", "Administrator sistem (Diskominfo)"):
        assert words in text, words
    client.post("/akun/bahasa", {"language": "en"})
    assert "This page is for: Administrator" in client.get("/kerja/kelola/pengguna").content.decode()


def test_agency_administrators_see_no_foreign_account(hall: SimpleNamespace, person: Any, signed_in: Any) -> None:
    client, _account = signed_in("lokal", hall.at.local_admin)
    person("orang", hall.at.auditor)
    assert client.get("/kerja/kelola/pengguna/orang").status_code == 403
    person("anak", hall.at.ward)
    assert client.get("/kerja/kelola/pengguna/anak").status_code == 200


def test_htmx_is_sent_to_sign_in_as_a_whole_page(hall: SimpleNamespace) -> None:
    answer = Client().get("/akun", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/kerja?x=1"})
    assert answer.status_code == 401 and answer["HX-Redirect"] == "/masuk?next=%2Fkerja%3Fx%3D1"


# --- who may open what -----------------------------------------------------------------------------------------------

ARGUMENTS = {"username": "budi", "holding_id": 999, "key_id": 999, "pk": 999}
ROLES = ("anonymous", "none", "duty", "auditor", "admin")


def may(view: Any, role: str) -> bool:
    wanted = view.access_roles
    if wanted == ("public",):
        return True
    if role == "anonymous":
        return False
    return wanted == ("signed_in",) or {"auditor": "auditor", "admin": "administrator"}.get(role) in wanted


@pytest.mark.parametrize("pattern", urls.urlpatterns, ids=lambda pattern: pattern.name)
def test_every_address_opens_for_whom_it_says(pattern: URLPattern, hall: SimpleNamespace, person: Any) -> None:
    view = pattern.callback
    assert getattr(view, "access_roles", None), f"{pattern.name} is not marked public_page or staff_page"
    names = re.findall(r"<\w+:(\w+)>", str(pattern.pattern))
    address = reverse(str(pattern.name), kwargs={name: ARGUMENTS[name] for name in names})
    person("budi", hall.at.duty)
    positions = {"none": (), "duty": (hall.at.duty,), "auditor": (hall.at.auditor,), "admin": (hall.at.admin,)}
    for role in ROLES:
        client = Client()
        if role != "anonymous":
            client.force_login(person(f"orang.{role}", *positions[role]))
        for method in ("get", "post"):
            answer = getattr(client, method)(address)
            assert answer.status_code < 500, (role, method, answer.status_code)
            if role == "anonymous" and not may(view, role):
                assert answer.status_code == 302 and answer.headers["Location"].startswith("/masuk?next="), (
                    role,
                    method,
                )
            elif not may(view, role):
                assert answer.status_code == 403, (role, method, answer.status_code)
            else:
                assert answer.status_code != 403 or pattern.name == "identity-one-account", (role, method)


# --- demo accounts ----------------------------------------------------------------------------------------------------


class Pack:
    def __init__(self, accounts: list[dict[str, Any]]) -> None:
        self.accounts = accounts

    def toml(self, name: str) -> dict[str, Any]:
        posts = [{"code": "bpbd.jaga"}, {"code": "kominfo.admin"}]
        return {"demo": {"accounts": self.accounts}, "positions": {"positions": posts}}.get(name, {})


def test_demo_accounts_are_made_listed_and_kept(hall: SimpleNamespace, settings: Any, tmp_path: Path) -> None:
    settings.HOME, settings.DEMO = tmp_path, True
    pack = Pack(
        [
            {
                "username": "pusdalops",
                "role": "Petugas Pusdalops (demo)",
                "positions": ["bpbd.jaga"],
                "start_url": "/kerja/112",
            },
            {"username": "admin", "role": "Administrator (demo)", "position": "kominfo.admin"},
        ]
    )
    assert list(demo.check(pack)) == []
    assert demo.load(pack, SYSTEM) == {"accounts": 2}
    listed = json.loads((tmp_path / "demo-accounts.json").read_text())
    assert [sorted(item) for item in listed] == [["password", "role", "start_url", "username"]] * 2
    assert listed[0]["start_url"] == "/kerja/112" and listed[1]["start_url"] == "/kerja"
    page = Client().get("/masuk").content.decode()
    assert "Peragaan" in page and listed[0]["password"] in page
    demo.load(pack, SYSTEM)
    assert json.loads((tmp_path / "demo-accounts.json").read_text()) == listed  # passwords that work are kept
    assert Holding.objects.filter(account__username="pusdalops").count() == 1
    client = Client()
    assert sign_in(client, "pusdalops", listed[0]["password"]).headers["Location"] == "/kerja"
    (tmp_path / "demo-accounts.json").unlink()
    again = demo.write_demo_accounts(pack, tmp_path / "demo-accounts.json", SYSTEM)
    assert again[0]["password"] != listed[0]["password"]
    assert sign_in(Client(), "pusdalops", again[0]["password"]).status_code == 302


def test_without_demo_mode_nothing_of_it_exists(hall: SimpleNamespace, settings: Any, tmp_path: Path) -> None:
    settings.HOME, settings.DEMO = tmp_path, False
    (tmp_path / "demo-accounts.json").write_text(
        '[{"role": "x", "username": "x", "password": "rahasia-x", "start_url": "/"}]'
    )
    assert demo.load(Pack([{"username": "x", "role": "x"}]), SYSTEM) == {"accounts": 0}
    assert not Account.objects.exists()
    assert "rahasia-x" not in Client().get("/masuk").content.decode()


def test_a_bad_pack_is_described(hall: SimpleNamespace, settings: Any, tmp_path: Path) -> None:
    bad = [
        {"role": "x"},
        {"username": "a", "role": "x", "positions": "y"},
        {"username": "a", "role": "z"},
        {"username": "b", "role": "x", "position": "raja"},
    ]
    problems = list(demo.check(Pack(bad)))
    assert len(problems) == 4 and all("demo.toml" in problem for problem in problems)
    settings.HOME, settings.DEMO = tmp_path, True
    with pytest.raises(Invalid) as refused:
        demo.load(Pack(bad[3:]), SYSTEM)
    assert refused.value.item == "raja"


def test_only_the_system_restores_demo_accounts(hall: SimpleNamespace, person: Any) -> None:
    admin = queries.actor_for(person("admin", hall.at.admin))
    with pytest.raises(Denied):
        operations.restore_demo_account(actor=admin, account=person("budi"), password=PASSWORD)
