"""Short links in texts: finds the URLs of a text, makes the codes that replace them, and recognizes robots.

Source: a vendor's page, "shortlink": every URL becomes a domain, a slash and seven characters. A code always has a
digit and the names of our own routes have none, so the two are never confused. Not here: storing and redirecting
(``short_links.clicks``, ``short_links.redirect``).
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

CODE_LENGTH: Final = 7

URL_LONGEST: Final = 2_048
"""Characters of a URL behind a short link: what browsers, proxies and address bars all accept."""

CodesAndUrls = tuple[tuple[str, str], ...]
"""The codes of a text and the URLs they stand for, in order."""


class FoundUrl(NamedTuple):
    """A URL and its place in a text. If it begins with `www.` in the text, ``url`` has an additional `http://`."""

    start: int
    end: int
    url: str


class ShortenedText(NamedTuple):
    """A text with its URLs replaced."""

    text: str
    links: CodesAndUrls


class CodeMaker:
    """Makes codes from a source of random letters and digits; ``token`` returns at least seven of them."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self._rest = ""

    def make(self) -> str:
        """Make a new code, which nobody can guess."""
        while True:
            if len(self._rest) < CODE_LENGTH:
                self._rest = self._token()
            code, self._rest = self._rest[:CODE_LENGTH], self._rest[CODE_LENGTH:]
            if is_code(code) and _DIGIT(code):
                return code


class Shortener(NamedTuple):
    """Shortens the URLs of an account's texts: the beginning of its links, and what makes their codes."""

    domain: str
    make: Callable[[], str]

    def shorten(self, text: str) -> ShortenedText:
        """Replace every URL of a text."""
        return shorten_urls(text, domain=self.domain, make=self.make)


def is_code(text: str) -> bool:
    """Return True if this has the shape of a code."""
    return _CODE(text) is not None


def code_of(text: str) -> str | None:
    """Read a code as people and programs copy it, with the sign that stood behind the link, or with the link that was
    joined to it; None if there is none."""
    match = _COPIED(text)
    return match[1] if match else None


def find_urls(text: str) -> list[FoundUrl]:
    """Find the http and https URLs of a text, and hosts that begin with `www.`, without the punctuation that ends a
    sentence or closes a bracket around them. URLs that are joined by commas and such are several."""
    if "://" not in text and "www." not in text.lower():
        return []
    found = []
    for match in _URL.finditer(text):
        start = match.start()
        for another in _ANOTHER.finditer(text, start + 1, match.end()):
            found += _url_in(text[start : another.start()].rstrip("|([{"), start)
            start = another.start()
        found += _url_in(text[start : match.end()], start)
    return found


def shorten_urls(text: str, *, domain: str, make: Callable[[], str]) -> ShortenedText:
    """Replace each URL by ``domain``, a slash and a code of its own."""
    pieces, links, end = [], [], 0
    for found in find_urls(text):
        code = make()
        pieces.append(f"{text[end : found.start]}{domain}/{code}")
        links.append((code, found.url))
        end = found.end
    return ShortenedText("".join(pieces) + text[end:], tuple(links))


def is_robot(agent: str) -> bool:
    """Return True if a user agent is no person's browser: a preview, a crawler, a scanner, a library, or nothing at
    all.

    Browsers call themselves Mozilla or Opera, those of old phones name a profile of theirs; an agent that names only
    itself and its version is a program. A robot that calls itself a browser is not recognized here.
    """
    said = agent.lower().strip()
    if not said or _ROBOTS(said) or any(word in said for word in _PREVIEWERS):
        return True
    return not said.startswith(_BROWSERS) and not any(word in said for word in _PHONES)


