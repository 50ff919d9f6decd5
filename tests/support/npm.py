"""Packages of npm, each installed once for all runs below ``.venv``."""

import contextlib
import fcntl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.needs import program
from tests.support.processes import ROOT

INSTALL_SECONDS = 120


def npm_folder(package: str) -> Path:
    """Return a folder with that package (``name@version``); skip the test where npm is missing or cannot get it."""
    npm, folder = program("npm"), ROOT / ".venv" / "npm" / package
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / "lock"):
        if (folder / "installed").exists():
            return folder
        (folder / "package.json").write_text("{}\n")
        done = subprocess.run(
            [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", package],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"npm install {package} failed: {done.stderr.strip()[-300:]}")
        (folder / "installed").touch()
    return folder


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    with open(file, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
