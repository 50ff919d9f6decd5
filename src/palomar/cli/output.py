"""Where words go: a stderr that never stops anybody, and a stdout whose failure is said once and ends the command.

A server must outlive its log: a full disk, a pipe whose reader has gone, or one whose reader has stopped reading. What
cannot be written is counted, and the count is said as soon as something can be written again.
"""

import errno
import io
import json
import os
import select
import sys
from typing import Final, TextIO

_PATIENCE_MS: Final = 20
"""How long a line may wait for a reader that is merely slow; none waits once lines are being lost."""
_PIECE: Final = 4_096
"""Octets that a pipe takes at once when it is ready for any (PIPE_BUF on Linux, POSIX write())."""


class Unfailing(io.RawIOBase):
    """Write to a file descriptor, or lose what it does not take; nothing is raised and nobody waits."""

    def __init__(self, descriptor: int) -> None:
        """Take a ``descriptor``; below zero nothing is written: stderr was closed before we began."""
        self._descriptor = descriptor
        self._is_dead = descriptor < 0
        self._told = 0
        self.lost = 0
        """How many pieces could not be written, lines mostly."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._is_dead:
            raise OSError(errno.EBADF, "there is no such file")
        return self._descriptor

    def isatty(self) -> bool:
        return not self._is_dead and os.isatty(self._descriptor)

    def write(self, octets: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Take everything, as far as those who write can see."""
        view = memoryview(octets)
        if self.lost > self._told and self._written(_words_of(self.lost)):
            self._told = self.lost
        if self.lost > self._told or not self._written(view):
            self.lost += 1
        return len(view)

    def _written(self, octets: bytes | memoryview) -> bool:
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
        if self._is_dead:
            return False
        poll = select.poll()
        try:
            poll.register(self._descriptor, select.POLLOUT)
            found = poll.poll(0 if self.lost > self._told else _PATIENCE_MS)
        except (OSError, ValueError):
            return False
        return bool(found and found[0][1] & select.POLLOUT)


def steady_stderr() -> TextIO:
    """Put an unfailing stderr into the place of Python's own, once, and give it back."""
    if isinstance(sys.stderr, io.TextIOWrapper) and isinstance(sys.stderr.buffer, Unfailing):
        return sys.stderr
    _open_the_standard_three()
    try:
        descriptor = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # closed before we began, or a test's own stream
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
    """Put nothing where stdin, stdout or stderr is closed: a database must never be opened under such a number, because
    what libraries say in their last words goes there."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != descriptor:
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def finish_stdout() -> str:
    """Write what stdout still holds; why it could not be written, or the empty string.

    Afterwards nothing of it is left for the interpreter, which would complain in its own words.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        silence_stdout()
        return getattr(error, "strerror", None) or str(error)
    return ""


def silence_stdout() -> None:
    """Send what is still to come nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
    finally:
        os.close(nowhere)


def _words_of(lost: int) -> bytes:
    return json.dumps({"event": "log lines could not be written", "lost": lost, "level": "warning"}).encode() + b"\n"
