"""Everything goes wrong at once, and nothing is lost: the bench of chaos on a small load."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.environment import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.slow]

MESSAGES = 1_500
SCRIPT = "everything,garbage=1%,half-open=0.2%,drop-at-pdu=400"
"""As much as a large load meets of the rare misdeeds. Receipts are found by their id as it came."""
SEED = 1


def test_under_everything_at_once_nothing_is_lost_and_doubles_are_those_of_the_policy(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "bench" / "chaos.py"), f"--messages={MESSAGES}", f"--script={SCRIPT}"),
            *(f"--seed={SEED}", "--quiet=8", "--timeout=200", f"--json={out}"),
        ],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(out.read_text())
    report = told["report"]
    assert told["faults"] == []
    assert (report["accepted"], report["lost"], report["not_final"], report["ledger_off"]) == (MESSAGES, 0, 0, 0)
    assert 0 < report["doubled"] <= report["resent_by_policy"]
    assert [name for name, count in report["misdeeds"].items() if not count] == [], "every misdeed was done"
