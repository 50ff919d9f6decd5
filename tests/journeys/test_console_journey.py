"""A developer's first minutes in a browser: from what ``./run`` printed to a callback that is tried again; and a server
that stops while somebody looks.
"""

import http.client
import re
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests.support.chromium import ZONE, Watched, chromium
from tests.support.pasted import run_line
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

FOXSYS_ATTEMPTS = 6
"""Then a callback is given up."""


@pytest.fixture
def palomar(tmp_path: Path) -> Palomar:
    """Started from a terminal, where secrets are shown."""
    return Palomar(tmp_path / "house", terminal=True)


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_from_the_printed_log_in_to_a_callback_that_is_tried_again(
    browser: Browser, palomar: Palomar, server: Server, sink: Sink
) -> None:
    context = await browser.new_context(locale="en-GB", timezone_id=ZONE, viewport={"width": 1280, "height": 900})
    watched = Watched(page=await context.new_page(), url=server.url)
    page = watched.page
    # log in with what was printed
    found = re.search(r"Open the console at (\S+) and log in as (\S+), password (\S+)\.", server.stderr)
    assert found is not None, server.stderr
    await page.goto(found[1])
    await page.get_by_label("Login").fill(found[2])
    await page.get_by_label("Password").fill(found[3])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Sandbox", level=1)).to_be_visible()
    await expect(page.get_by_text("Send the first message")).to_be_visible()
    await expect(page.locator("[data-live-mark]")).to_have_attribute("data-live-mark", "on")

    # send by the page's own line; it arrives and is delivered while we look, and so is the call
    line = await page.locator("#c-foxsys-curl").text_content()
    assert line is not None
    assert '"0"' in run_line(line, palomar)
    bubble = page.locator(".screen .from-peer", has_text="Hola from FOXSYS")
    await expect(bubble.get_by_role("link", name="delivered")).to_be_visible(timeout=10_000)
    await expect(page.locator("#calls").get_by_text("/json/send")).to_be_visible()

    # answer
    await page.get_by_label("What the phone writes").fill("Hola, Palomar")
    await page.get_by_role("button", name="Write").click()
    await expect(page.locator(".screen .from-phone .talk")).to_have_text("Hola, Palomar")
    await expect(page.get_by_text("reached no account")).to_have_count(0)

    # find the message, and open its "Why?"
    await page.get_by_role("link", name="Messages").click()
    await page.get_by_label("Search for").fill("Hola from")
    await page.keyboard.press("Enter")
    await page.locator("tbody tr").get_by_role("link").first.click()
    await expect(page.get_by_role("heading", name="A receipt came")).to_be_visible()
    assert await watched.faults(axe=True) == []

    # one whose program is away: days pass until its callbacks are given up; it comes back, and they are tried again
    sink.status = 500
    await page.get_by_role("link", name="Sandbox").click()
    away = line.replace(f"{server.url}/sandbox/callback", sink.url)
    assert away != line
    assert '"0"' in run_line(away, palomar)
    await expect(bubble.last.get_by_role("link", name="delivered")).to_be_visible(timeout=10_000)
    for attempts in range(1, FOXSYS_ATTEMPTS + 1):
        eventually(lambda: attempted(palomar, attempts), within_seconds=10, what=f"attempt {attempts}")  # noqa: B023
        if attempts < FOXSYS_ATTEMPTS:
            await page.get_by_role("button", name="A day passes").click()
            await expect(page.get_by_text(f"{attempts} d ahead of the real time")).to_be_visible()
    sink.status = 200
    await page.get_by_role("link", name="Callbacks").first.click()
    await expect(page.get_by_text("given up", exact=True)).to_have_count(2)
    await page.get_by_role("button", name="Try again", exact=True).first.click()
    await expect(page.get_by_role("status")).to_have_text("The callback will be tried again within a second.")
    await expect(page.get_by_text("given up", exact=True)).to_have_count(1)
    told = page.locator("li", has_text=urllib.parse.urlsplit(sink.url).netloc)
    await expect(told.filter(has_text="200")).to_have_count(1, timeout=15_000)
    assert await watched.faults(axe=True) == []
    await context.close()


def attempted(palomar: Palomar, times: int) -> bool:
    """Whether both callbacks, the network's and the phone's, have been tried so often."""
    waiting = palomar.json("callback", "list")
    return len(waiting) == 2 and {row["attempts"] for row in waiting} == {times}


def test_who_looks_holds_up_no_end(palomar: Palomar, server: Server) -> None:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    connection.request(
        "GET", "/console/sandbox/stream", headers={"Cookie": f"palomar-session={logged_in(palomar, server)}"}
    )
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream"
    assert answer.readline() == b"retry: 2000\n"

    assert server.stop() == 0

    assert answer.read() == b"\n", "it was ended properly, not cut off when the time for requests was over"
    connection.close()


def logged_in(palomar: Palomar, server: Server) -> str:
    """The token of a session of the first user."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    headers = {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/console/login", urllib.parse.urlencode(palomar.demo["console"]), headers)
    found = re.search(r"palomar-session=([^;]+)", connection.getresponse().headers.get("Set-Cookie", ""))
    connection.close()
    assert found is not None, "let in"
    return found[1]
