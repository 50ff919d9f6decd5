"""A file layer for SQLite that fails where it is told, and knows what a power failure would leave.

What was written and not synced is lost at a power failure, or comes in pieces: ``kill -9`` proves nothing of it,
because the operating system keeps what a process wrote. Source: https://www.sqlite.org/atomiccommit.html section 2.
"""

import itertools
import random
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import apsw

Verb = Literal["write", "sync", "open"]
ERRORS: dict[str, type[apsw.Error]] = {"IOERR": apsw.IOError, "FULL": apsw.FullError, "CANTOPEN": apsw.CantOpenError}
_numbers = itertools.count(1)


class FaultyDisk(apsw.VFS):
    """The file layer. ``name`` is what connections are opened with (``vfs=``)."""

    def __init__(self) -> None:
        self.name = f"faulty-{next(_numbers)}"
        super().__init__(self.name, "")
        self.calls: Counter[str] = Counter()
        """How often each verb was called since the last :meth:`fail`."""
        self.failed = 0
        self._verb: Verb | None = None
        self._from = self._to = 0
        self._error: type[apsw.Error] = apsw.IOError
        self._durable: dict[Path, bytearray] = {}
        self._written: dict[Path, list[tuple[int, bytes] | int]] = {}

    def fail(self, verb: Verb, number: int, error: str, *, times: int = 1) -> None:
        """Let the ``number``-th call of a verb from now fail, and the calls after it: so many ``times``."""
        self.calls.clear()
        self.failed = 0
        self._verb, self._from, self._to, self._error = verb, number, number + times, ERRORS[error]

    def heal(self) -> None:
        """Let nothing fail any more."""
        self._verb = None

    def power_failure(self, folder: Path, *, pieces: random.Random | None = None) -> None:
        """Write into ``folder`` what a power failure now would leave: what was synced and, with ``pieces``, any of what
        was written since."""
        for file, durable in self._durable.items():
            content = bytearray(durable)
            for change in self._written.get(file, []):
                if pieces is not None and pieces.random() < 0.5:
                    _apply(content, change)
            (folder / file.name).write_bytes(content)

    def excepthook(self, *error: object) -> None:
        """Do not report errors that SQLite has no result for: they were injected."""

    # --- what SQLite calls

    def xOpen(self, name: Any, flags: list[int]) -> "FaultyFile":  # noqa: N802
        self.called("open")
        return FaultyFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self._durable.pop(Path(filename), None)
        self._written.pop(Path(filename), None)

    def called(self, verb: Verb) -> None:
        """Count a call; raise where it is to fail."""
        self.calls[verb] += 1
        if verb == self._verb and self._from <= self.calls[verb] < self._to:
            self.failed += 1
            raise self._error(f"{verb} {self.calls[verb]} fails as it was told")

    def changed(self, file: Path, change: tuple[int, bytes] | int) -> None:
        """Remember a write (offset and octets) or a truncation (the length)."""
        self._written.setdefault(file, []).append(change)

    def synced(self, file: Path) -> None:
        """Make durable what was written."""
        content = self._durable.setdefault(file, bytearray(b""))
        for change in self._written.pop(file, []):
            _apply(content, change)

    def opened(self, file: Path) -> None:
        """Take what stands in a file at first sight for durable."""
        if file not in self._durable:
            self._durable[file] = bytearray(file.read_bytes() if file.exists() else b"")


class FaultyFile(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._file = Path(text) if text else None
        if self._file is not None:
            disk.opened(self._file)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.called("write")
        super().xWrite(data, offset)
        if self._file is not None:
            self._disk.changed(self._file, (offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        if self._file is not None:
            self._disk.changed(self._file, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.called("sync")
        super().xSync(flags)
        if self._file is not None:
            self._disk.synced(self._file)


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, octets = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(octets)] = octets
