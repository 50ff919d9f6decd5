"""The ways in which an account misbehaves in ``noisy_neighbor.py``, and a minimal HTTP client for them.

A trouble is a coroutine: what it does before it returns is preparation, the tasks that it leaves go on while the
neighbor is measured. Not here: the neighbor, and the measurement.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import numbering
from gateways import Endpoint
from noisy_neighbor_peers import Customers
from palomar_gateway import Palomar
from processes import BenchError

AT_ONCE = 500
"""Recipients of one request."""
HOSTS = 20
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


async def http_request(port: int, request: bytes) -> tuple[int, bytes]:
    """Send one request on a connection of its own; return status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return int(head[9:12]), await reader.readexactly(int(length[1]) if length else 0)
    finally:
        writer.close()


def post(path: str, document: object, *, login: str = "", key: str = "") -> bytes:
    """Return a POST of JSON."""
    body = json.dumps(document).encode()
    lines = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    if login:
        lines += f"Authorization: Basic {base64.b64encode(f'{login}:{key}'.encode()).decode()}\r\n"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass(kw_only=True)
class Troublemaker:
    """The account that misbehaves, and its tools. ``index`` counts its numbers."""

    palomar: Palomar
    endpoint: Endpoint
    port: int
    customers: Customers
    index: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1_000_000))
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def repeat(self, work: Callable[[], Awaitable[Any]], *, pause: float = 0.0) -> None:
        """Do this again and again until the trouble is over."""

        async def again() -> None:
            while True:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    await work()
                await asyncio.sleep(pause)

        self.tasks.append(asyncio.create_task(again()))

    async def send(self, messages: int, callback: str, *, must: bool = True) -> None:
        """Send messages in requests of many recipients."""
        while messages > 0:
            some = min(messages, AT_ONCE)
            messages -= some
            numbers = [{"msisdn": str(numbering.number_of(next(self.index)))} for _ in range(some)]
            document = {"message": "A campaign", "recipient": numbers, "ackurl": callback}
            request = post("/json/send", document, login=self.endpoint.login, key=self.endpoint.key)
            status, body = await http_request(self.port, request)
            if must and (status != 200 or json.loads(body)["code"] != "0"):
                raise BenchError(f"a request of the troublemaker was refused: {status} {body[:200]!r}")

    async def route_by(self, carrier: str) -> None:
        """Route the account's messages by that carrier from now on."""
        await self.palomar.command("route", "add", carrier, "--priority", "1", "--account", self.endpoint.login)
        await asyncio.sleep(1.0)

    async def end(self) -> None:
        """Cancel what is still going on."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()


async def dead(account: Troublemaker) -> None:
    """Send 20,000 messages, each with two callbacks, to twenty hosts that hang, and a few hundred to one that is
    gone."""
    for number in range(HOSTS):
        await account.send(1_000, f"http://127.0.1.{number + 1}:{account.customers.hanging_port}/")
    await account.send(500, f"http://127.0.0.1:{account.customers.dead_port}/")


async def same(account: Troublemaker) -> None:
    """Send 3,000 messages whose callbacks hang on the neighbor's own host."""
    await account.send(3_000, f"http://127.0.0.1:{account.customers.port}/hangs")


async def slow(account: Troublemaker) -> None:
    """Send 2,000 messages whose callbacks take three seconds each on that host."""
    await account.send(2_000, f"http://127.0.0.1:{account.customers.port}/slow")


async def queued(account: Troublemaker) -> None:
    """Send 100,000 messages to a carrier that takes 20 a second."""
    await account.route_by("slow")
    await account.send(100_000, "")


async def passwords(account: Troublemaker) -> None:
    """Let ten clients try wrong passwords one after the other, at three dialects."""
    numbers = itertools.count()
    convergia = urlencode({"USUARIO": account.endpoint.login, "CLAVE": "wrong"})
    tries = [
        lambda: post("/sofmex/v1/login", {"username": account.endpoint.login, "password": f"wrong{next(numbers)}"}),
        lambda: post("/json/send", {"message": "x"}, login=account.endpoint.login, key=f"wrong{next(numbers)}"),
        lambda: post("/json/send", {"message": "x", "recipient": []}, login=f"u{next(numbers)}", key="wrong"),
        lambda: f"GET /?{convergia}{next(numbers)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(),  # noqa: PLW0108
    ]
    for number in range(10):
        make = tries[number % len(tries)]
        account.repeat(lambda make=make: _try_request(account.port, make()))  # type: ignore[misc]


async def _try_request(port: int, request: bytes) -> None:
    async with asyncio.timeout(10.0):  # not wait_for, which may swallow the end of the trouble
        await http_request(port, request)


async def blocked(account: Troublemaker) -> None:
    """Send 5,000 messages to a carrier that never answers, and some more every second."""
    await account.route_by("silent")
    await account.send(5_000, "")
    account.repeat(lambda: account.send(20, ""), pause=1.0)


async def rate(account: Troublemaker) -> None:
    """Send two hundred requests a second, of which ten are allowed."""
    for _ in range(20):
        account.repeat(lambda: account.send(1, "", must=False), pause=0.1)


TROUBLES: dict[str, Callable[[Troublemaker], Awaitable[None]]] = {
    trouble.__name__: trouble for trouble in (dead, same, slow, passwords, blocked, queued, rate)
}
"""By name, in the order in which they are run: the last ones leave messages behind."""
