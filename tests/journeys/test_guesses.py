"""Over TCP, with the real clock and the real password hash: who guesses keeps nobody else out, and a block outlives a
restart but not for those who have been let in before.
"""

import asyncio
import base64
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

GUESSER = "127.0.0.66"
"""Loopback is never blocked, so only the short queues and fair turns stand between it and the others."""
A_SECOND = 300
SECONDS = 3.0
PATIENCE_SECONDS = 10.0
"""On an idle machine the worst is some 0.4 s; with one endless queue it was more than 100 s."""

Ask = Callable[[str, str, str], tuple[str, str, dict[str, str], bytes]]
"""Login, password and key to method, target, headers and body."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OWN_FORM = FORM | {"Sec-Fetch-Site": "same-origin"}


def _basic(login: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{key}".encode()).decode()}


DOORS: dict[str, Ask] = {
    "sofmex": lambda who, word, key: ("POST", f"/login?username={who}&password={quote(word)}", {}, b""),
    "convergia": lambda who, word, key: (
        "GET",
        f"/estatus_mensaje.php?username={who}&password={quote(word)}&messageid=1000",
        {},
        b"",
    ),
    "labs402t": lambda who, word, key: (
        "GET",
        f"/api/v1/accounts/{who}/balance",
        {"Authorization": f"Bearer {key}"},
        b"",
    ),
    "foxsys": lambda who, word, key: ("GET", "/json/balance", _basic(who, key), b""),
    "console": lambda who, word, key: (
        "POST",
        "/console/login",
        OWN_FORM,
        f"login={who}&password={quote(word)}".encode(),
    ),
}


async def _ask(url: str, source: str, asked: tuple[str, str, dict[str, str], bytes]) -> tuple[int, bytes]:
    method, target, headers, body = asked
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port, local_addr=(source, 0))
    lines = {"Host": "palomar", "Connection": "close", "Content-Length": str(len(body))} | headers
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(head.encode() + b"\r\n" + body)
    answer = await reader.read()
    writer.close()
    head_came, _, content = answer.partition(b"\r\n\r\n")
    return int(head_came.split()[1]), content


def _is_let_in(status: int, body: bytes) -> bool:
    """Of CONVERGIA: no such message, which only who is let in is told."""
    return status == 303 or (status == 200 and body not in (b"0", b"5"))


@pytest.mark.parametrize("door", DOORS)
def test_right_credentials_from_elsewhere_do_not_wait_for_wrong_ones(tmp_path: Path, door: str) -> None:
    palomar = Palomar(tmp_path)
    made = palomar.json("account", "add", "acme", "--credits", "100", "--requests-per-second", "0")
    ask = DOORS[door]

    async def flooded(url: str) -> list[float]:
        """How long right ones take while others guess."""
        under_way: set[asyncio.Task[tuple[int, bytes]]] = set()
        waits = []

        async def guess() -> None:
            begun = time.monotonic()
            for number in itertools.count():
                wrong = ask(f"nobody{number}", f"wrong {number}", f"wrong{number}")
                task = asyncio.create_task(_ask(url, GUESSER, wrong))
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
            reply = await _ask(url, f"127.0.7.{number % 250 + 1}", ask("acme", made["password"], made["api_key"]))
            waits.append(time.monotonic() - begun)
            assert _is_let_in(*reply), reply
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
        method, target, headers, body = DOORS["foxsys"](login, "", key)
        return asyncio.run(_ask(url, "127.0.0.1", (method, target, headers | from_there, body)))[0]

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
