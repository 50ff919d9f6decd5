"""What run.py asks of any gateway, and the gateway that forgets. Palomar and Kannel have files of their own.

Not here: load, and what the figures mean.
"""

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from processes import BenchError, PeerProcess, Process, claim_port, wait_until

START_SECONDS = 60.0
SYSTEM_ID, PASSWORD = "palomar", "secret"
LINKS, WINDOW = 2, 100
LOGIN = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a gateway is told of the run it is started for."""

    directory: Path
    smsc_port: int
    sink_port: int
    http_port: int
    messages: int
    nodes: int = 1
    database_url: str = ""

    @property
    def callback(self) -> str:
        return f"http://127.0.0.1:{self.sink_port}/ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the load goes and who it says it is."""

    dialect: str
    urls: list[str]
    login: str
    key: str


class Gateway(Protocol):
    """A gateway under test."""

    name: str

    async def start(self, setting: Setting) -> Door:
        """Starts it on fresh data and returns when it takes messages."""

    def processes(self) -> list[Process]:
        """Those that shall be alive now."""

    async def kill(self) -> None:
        """kill -9 to its first node."""

    async def revive(self) -> None:
        """Starts the killed node again on the same data."""

    async def books(self) -> dict[str, Any]:
        """What it says itself about messages and money, {} if it has no such books."""

    async def stop(self) -> None:
        """Ends its processes."""


class Forgetful:
    """One gateway that cannot be killed and keeps no books; base of those that need no more."""

    _running: list[Process]

    def processes(self) -> list[Process]:
        return [process for process in self._running if process.started]

    async def kill(self) -> None:
        raise BenchError(f"{type(self).__name__} cannot be measured with --kill-after")

    async def revive(self) -> None:
        raise BenchError(f"{type(self).__name__} cannot be measured with --kill-after")

    async def books(self) -> dict[str, Any]:
        return {}

    async def stop(self) -> None:
        for process in reversed(self._running):
            await process.stop()


class Null(Forgetful):
    """null_gateway.py."""

    name = "null"

    async def start(self, setting: Setting) -> Door:
        gateway = PeerProcess("null", setting.directory)
        self._running = [gateway]
        await gateway.launch(
            "null_gateway.py",
            f"--port={claim_port(setting.http_port, 'the null gateway')}",
            f"--smsc-port={setting.smsc_port}",
            f"--callback={setting.callback}",
        )
        url = f"http://127.0.0.1:{gateway.ready['port']}"
        return Door(dialect="foxsys", urls=[url], login=LOGIN, key="none")


async def until_answers(process: Process, port: int, path: str, good: Callable[[int, bytes], bool]) -> None:
    """Waits until a GET of ``path`` is answered as ``good(status, body)`` wants; BenchError if ``process`` ends."""

    def answers() -> bool:
        process.check()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return good(answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    try:
        await wait_until(answers, START_SECONDS, f"{process.name} is ready at port {port}", every=0.1)
    except BenchError as error:
        raise BenchError(f"{error}\n{process.complaint()}") from None
