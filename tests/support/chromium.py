"""A real browser: Debian's Chromium, driven by Playwright, without a network of its own; and what it must not say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright
from tests.support.needs import program
from tests.support.npm import npm_folder

AXE = "axe-core@4.14.1"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ZONE = "Europe/Madrid"
_SERIOUS = ("serious", "critical")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the browser, headless; skip the test where there is none."""
    executable = program("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


@dataclass(kw_only=True)
class Watched:
    """A page, everything it complained of, and everywhere it went."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._asked)

    async def open(self, path: str) -> None:
        """Open a page of the server, files and fonts and all."""
        await self.page.goto(self.url + path, wait_until="load")

    async def faults(self, *, axe: bool) -> list[str]:
        """List what is wrong with the page: console errors, requests to other hosts, sideways scrolling, and serious
        faults that axe finds."""
        found = [*self.complaints, *(f"asked {url}" for url in self.elsewhere)]
        wide = await self.page.evaluate(_WIDER_THAN_THE_WINDOW)
        found += [f"horizontal scroll: {wide}"] if wide else []
        return found + (await self._axe() if axe else [])

    async def _axe(self) -> list[str]:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(_axe_source())
        found: list[dict[str, Any]] = await self.page.evaluate(
            "axe.run({resultTypes: ['violations']}).then(result => result.violations)"
        )
        return [
            f"{fault['id']}: {fault['help']}: {fault['nodes'][0]['html'][:200]} {fault['nodes'][0]['failureSummary']}"
            for fault in found
            if fault["impact"] in _SERIOUS
        ]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    async def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:")):
            self.elsewhere.append(request.url)


@cache
def _axe_source() -> str:
    return (npm_folder(AXE) / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


_WIDER_THAN_THE_WINDOW = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return "";
  const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1);
  return wide.slice(0, 3).map(e => `${e.tagName}.${e.className}`).join(", ") || "the page";
}"""
