"""Checks that all messages leave at the configured pace, for random paces, windows and numbers of links.

    python bench/liveness.py                             20 runs of four carriers each, some minutes
    python bench/liveness.py --seed 7 --runs 200         others, and more of them
    python bench/liveness.py --seconds 40                four requests of 300 at 30 a second, and longer runs

Each run has a server of its own, SMSCs over TCP, and the real clock. The trials are in
``tests/journeys/test_liveness.py``, where one short run is part of ``./test``. The exit status is that of the tests.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the trials; return the exit status of the tests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the others follow it")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6.0, help="of work for each carrier")
    options = parser.parse_args()
    environment = os.environ | {
        "PALOMAR_LIVENESS_SEED": str(options.seed),
        "PALOMAR_LIVENESS_RUNS": str(options.runs),
        "PALOMAR_LIVENESS_SECONDS": str(options.seconds),
    }
    command = [sys.executable, "-m", "pytest", "-q", "tests/journeys/test_liveness.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
