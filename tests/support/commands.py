"""Runs ``palomar`` commands fast: through one ``command_server`` for the whole test run."""

import atexit
import functools
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import clean_environment

_SERVER = Path(__file__).with_name("command_server.py")


def run_command(*arguments: str, directory: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``palomar ARGUMENTS`` in a process of its own, with that environment and no other."""
    return _commands().run(arguments, directory, environment)


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

    def run(
        self, arguments: tuple[str, ...], directory: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as folder, self._one_at_a_time:
            out, err = Path(folder) / "stdout", Path(folder) / "stderr"
            order = {
                "arguments": arguments,
                "environment": dict(environment),
                "directory": str(directory),
                "stdout": str(out),
                "stderr": str(err),
            }
            self._server.stdin.write(json.dumps(order) + "\n")
            self._server.stdin.flush()
            code = self._server.stdout.readline()
            assert code, "the command server is dead"
            return subprocess.CompletedProcess(arguments, int(code), out.read_text(), err.read_text())

    def close(self) -> None:
        self._server.communicate()


@functools.cache
def _commands() -> _Commands:
    commands = _Commands()
    atexit.register(commands.close)
    return commands
