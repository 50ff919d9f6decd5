"""The port of a gateway under test, and the null gateway. Not here: Palomar (``palomar_gateway``) and Kannel
(``kannel/``), the load, and the meaning of the figures."""

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
class GatewaySettings:
    """The settings of the run for which a gateway is started."""

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
class Endpoint:
    """Where the load sends, and with which credentials."""

    dialect: str
    urls: list[str]
    login: str
    key: str


class Gateway(Protocol):
    """A gateway under test."""

    name: str

    async def start(self, setting: GatewaySettings) -> Endpoint:
        """Start it on fresh data; return when it takes messages."""

    def processes(self) -> list[Process]:
        """Return the processes that should be alive now."""

    async def kill(self) -> None:
        """Kill its first node with SIGKILL."""

    async def restart(self) -> None:
        """Start the killed node again on the same data."""

    async def totals(self) -> dict[str, Any]:
        """Return its own count of messages and money; empty if it keeps none."""

    async def stop(self) -> None:
        """End its processes."""


class SimpleGateway:
    """A gateway that cannot be killed and counts nothing; the base of those that need no more."""

    _running: list[Process]

    def processes(self) -> list[Process]:
        return [process for process in self._running if process.started]

    async def kill(self) -> None:
        raise BenchError(f"{type(self).__name__} cannot be measured with --kill-after")

    async def restart(self) -> None:
        raise BenchError(f"{type(self).__name__} cannot be measured with --kill-after")

    async def totals(self) -> dict[str, Any]:
        return {}

    async def stop(self) -> None:
        for process in reversed(self._running):
            await process.stop()


class Null(SimpleGateway):
    """The gateway of ``null_gateway.py``."""

    name = "null"

    async def start(self, setting: GatewaySettings) -> Endpoint:
        gateway = PeerProcess("null", setting.directory)
        self._running = [gateway]
        await gateway.launch(
            "null_gateway.py",
            f"--port={claim_port(setting.http_port, 'the null gateway')}",
            f"--smsc-port={setting.smsc_port}",
            f"--callback={setting.callback}",
        )
        url = f"http://127.0.0.1:{gateway.ready['port']}"
        return Endpoint(dialect="foxsys", urls=[url], login=LOGIN, key="none")


async def wait_until_answered(process: Process, port: int, path: str, good: Callable[[int, bytes], bool]) -> None:
    """Wait until a GET of ``path`` is answered as ``good(status, body)`` wants; raises BenchError if ``process``
    ends."""

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
        raise BenchError(f"{error}\n{process.log_end()}") from None
