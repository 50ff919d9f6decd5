"""A server whose console has something of everything on its pages, and people's browsers that look at it."""

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize
from tests.support.chromium import ZONE, Watched
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar
from tests.support.waiting import eventually

from palomar.smpp import DeliverSm, SubmitSm, SubmitSmResp, encode
from palomar.storage.database import Transaction
from palomar.storage.sqlite import open_sqlite
from palomar.vocabulary.message import message_id_of

PASSWORD = "correct horse battery"
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
HOSTILE = (
    "<script>document.title='pwned';alert(1)</script><img src=x onerror=alert(2)>",
    '=HYPERLINK("http://evil.example";"x")',
    "abc \u202e evil \u202c def \u2067rtl\u2069",
    "👩‍👩‍👧 🎉 עברית العربية ﷽ Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "A" * 150,
)


@dataclass(kw_only=True)
class Place:
    """A server with accounts, users and messages of every kind, and who is logged in to it."""

    palomar: Palomar
    url: str
    ids: dict[str, str]
    session: str

    def path(self, page: str) -> str:
        return page.format(**self.ids)


@contextmanager
def place_in(directory: Path) -> Iterator[Place]:
    """Make a place below this directory."""
    palomar = Palomar(directory)
    with palomar.serve() as server:
        palomar.command(
            "user", "add", "marta", "--role", "owner", "--name", "Marta <b>Ruiz</b>", "--password", PASSWORD
        )
        palomar.command("user", "add", "sara", "--role", "support", "--password", PASSWORD)
        palomar.command("account", "add", "acme", "--parent", "demo", "--credits", "20", "--password", PASSWORD)
        send(
            palomar,
            "demo",
            "34600000001",
            "Your code is 482913.",
            label="login",
            ackurl=f"{server.url}/sandbox/callback",
        )
        send(palomar, "demo", "34600000002", "Its callback fails", ackurl="http://127.0.0.1:9/no")
        send(palomar, "demo", "34600000004", "So does this one's", ackurl="http://127.0.0.1:9/<i>never</i>")
        send(palomar, "acme", "34600099901", "This one is not delivered", label="acme only")
        for text in HOSTILE:
            send(palomar, "demo", "34600000003", text, label=text[:40])
        with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
            assert program.send(HOSTILE[0], "34600000005").code == "0"
        eventually(lambda: settled(palomar), within_seconds=20, what="every message has ended")
        session = log_in(server.url, "marta")
        ids = eventually(lambda: ids_of(palomar, server.url, session), within_seconds=20, what="every callback")
        asyncio.run(touched_up(palomar.data_dir / "palomar.db", ids))
        yield Place(palomar=palomar, url=server.url, ids=ids, session=session)
        assert "a page failed" not in server.stderr


def send(palomar: Palomar, account: str, number: str, text: str, *, label: str = "", ackurl: str = "") -> None:
    options = [
        option for name, value in (("--label", label), ("--ackurl", ackurl)) if value for option in (name, value)
    ]
    palomar.command("message", "send", "--account", account, "--to", number, f"--text={text}", *options)


def ids_of(palomar: Palomar, url: str, session: str) -> dict[str, str] | None:
    """Return the ids in the addresses of pages; None while something has not happened yet."""
    listed, waiting = palomar.json("message", "list"), palomar.json("callback", "list")
    seen = read(url, session, "/console/callbacks") + read(url, session, "/console/sandbox")
    tried, got = re.findall(r"/callbacks/tried/(\d+)", seen), re.findall(r"/callbacks/got/(\d+)", seen)
    calls = re.findall(r"/sandbox/calls/(\d+)", seen)
    if len(waiting) < 4 or len(set(got)) < 2 or not calls or not tried:
        return None
    return {
        "delivered": next(row["id"] for row in listed if row["msisdn"] == "34600000001"),
        "failed": next(row["id"] for row in listed if row["msisdn"] == "34600000002"),
        "open": next(str(row["id"]) for row in waiting if "34600000004" in row["url"]),
        "tried": tried[0],
        "got": got[0],
        "call": calls[0],
    }


def read(url: str, session: str, path: str) -> str:
    """Read a page, as a program gets it."""
    request = urllib.request.Request(url + path, headers={"Cookie": f"palomar-session={session}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def settled(palomar: Palomar) -> bool:
    return {row["state"] for row in palomar.json("message", "list")} <= {"delivered", "undelivered"}


async def touched_up(file: Path, ids: dict[str, str]) -> None:
    """Insert what takes days or a carrier: a failed callback, PDUs, candidates of a route."""
    delivered = message_id_of(ids["delivered"])
    octets = {
        "accepted": {"routes": "simulator: taken, it is live\nbackup: no link since 14:02"},
        "submitted": {
            "request": encode(SubmitSm(sequence_number=1, destination_addr="34600000001", short_message=b"hi")).hex(),
            "response": encode(SubmitSmResp(sequence_number=1, message_id="A" * 64)).hex(),
        },
        "receipt": {"pdu": encode(DeliverSm(sequence_number=2, esm_class=4, short_message=b"x" * 250)).hex()},
    }

    async def script(tx: Transaction) -> None:
        await tx.execute("UPDATE callbacks SET failed = 1, attempts = 6")
        for kind, more in octets.items():
            for identity, detail in await tx.select(
                "SELECT id, detail FROM events WHERE message_id = ? AND kind = ?", delivered, kind
            ):
                changed = json.dumps(json.loads(detail) | more)
                await tx.execute(
                    "UPDATE events SET detail = ? WHERE message_id = ? AND id = ?", changed, delivered, identity
                )

    database = open_sqlite(file)
    await database.write(script)
    await database.close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *asked: Any) -> None:
        return None


def log_in(url: str, login: str) -> str:
    """Log in as a program does, and return the token of the new session."""
    form = urllib.parse.urlencode({"login": login, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{url}/console/login", form, {"Origin": url})  # our own server
    try:
        urllib.request.build_opener(_NoRedirect).open(request, timeout=10)
    except urllib.error.HTTPError as error:
        if found := re.search(r"palomar-session=([^;]+)", error.headers.get("Set-Cookie", "")):
            return found[1]
    raise AssertionError(f"{login} was not let in")


@asynccontextmanager
async def opened(
    browser: Browser,
    place: Place,
    *,
    viewport: ViewportSize = DESK,
    session: str | None = None,
    scripts: bool = True,
    locale: str = "en-GB",
) -> AsyncIterator[Watched]:
    """Open a new page in a session: marta's if none is given, without one if it is empty."""
    context = await browser.new_context(
        viewport=viewport,
        locale=locale,
        color_scheme="light",
        reduced_motion="reduce",
        timezone_id=ZONE,
        java_script_enabled=scripts,
    )
    token = place.session if session is None else session
    cookies = {"palomar-session": token, "palomar-zone": ZONE}
    await context.add_cookies(
        [{"name": name, "value": value, "url": place.url} for name, value in cookies.items() if value]
    )
    try:
        yield Watched(page=await context.new_page(), url=place.url)
    finally:
        await context.close()


async def unfold(page: Page) -> None:
    """Open everything on the page that can be opened."""
    await page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
