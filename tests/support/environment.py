"""Where the project stands, and the environment that every process of a test gets."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without the caller's own PALOMAR settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"} | more
