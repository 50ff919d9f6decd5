"""What a test needs of the machine. Where it is missing the test is skipped and says so; with CI=true it fails."""

import os
import shutil
import subprocess

import pytest

PACKAGES = {
    "node": "nodejs",
    "npm": "npm",
    "bearerbox": "kannel",
    "smsbox": "kannel",
    "drive_smpp": "kannel-extras",
    "unshare": "util-linux",
    "php": "php-cli php-soap",
    "tshark": "tshark",
    "chromium": "chromium",
}
"""Debian's package of each program; ./test installs them where it may."""

_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/lib/kannel/test"))


def program(name: str) -> str:
    """Find a program; skip the test if it is missing."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed; on Debian: apt-get install {PACKAGES.get(name, name)}")
    return found


def own_network() -> list[str]:
    """Return the words before a command that give it a network of its own, where no interface is up."""
    command = [program("unshare"), "--net", "--"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"unshare --net is not permitted here: {tried.stderr.strip()}")
    return command
