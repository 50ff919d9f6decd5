"""SOFMEX's page of documentation in a real browser: log in, authorise and send by "Try it out" (there: "Probar")."""

import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from tests.support.chromium import Watched, chromium
from tests.support.server import Palomar, Server

pytestmark = pytest.mark.journey


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def test_a_message_is_sent_by_the_page_alone(browser: Browser, palomar: Palomar, server: Server) -> None:
    password = palomar.json("account", "add", "acme", "--credits", "10")["password"]
    watched = Watched(page=await browser.new_page(viewport={"width": 1280, "height": 1600}), url=server.url)
    page = watched.page
    await watched.open("/sms/v3/docs")

    login = await opened(page, "/login")
    await login.get_by_placeholder("username").fill("acme")
    await login.get_by_placeholder("password").fill(password)
    token = json.loads(await executed(login))["message"]

    await page.get_by_role("button", name="Autorizar").click()
    dialog = page.locator(".dialog-ux")
    await dialog.locator("input").fill(token)
    await dialog.locator("button.authorize", has_text="Autorizar").click()
    await dialog.locator("button.btn-done", has_text="Cerrar").click()

    sending = await opened(page, "/sms/v3/asignacion")
    await sending.locator("textarea").fill(
        json.dumps({"registros": [{"telefono": "5512345678", "mensaje": "Hola por Probar"}]})
    )
    assert json.loads(await executed(sending))["registros"][0]["status"] == 0
    (sent,) = palomar.json("message", "list")
    assert sent["text"] == "Hola por Probar"
    assert await watched.faults(axe=False) == []


async def opened(page: Page, path: str) -> Locator:
    """The operation of that path, ready to be tried."""
    operation = page.locator(".opblock").filter(has=page.locator(f'[data-path="{path}"]'))
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Probar").click()
    return operation


async def executed(operation: Locator) -> str:
    """Send it; the body of the answer, which is a good one."""
    await operation.get_by_role("button", name="Ejecutar").click()
    answer = operation.locator(".live-responses-table .response")
    await expect(answer.locator(".response-col_status")).to_have_text(re.compile("200"))
    return await answer.locator("pre code, pre").first.inner_text()