_CODE: Final = re.compile(r"[0-9A-Za-z]{7}").fullmatch
_DIGIT: Final = re.compile(r"[0-9]").search
_COPIED: Final = re.compile(
    r"([0-9A-Za-z]{7})(?:(?:[^\w/]|_){0,10}|[,;|，；、)\]}(]{1,10}(?:https?:|www\.).*)", re.IGNORECASE | re.DOTALL
).fullmatch
_URL: Final = re.compile(
    r"""(?:(?<![0-9A-Za-z])https?://|(?<![0-9A-Za-z@./:_-])www\.)[^\s<>"“”„«»‹›\x00-\x1f\x7f\u200b\u2060\ufeff]+""",
    re.IGNORECASE,
)
_ANOTHER: Final = re.compile(r"(?:(?<=[,;|，；、)\]}])|(?<=[)\]}][(\[{]))(?:https?://|www\.)", re.IGNORECASE)
_WWW: Final = re.compile(r"www\.(?:[\w-]+\.)+\w{2,}(?=[/:?#]|\Z)", re.IGNORECASE).match
_HOST: Final = re.compile(r"[A-Za-z]+://(?:[^/?#]*@)?(?:\w|\[[0-9a-fA-F:.]+\])").match
_SENTENCE: Final = ".,;:!?'’‘´`…*¡¿。，、；：！？"
_BRACKETS: Final = {")": "(", "]": "[", "}": "{", "）": "（"}  # a bracket that was opened inside belongs to the URL

_BROWSERS: Final = (
    "mozilla/",
    "opera/",
    "ucweb",
    "nokia",
    "blackberry",
    "sonyericsson",
    "samsung-",
    "sec-",
    "lg-",
    "mot-",
)
_PHONES: Final = ("midp", "cldc", "up.browser", "netfront", "obigo", "ucbrowser", "opera mini", "brew")
_ROBOTS: Final = re.compile(
    r"(?<!cu)bots?(?![a-z])|crawl|spider|headless|phantomjs|puppeteer|playwright|selenium|lighthouse|pagespeed|preview"
    r"|prefetch|fetcher|validator|curl|wget|libwww|httpclient|http-client|python|urlcheck|linkcheck|safebrowsing"
).search
"""Names of programs, crawlers and browsers without a person, anywhere in a user agent, lower case."""
_PREVIEWERS: Final = (
    "adsbot",
    "barracuda",
    "bitlybot",
    "bytespider",
    "embedly",
    "facebookcatalog",
    "facebookexternal",
    "facebot",
    "google-inspectiontool",
    "google-read-aloud",
    "google-safety",
    "google-site-verification",
    "googleother",
    "iframely",
    "line-poker",
    "mastodon/",
    "mediapartners-google",
    "meta-externalagent",
    "meta-externalfetcher",
    "mimecast",
    "ms-office",
    "msoffice",
    "pinterest/0",
    "proofpoint",
    "skypeuripreview",
    "slack-imgproxy",
    "symantec",
    "vkshare",
    "virustotal",
    "whatsapp/",
    "xing-contenttabreceiver",
    "yahoo! slurp",
)
"""Parts of user agents, lower case. Browsers inside applications name the application too (LinkedInApp, Pinterest):
those are people."""


def _url_in(text: str, start: int) -> list[FoundUrl]:
    """Read the URL at the beginning of this text, if there is one; ``start`` is where the text begins."""
    url = _without_tail(text)
    end = start + len(url)
    if _WWW(url):
        return [FoundUrl(start, end, f"http://{url}")]
    return [FoundUrl(start, end, url)] if _HOST(url) else []


def _without_tail(url: str) -> str:
    """Cut off what ends a sentence, and brackets that were not opened. Brackets are counted once, so that a tail of
    thousands takes time in proportion to its length."""
    end = len(url)
    surplus: dict[str, int] = {}  # by closing bracket: how many more were closed than opened, up to ``end``
    while end:
        last = url[end - 1]
        if opening := _BRACKETS.get(last):
            if last not in surplus:
                surplus[last] = url.count(last, 0, end) - url.count(opening, 0, end)
            if surplus[last] <= 0:
                break
            surplus[last] -= 1
        elif last not in _SENTENCE:
            break
        end -= 1
    return url[:end]
