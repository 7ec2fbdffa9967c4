"""The registry's JSON web service, as its users' public code shows it. Each agreement (PKS) names its own elements, so what
is not sent is simply not known.

    POST <TEPIAN_CIVIL_REGISTRY_URL>
    Content-Type: application/json

    {"NIK": "…", "USER_ID": "…", "PASSWORD": "…", "IP_USER": "…"}

    {"content": [{"NIK": "…", "NO_KK": "…", "NAMA_LGKP": "…", "JENIS_KLMIN": "Laki-Laki", "TMPT_LHR": "…",
     "TGL_LHR": "1990-01-05", "STAT_HBKEL": "KEPALA KELUARGA", "AGAMA": "ISLAM", "STATUS_KAWIN": "KAWIN", "PDDK_AKH": "…",
     "JENIS_PKRJN": "…", "GOL_DARAH": "O", "NAMA_LGKP_AYAH": "…", "NAMA_LGKP_IBU": "…", "ALAMAT": "…", "NO_RT": 1,
     "NO_PROP": 99, "NO_KAB": 1, "NO_KEC": 1, "NO_KEL": 1001}]}

    {"content": [{"RESPON": "Data Tidak Ditemukan", "RESPONSE_CODE": "13"}]}

The password travels in the body, so the address must be https. Redirects are not followed. Not tried against the real
service: it is reached only from an agency's private line."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .. import registry

TIMEOUT = 10  # seconds
LARGEST = 256 * 1024
PLAIN = {
    "NIK": "nik",
    "NO_KK": "kk",
    "NAMA_LGKP": "name",
    "TMPT_LHR": "born_in",
    "TGL_LHR": "born_on",
    "NAMA_LGKP_AYAH": "father",
    "NAMA_LGKP_IBU": "mother",
    "ALAMAT": "street",
}
# The service answers in words; the register keeps the codes of `references`.
CODED: dict[str, tuple[str, dict[str, int]]] = {
    "STAT_HBKEL": (
        "relation",
        {
            "KEPALA KELUARGA": 1, "SUAMI": 2, "ISTRI": 3, "ANAK": 4, "MENANTU": 5, "CUCU": 6, "ORANG TUA": 7, "ORANGTUA": 7,
            "MERTUA": 8, "FAMILI LAIN": 9, "PEMBANTU": 10, "LAINNYA": 11,
        },
    ),
    "AGAMA": (
        "religion",
        {
            "ISLAM": 1, "KRISTEN": 2, "KATHOLIK": 3, "KATOLIK": 3, "HINDU": 4, "BUDHA": 5, "BUDDHA": 5, "KHONGHUCU": 6,
            "KEPERCAYAAN TERHADAP TUHAN YME": 7, "KEPERCAYAAN": 7,
        },
    ),
    "STATUS_KAWIN": (
        "marriage",
        {
            "BELUM KAWIN": 1, "KAWIN": 2, "KAWIN TERCATAT": 2, "KAWIN BELUM TERCATAT": 2, "CERAI HIDUP": 3,
            "CERAI MATI": 4,
        },
    ),
    "PDDK_AKH": (
        "education",
        {
            "TIDAK/BELUM SEKOLAH": 1, "BELUM TAMAT SD/SEDERAJAT": 2, "TAMAT SD/SEDERAJAT": 3, "SLTP/SEDERAJAT": 4,
            "SLTA/SEDERAJAT": 5, "DIPLOMA I/II": 6, "AKADEMI/DIPLOMA III/S. MUDA": 7, "DIPLOMA IV/STRATA I": 8,
            "STRATA II": 9, "STRATA III": 10,
        },
    ),
    "GOL_DARAH": (
        "blood",
        {
            "A": 1, "B": 2, "AB": 3, "O": 4, "A+": 5, "A-": 6, "B+": 7, "B-": 8, "AB+": 9, "AB-": 10, "O+": 11, "O-": 12,
            "TIDAK TAHU": 13,
        },
    ),
}  # fmt: skip


class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class WebService:
    def __init__(self, url: str, *, user: str, password: str) -> None:
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
            raise ValueError("TEPIAN_CIVIL_REGISTRY_URL must begin with https:// (http only for this machine)")
        self.name = "web_service"
        self.url, self.user, self.password = url, user, password
        self.opener = build_opener(_StayHere())

    def find(self, nik: str) -> Mapping[str, str] | None:
        asked = {"NIK": nik, "USER_ID": self.user, "PASSWORD": self.password, "IP_USER": _own_address()}
        request = Request(  # noqa: S310
            self.url,
            json.dumps(asked).encode(),
            {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "tepian"},
            method="POST",
        )
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                body = answer.read(LARGEST + 1)
        except HTTPError as error:
            with error:
                if error.code in {401, 403}:
                    raise registry.Away(registry.REFUSED, code="registry_refused", again=False) from None
            raise registry.Away(registry.AWAY, code="registry_away", again=True) from None
        except OSError:
            raise registry.Away(registry.AWAY, code="registry_away", again=True) from None
        return read_answer(body, nik)


def _own_address() -> str:
    """The address that the agreement names: this machine's on the way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent: it only asks which way it would go
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def read_answer(body: bytes, nik: str) -> dict[str, str] | None:
    """A person as a row, or None for nobody. Raises `Away` for what says neither."""
    unclear = registry.Away(registry.UNCLEAR, code="registry_unclear", again=False)
    try:
        if len(body) > LARGEST:
            raise unclear
        content = json.loads(body)["content"]
        first = content[0] if isinstance(content, list) and content else content
        if not isinstance(first, dict):
            raise unclear
    except (ValueError, KeyError, TypeError, RecursionError):
        raise unclear from None
    if "NAMA_LGKP" not in first:
        told = f"{first.get('RESPON', '')} {first.get('RESPONSE', '')} {first.get('RESPONSE_DESC', '')}".casefold()
        code = str(first.get("RESPONSE_CODE", ""))
        if "tidak ditemukan" in told or code == "13":
            return None
        if "kuota" in told or code == "05":
            raise registry.Away(registry.QUOTA, code="registry_quota", again=True)
        if re.search(r"user|password|akses|ip", told):
            raise registry.Away(registry.REFUSED, code="registry_refused", again=False)
        raise unclear
    row = {
        ours: " ".join(str(first[theirs]).split())
        for theirs, ours in PLAIN.items()
        if first.get(theirs) not in (None, "")
    }
    if row.get("nik") != nik:
        raise unclear  # another person than was asked for
    row["sex"] = {"L": "L", "P": "P"}.get(str(first.get("JENIS_KLMIN", ""))[:1].upper(), "")
    for theirs, (ours, known) in CODED.items():
        if meaning := known.get(" ".join(str(first.get(theirs, "")).upper().split())):
            row[ours] = str(meaning)
    row["region"] = _region(first)
    return {key: value for key, value in row.items() if value}


def _region(person: Mapping[str, Any]) -> str:
    """The dotted code of the ward, and of the RT where one is named."""
    parts = []
    for key, width in (("NO_PROP", 2), ("NO_KAB", 2), ("NO_KEC", 2), ("NO_KEL", 4)):
        text = str(person.get(key, "")).strip()
        if not text.isdecimal() or len(text) > width:
            return ""
        parts.append(text.zfill(width))
    rt = str(person.get("NO_RT", "")).strip()
    return ".".join(parts) + (f".RT{int(rt):03d}" if rt.isdecimal() and 0 < int(rt) < 1000 else "")
