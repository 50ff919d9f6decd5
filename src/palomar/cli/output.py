"""stderr and stdout of a process: a stderr that never blocks or fails, and a stdout whose failure ends the command.

A server must outlive its log: a full disk, a pipe whose reader has gone, or one whose reader has stopped reading. Lines
that cannot be written are counted, and the count is written as soon as something can be written again.
"""

import errno
import io
import json
import os
import select
import sys
from typing import Final, TextIO

_SLOW_READER_MS: Final = 20
"""How long a line waits for a slow reader; it does not wait while lines are being dropped."""
_PIECE: Final = 4_096
"""Octets that a pipe takes at once when it is ready for any (PIPE_BUF on Linux, POSIX write())."""


class Unfailing(io.RawIOBase):
    """A raw stream over a file descriptor that drops what cannot be written at once; it raises nothing."""

    def __init__(self, descriptor: int) -> None:
        """Take a ``descriptor``; below zero nothing is written, because stderr was closed before the process began."""
        self._descriptor = descriptor
        self._is_closed = descriptor < 0
        self._reported_lost = 0
        self.lost = 0
        """Number of writes that were dropped, mostly lines."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._is_closed:
            raise OSError(errno.EBADF, "there is no such file")
        return self._descriptor

    def isatty(self) -> bool:
        return not self._is_closed and os.isatty(self._descriptor)

    def write(self, octets: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Write the octets or drop them; report all of them as written either way."""
        view = memoryview(octets)
        if self.lost > self._reported_lost and self._try_to_write(_lost_line(self.lost)):
            self._reported_lost = self.lost
        if self.lost > self._reported_lost or not self._try_to_write(view):
            self.lost += 1
        return len(view)

    def _try_to_write(self, octets: bytes | memoryview) -> bool:
        view = memoryview(octets)
        while view:
            if not self._is_ready():
                return False
            try:
                view = view[os.write(self._descriptor, view[:_PIECE]) :]
            except OSError:
                return False
        return True

    def _is_ready(self) -> bool:
        if self._is_closed:
            return False
        poll = select.poll()
        try:
            poll.register(self._descriptor, select.POLLOUT)
            found = poll.poll(0 if self.lost > self._reported_lost else _SLOW_READER_MS)
        except (OSError, ValueError):
            return False
        return bool(found and found[0][1] & select.POLLOUT)


def steady_stderr() -> TextIO:
    """Replace ``sys.stderr`` with an unfailing stream, once, and return it."""
    if isinstance(sys.stderr, io.TextIOWrapper) and isinstance(sys.stderr.buffer, Unfailing):
        return sys.stderr
    _open_the_standard_three()
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # closed before the process began, or replaced by a test
        if sys.stderr is not None:
            return sys.stderr
        descriptor = -1
    sys.stderr = io.TextIOWrapper(
        Unfailing(descriptor),
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
    return sys.stderr


def _open_the_standard_three() -> None:
    """Open the null device where stdin, stdout or stderr is closed.

    Otherwise a database could get such a descriptor, and whatever a library prints would be written into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def finish_stdout() -> str:
    """Write what stdout still holds; return why that failed, or the empty string.

    Afterwards nothing is left in its buffer, so the interpreter has nothing to complain of when it exits.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        silence_stdout()
        return getattr(error, "strerror", None) or str(error)
    return ""


def silence_stdout() -> None:
    """Send everything that is written to stdout from now on to the null device."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
    finally:
        os.close(nowhere)


def _lost_line(lost: int) -> bytes:
    return json.dumps({"event": "log lines could not be written", "lost": lost, "level": "warning"}).encode() + b"\n"
