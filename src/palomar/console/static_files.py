"""Reads the console's styles, scripts, fonts and icons, and gives each an address that browsers may cache forever.

The addresses contain one hash of all files, so that a style sheet finds its images by relative addresses. Reading and
compressing take time, so ``console.app`` does both in a thread and once.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from palomar.console.request import BASE

_TYPES: Final[Mapping[str, bytes]] = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
    "woff2": b"font/woff2",
}
_COMPRESSED: Final = frozenset({"woff2"})
"""Types that are compressed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file; ``gzipped`` is empty where compression saves nothing."""

    content_type: bytes
    body: bytes
    gzipped: bytes


class Files:
    """All static files. Their addresses begin with ``prefix``."""

    def __init__(self) -> None:
        found = dict(_walk(resources.files("palomar.console") / "static", ""))
        digest = hashlib.sha256()
        for name, body in sorted(found.items()):
            digest.update(f"{name}\0{len(body)}\0".encode() + body)
        self.prefix = f"{BASE}/static/{digest.hexdigest()[:16]}/"
        self._files = {name: _file(name, body) for name, body in found.items()}

    def url(self, name: str) -> str:
        """Return the address of a file; raise KeyError if it does not exist."""
        return self.prefix + name if name in self._files else self._missing(name)

    def at(self, path: str) -> File | None:
        """Return the file at this address; None if there is none."""
        return self._files.get(path[len(self.prefix) :]) if path.startswith(self.prefix) else None

    def _missing(self, name: str) -> str:
        raise KeyError(f"the console has no static file {name!r}")


def _walk(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            found += _walk(entry, f"{name}/")
        elif name.rpartition(".")[2] in _TYPES:
            found.append((name, entry.read_bytes()))
    return found


def _file(name: str, body: bytes) -> File:
    suffix = name.rpartition(".")[2]
    gzipped = b"" if suffix in _COMPRESSED else gzip.compress(body, 6, mtime=0)
    return File(content_type=_TYPES[suffix], body=body, gzipped=gzipped if len(gzipped) < len(body) else b"")
