"""Over TCP, with the real clock and the real password hash: who guesses keeps nobody else out, and a block outlives a
restart but not for those who have been let in before.
"""

import asyncio
import base64
import itertools
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from tests.dialects.contracts import CONTRACTS
from tests.dialects.speaking import ACCEPTED, FORM, Call, Customer, Door, Reply
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

GUESSER = "127.0.0.66"
"""Loopback is never blocked, so only the short queues and fair turns stand between it and the others."""
A_SECOND = 300
SECONDS = 3.0
PATIENCE_SECONDS = 10.0
"""On an idle machine the worst is some 0.4 s; with one endless queue it was more than 100 s."""

NUMBER = "525512345678"
OWN_FORM = FORM | {"Sec-Fetch-Site": "same-origin"}


def _basic(login: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{key}".encode()).decode()}


class Console(Door):
    """Where people log in."""

    name = "console"
    dialect = ""

    def send(self, who: Customer, number: str, text: str) -> Call:
        body = f"login={who.login}&password={quote(who.password)}".encode()
        return Call("POST", "/console/login", OWN_FORM, body)

    def said(self, reply: Reply) -> str:
        return ACCEPTED if reply.status == 303 else str(reply.status)


DOORS = [door for contract in CONTRACTS.values() for door in contract.doors or contract.speakers] + [Console()]
"""A way in of each dialect: its log-in where it has one, because that is dearer than a token."""


async def _ask(url: str, source: str, call: Call) -> Reply:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, local_addr=(source, 0))
    lines = {"Host": "palomar", "Connection": "close", "Content-Length": str(len(call.body))} | call.headers
    head = f"{call.method} {call.target} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in lines.items()
    )
    writer.write(head.encode() + b"\r\n" + call.body)
    answer = await reader.read()
    writer.close()
    head_came, _, content = answer.partition(b"\r\n\r\n")
    status, *found = head_came.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in found)
    return Reply(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, content)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_right_credentials_from_elsewhere_do_not_wait_for_wrong_ones(tmp_path: Path, door: Door) -> None:
    palomar = Palomar(tmp_path)
    made = palomar.json("account", "add", "acme", "--credits", "100000", "--requests-per-second", "0")
    known = Customer(login="acme", password=made["password"], key=made["api_key"], token="")

    async def flooded(url: str) -> list[float]:
        """How long right ones take while others guess."""
        under_way: set[asyncio.Task[Reply]] = set()
        waits = []

        async def guess() -> None:
            begun = time.monotonic()
            for number in itertools.count():
                wrong = Customer(login=f"nobody{number}", password=f"wrong {number}", key=f"wrong{number}", token="")
                task = asyncio.create_task(_ask(url, GUESSER, door.send(wrong, NUMBER, "Hola")))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                await asyncio.sleep(max(0.0, begun + number / A_SECOND - time.monotonic()))

        guessing = asyncio.create_task(guess())
        await asyncio.sleep(0.5)
        end = time.monotonic() + SECONDS
        for number in itertools.count(1):
            begun = time.monotonic()
            if begun > end:
                break
            reply = await _ask(url, f"127.0.7.{number % 250 + 1}", door.send(known, NUMBER, "Hola"))
            waits.append(time.monotonic() - begun)
            assert door.said(reply) == ACCEPTED, reply
        guessing.cancel()
        await asyncio.gather(guessing, *under_way, return_exceptions=True)
        return waits

    with palomar.serve() as server:
        waits = asyncio.run(flooded(server.url))
        assert max(waits) < PATIENCE_SECONDS
        assert len(waits) >= 3
        assert server.stop() == 0


def test_a_block_outlives_a_restart_and_spares_who_was_let_in_before(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path)
    palomar.configure('http.trusted_proxies = ["127.0.0.1"]\n')
    keys = {login: palomar.account(login) for login in ("known", "stranger")}
    from_there = {"X-Forwarded-For": "198.51.100.7"}

    def status(url: str, login: str, key: str) -> int:
        call = Call("GET", "/json/balance", _basic(login, key) | from_there)
        return asyncio.run(_ask(url, "127.0.0.1", call)).status

    with palomar.serve() as server:
        assert status(server.url, "known", keys["known"]) == 200
        for _ in range(60):
            status(server.url, "known", "wrong")
        eventually(lambda: bool(palomar.json("block", "list")), within_seconds=10, what="the block is written")
        assert server.stop() == 0
    with palomar.serve() as server:
        assert status(server.url, "known", keys["known"]) == 200
        assert status(server.url, "stranger", keys["stranger"]) == 403
        assert server.stop() == 0
