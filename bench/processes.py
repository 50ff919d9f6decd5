"""Starts, orders, measures and ends the processes of a run. Only those: each by the pid it was given.

Not here: the work of the processes. CPU and memory come from /proc, of a process and all its descendants, so that a
gateway of several processes is charged whole.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 20.0
READY_SECONDS = 20.0
HERE = Path(__file__).resolve().parent


class BenchError(Exception):
    """The run cannot go on; the text says what to do about it."""


def free_port() -> int:
    """Return a TCP port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def claim_port(port: int, what: str) -> int:
    """Return ``port`` if it is free, any free one for 0; raises BenchError if somebody listens there."""
    if not port:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BenchError(f"{what}: port {port} of 127.0.0.1 cannot be used ({error.strerror})") from None
    return port


def with_descendants(pid: int) -> list[int]:
    """Return ``pid`` and its living descendants."""
    pids = [pid]
    for parent in pids:
        with contextlib.suppress(OSError):
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                pids.extend(int(child) for child in children.read_text().split())
    return pids


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system seconds of these processes and of those children they have waited for."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS


def peak_mib(pids: Iterable[int]) -> float:
    """Return the sum of the processes' peak resident memory (VmHWM)."""
    kib = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    kib += int(line.split()[1])
    return kib / 1024


_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _kill_with_parent() -> None:
    """Let a new child get SIGKILL when run.py is gone, however that died (prctl(2), PR_SET_PDEATHSIG)."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A process that we started, with its output in a log file."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.started = False

    async def start(self, *argv: str, env: dict[str, str] | None = None, pipes: bool = False) -> None:
        pipe = asyncio.subprocess.PIPE if pipes else None
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *argv,
                env={**os.environ, **(env or {})},
                stdin=pipe or asyncio.subprocess.DEVNULL,
                stdout=pipe or log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C at the terminal is for run.py, which then stops its own
                preexec_fn=_kill_with_parent,
            )
        self.started = True

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def kill(self) -> None:
        """Send SIGKILL to it and its descendants, as when a machine loses power but keeps its disk."""
        for pid in with_descendants(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Send SIGTERM, and SIGKILL after ``seconds``."""
        if not self.started or not self.alive:
            return
        self.started = False
        pids = with_descendants(self.pid)
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            print(f"{self.name}: did not stop within {seconds:g} s of SIGTERM, killed", file=sys.stderr)
        for pid in pids:
            if pid != self.pid or self.alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await self.process.wait()

    def log_end(self) -> str:
        """Return the end of its log, for an error message."""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f"{self.name}: the end of its log", *("  " + line[:400] for line in lines)])

    def check(self) -> None:
        if not self.alive:
            raise BenchError(f"{self.name} ended with status {self.process.returncode}\n{self.log_end()}")


class PeerProcess(Process):
    """load.py, sink.py, smsc.py or null_gateway.py: it gets its orders as lines and reports its progress as JSON
    lines."""

    def __init__(self, name: str, directory: Path) -> None:
        super().__init__(name, directory / f"{name}.log")
        self.report = directory / f"{name}.json"
        self.ready: dict[str, Any] = {}
        self.progress: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}

    async def launch(self, script: str, *arguments: str) -> None:
        """Start ``script`` of this folder and wait for its ready line."""
        python, path = sys.executable, str(HERE / script)
        await self.start(python, path, *arguments, "--controlled", "--report", str(self.report), pipes=True)
        self._reader = asyncio.create_task(self._read())
        await wait_until(lambda: self.ready or not self.alive, READY_SECONDS, f"{self.name} is ready")
        self.check()

    async def _read(self) -> None:
        while line := await self.process.stdout.readline():
            said = json.loads(line)
            self.ready = said.get("ready", self.ready)
            self.progress = said.get("progress", self.progress)
            self.summary = said.get("summary", self.summary)
        await self.process.wait()

    def order(self, word: str) -> None:
        self.process.stdin.write(word.encode() + b"\n")

    async def finish(self) -> dict[str, Any]:
        """Ask for the report and wait for the end."""
        self.check()
        self.order("stop")
        await asyncio.wait_for(self._reader, STOP_SECONDS)
        return json.loads(self.report.read_text())


async def wait_until(true: Any, seconds: float, what: str, every: float = 0.02) -> None:
    """Call ``true()`` again and again; raises BenchError if it is still false after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {seconds:g} s in vain until {what}")
        await asyncio.sleep(every)
