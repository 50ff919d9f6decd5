"""Processes that journeys start, and the only ones that they stop: by their own handle."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support.commands import Forked
from tests.support.environment import ROOT, clean_environment
from tests.support.waiting import eventually

__all__ = ["ROOT", "Process", "clean_environment", "palomar_command"]

START_SECONDS = 20.0
STOP_SECONDS = 15.0


def palomar_command(*arguments: str) -> list[str]:
    """Return the command ``./run ARGUMENTS``, without its check that the set-up is complete."""
    return [sys.executable, "-m", "palomar", *arguments]


class Process:
    """A child with its output in files. A context manager: leaving it ends the child, whatever happened."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        name: str,
        environment: Mapping[str, str] | None = None,
        forked: bool = False,
        terminal: bool = False,
    ) -> None:
        """Start the command. With ``forked`` it is the arguments of ``palomar``, in a process that has imported
        everything already; with ``terminal`` its stderr is a terminal."""
        self.name = name
        self.stdout_file = directory / f"{name}.stdout"
        self.stderr_file = directory / f"{name}.stderr"
        given = clean_environment() if environment is None else environment
        self._child: Forked | subprocess.Popen[bytes]
        if forked:
            self._child = Forked(
                command, directory=directory, environment=given, stdout=self.stdout_file, stderr=self.stderr_file
            )
            return
        with open(self.stdout_file, "wb") as out, self._stderr(terminal=terminal) as err:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=directory, env=given
            )

    def _stderr(self, *, terminal: bool) -> IO[bytes]:
        """Open what the child writes its stderr to: the file, or a terminal whose screen is copied there."""
        if not terminal:
            return open(self.stderr_file, "wb")
        screen, end = pty.openpty()
        self.stderr_file.touch()
        threading.Thread(target=_copy, args=(screen, self.stderr_file), daemon=True).start()
        return os.fdopen(end, "wb", buffering=0)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def stdout(self) -> str:
        return self.stdout_file.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self.stderr_file.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._child.poll() is None

    def until_says(self, words: str, *, within_seconds: float = START_SECONDS) -> str:
        """Wait until the words stand on stdout or stderr; everything said so far."""

        def look() -> str:
            said = self.stderr + self.stdout
            if words in said:
                return said
            assert self.running, f"{self.name} ended with {self._child.returncode} before it said {words!r}:\n{said}"
            return ""

        try:
            return eventually(look, within_seconds=within_seconds, what=f"{self.name} says {words!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.stderr}") from None

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def wait(self, *, within_seconds: float = STOP_SECONDS) -> int:
        """Wait for its end and return the exit code; fail if it does not end in time."""
        try:
            return self._child.wait(within_seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {within_seconds} s:\n{self.stderr[-4000:]}") from None

    def stop(self, *, within_seconds: float = STOP_SECONDS) -> int:
        """SIGTERM; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(within_seconds=within_seconds)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self.running:
            self._child.kill()
        self._child.wait()


def _copy(screen: int, file: Path) -> None:
    """Write to the file what is shown, until the last process that has the terminal has ended (EIO)."""
    with open(screen, "rb", buffering=0) as shown, open(file, "ab", buffering=0) as out:
        while True:
            try:
                octets = shown.read(65_536)
            except OSError:
                return
            if not octets:
                return
            out.write(octets)
