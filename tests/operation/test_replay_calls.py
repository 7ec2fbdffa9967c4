"""`tepian replay --as calls`: the desk under a recorded day of calls, from the command line."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tepian.cli import app, keeping
from tepian.services.dispatch.tests.conftest import build_city

ROWS = """40.10,-75.30,Fire: BUILDING FIRE,2018-11-15 12:00,A,X & Y
40.20,-75.40,EMS: FALL VICTIM,2018-11-15 12:01,A,X & Z
40.10,-75.30,Fire: BUILDING FIRE,2018-11-15 12:04,A,X & Y
"""


@pytest.mark.django_db
def test_a_recorded_day_runs_and_bad_options_are_refused(tmp_path, monkeypatch):
    build_city()
    recording = tmp_path / "calls.csv"
    recording.write_text(ROWS)
    monkeypatch.setattr(keeping, "wake_django", lambda: None)
    options = ["replay", str(recording), "--as", "calls", "--desks", "2", "--units", "4", "--day", "2018-11-15"]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0 and "send_call" in done.output, done.output
    for wrong in (["--as", "dreams"], ["--as", "calls", "--desks", "0"], ["--as", "calls", "--day", "2001-01-01"]):
        assert CliRunner().invoke(app, ["replay", str(recording), *wrong]).exit_code == 1
