"""The files that pages load: read once, served below a hash of them all, kept by browsers for good.

One hash for the tree, so that a style sheet finds its images by relative addresses. Reading and packing take their
time, so they are done in a thread (``app``). Not here: pages.
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
_UNPACKED: Final = frozenset({"woff2"})
"""What is packed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file; ``packed`` is its gzip, empty where that saves nothing."""

    kind: bytes
    body: bytes
    packed: bytes


class Files:
    """See the module. ``prefix`` is what their addresses begin with."""

    def __init__(self) -> None:
        found = dict(_walk(resources.files("palomar.console") / "static", ""))
        digest = hashlib.sha256()
        for name, body in sorted(found.items()):
            digest.update(f"{name}\0{len(body)}\0".encode() + body)
        self.prefix = f"{BASE}/static/{digest.hexdigest()[:16]}/"
        self._files = {name: _file(name, body) for name, body in found.items()}

    def url(self, name: str) -> str:
        """The address of a file; raises KeyError for one that does not exist."""
        return self.prefix + name if name in self._files else self._missing(name)

    def at(self, path: str) -> File | None:
        """The file at this address; None if there is none."""
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
    packed = b"" if suffix in _UNPACKED else gzip.compress(body, 6, mtime=0)
    return File(kind=_TYPES[suffix], body=body, packed=packed if len(packed) < len(body) else b"")
