from __future__ import annotations

import json
import logging

import pytest
import structlog

from tepian.toolkit import logs

CANARIES = [
    "6472054107850003",
    "64 72 05 410785 0003",
    "081255512345",
    "+62 812-5551-2345",
    "6281255512345",
    "siti.aminah@kota.example",
    "Bearer tpn_7fXk29sLq0aa81kd",
    "key tpn_7fXk29sLq0aa81kd was refused",
    "postgres://kota:rahasia-sekali@db/kota",
    "password=rahasia-sekali",
    "{'sandi': 'rahasia-sekali'}",
    'token: "rahasia-sekali"',
]


@pytest.fixture
def lines(capsys):
    root = logging.getLogger()
    before = root.handlers[:], root.level
    structlog.reset_defaults()
    logs.configure("info", "json")

    def read() -> str:
        return capsys.readouterr().err

    yield read
    root.handlers[:], level = before[0], before[1]
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("canary", CANARIES)
def test_personal_data_and_secrets_never_reach_the_log(lines, canary):
    log = structlog.get_logger("test")
    log.info(f"saw {canary} here", value=canary, nested={"deep": [canary]})
    logging.getLogger("library").warning("library says %s", canary)
    try:
        raise ValueError(canary)
    except ValueError:
        log.exception("failed")
    text = lines()
    assert text.count("\n") == 3
    for secret in ("64720541", "410785", "5551", "siti", "tpn_7f", "rahasia"):
        assert secret not in text


def test_a_console_shows_tracebacks_without_the_values_of_variables(lines):
    logs.configure("info", "console")
    secret_of_a_citizen = "Siti binti Aminah"
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("test").exception("failed", subject=len(secret_of_a_citizen))
    text = lines()
    assert "ValueError: broken" in text and "Traceback" in text
    assert "Siti" not in text.replace('secret_of_a_citizen = "Siti binti Aminah"', "")


def test_named_secrets_are_hidden_whatever_they_look_like(lines):
    structlog.get_logger("test").info(
        "signed_in", password="abc", session_key="xyz", nik=6472054107850003, station="P-1"
    )
    line = json.loads(lines())
    assert line["password"] == line["session_key"] == line["nik"] == logs.HIDDEN
    assert line["station"] == "P-1"


def test_ordinary_numbers_and_ids_stay_readable():
    for text in (
        "region 64.72.05.1003",
        "level 7.912345678901234 m",
        "2026-11-23T02:00:28.123456+00:00",
        "position 1234567",
        "request 3f2a9c5e8d7b41aa",
        "lon 117.1536 lat -0.5021",
        "0.812555123456",
        "hash 9f86d081884c7d659a2feaa0c55ad015",
    ):
        assert logs.hide(text) == text


def test_request_id_is_on_every_line(lines):
    with structlog.contextvars.bound_contextvars(request_id="abc123"):
        structlog.get_logger("test").info("one")
        logging.getLogger("library").warning("two")
    assert [json.loads(line)["request_id"] for line in lines().splitlines()] == ["abc123", "abc123"]
