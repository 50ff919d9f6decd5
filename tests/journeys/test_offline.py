"""On a machine with nothing but its loopback everything works: nothing outside is contacted."""

import subprocess
import sys

import pytest
from tests.support.needs import own_network
from tests.support.processes import ROOT

pytestmark = pytest.mark.journey

WHAT_MUST_WORK = (
    "tests/journeys/test_first_run.py::test_the_printed_curl_line_sends_a_message_whose_timeline_goes_to_the_callback",
    "tests/journeys/test_foreign_smsc.py::test_a_message_goes_through_it_and_its_receipt_comes_back_to_the_customer",
)


def test_the_first_run_and_a_real_carrier_need_nothing_but_the_loopback() -> None:
    alone = [*own_network(), sys.executable, str(ROOT / "tests" / "support" / "loopback_only.py")]

    seen = subprocess.run([*alone, "cat", "/proc/net/dev"], capture_output=True, text=True, check=True).stdout
    done = subprocess.run(
        [*alone, sys.executable, "-m", "pytest", "-q", *WHAT_MUST_WORK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    interfaces = [line.partition(":")[0].strip() for line in seen.splitlines()[2:]]
    assert interfaces == ["lo"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(WHAT_MUST_WORK)} passed" in done.stdout
