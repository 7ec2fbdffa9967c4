"""`tepian statistics read`: what a person and a program are shown, and how it ends."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from tepian.cli import app

runner = CliRunner()
TABLE = "Nama;Nilai\nUtara;1.234,5\nSelatan;tak tahu\nTimur;7\nBarat;3\nlebih;1;2\n"


def test_a_person_sees_tables_kinds_and_what_was_not_understood(tmp_path):
    path = tmp_path / "a[b].csv"
    path.write_text(TABLE)
    done = runner.invoke(app, ["statistics", "read", str(path)], env={"LANG": "en", "COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    for words in (
        "a[b].csv",
        "A1:B6",
        "number",
        "1234.5",
        "“tak tahu” is not understood",
        "1 rejected",
        "may be shifted",
    ):
        assert words in " ".join(done.output.split())
    done = runner.invoke(app, ["statistics", "read", str(path)], env={"LANG": "id_ID.UTF-8", "COLUMNS": "120"})
    assert "tidak dipahami" in done.output


def test_a_program_gets_everything(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(TABLE)
    done = runner.invoke(app, ["statistics", "read", str(path), "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 0
    assert told["tables"][0]["rows"][0]["cells"][1] == {"address": "B2", "raw": "1.234,5", "value": "1234.5"}
    assert told["tables"][0]["rows"][4]["role"] == "rejected"


def test_a_refusal_ends_with_two_and_its_sentence(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"%PDF-1.7")
    done = runner.invoke(app, ["statistics", "read", str(path)], env={"LANG": "en"})
    assert done.exit_code == 2
    assert "no table but PDF" in done.output
    done = runner.invoke(app, ["statistics", "read", str(path), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["refused"]) == (2, "wrong_type")
    assert runner.invoke(app, ["statistics", "read", str(tmp_path / "none.csv")]).exit_code == 2
