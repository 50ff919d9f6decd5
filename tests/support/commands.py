"""Starts ``palomar`` fast: through one ``command_server`` for the whole test run."""

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.environment import clean_environment

_SERVER = Path(__file__).with_name("command_server.py")
_POLL_SECONDS = 0.02


class Forked:
    """``palomar ARGUMENTS`` in a process of its own. As much of ``subprocess.Popen`` as journeys need."""

    def __init__(
        self, arguments: Sequence[str], *, directory: Path, environment: Mapping[str, str], stdout: Path, stderr: Path
    ) -> None:
        self.returncode: int | None = None
        for file in (stdout, stderr):
            file.touch()  # the child opens them a moment later
        self.pid = _commands().ask(
            verb="start",
            arguments=list(arguments),
            environment=dict(environment),
            directory=str(directory),
            stdout=str(stdout),
            stderr=str(stderr),
        )

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = _commands().ask(verb="poll", pid=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if timeout is None and self.returncode is None:
            self.returncode = _commands().ask(verb="wait", pid=self.pid)
        end = time.monotonic() + (timeout or 0)
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"palomar (pid {self.pid})", timeout or 0)
            time.sleep(_POLL_SECONDS)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_command(*arguments: str, directory: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``palomar ARGUMENTS`` to its end, with that environment and no other."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "stdout", Path(folder) / "stderr"
        child = Forked(arguments, directory=directory, environment=environment, stdout=out, stderr=err)
        return subprocess.CompletedProcess(arguments, child.wait(), out.read_text(), err.read_text())


class _Commands:
    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(_SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=clean_environment(),
            text=True,
        )
        self._one_at_a_time = threading.Lock()

    def ask(self, **order: object) -> Any:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with self._one_at_a_time:
            self._server.stdin.write(json.dumps(order) + "\n")
            self._server.stdin.flush()
            answer = self._server.stdout.readline()
        assert answer, "the command server is dead"
        return json.loads(answer)

    def close(self) -> None:
        self._server.communicate()


@functools.cache
def _commands() -> _Commands:
    commands = _Commands()
    atexit.register(commands.close)
    return commands
