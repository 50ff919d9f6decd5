"""Short links: finding the URLs of a text, the codes that stand for them, and who only previews a link.

Source: FOXSYS's page, "shortlink": every URL becomes a domain, a slash and seven characters. A code always has a digit
and the names of our own routes have none, so the two are never taken for each other. Not here: storing and redirecting
(``flows.click``, ``links``).
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

CODE_LENGTH: Final = 7

URL_LONGEST: Final = 2_048
"""Characters of a URL behind a short link: what browsers, proxies and address bars all take."""

Links = tuple[tuple[str, str], ...]
"""The codes of a text and the URLs they stand for, in order."""


class FoundUrl(NamedTuple):
    """A URL and where it stands in its text."""

    start: int
    end: int
    url: str


class Linked(NamedTuple):
    """A text with its URLs replaced."""

    text: str
    links: Links


class Codes:
    """Makes codes from a source of secrets in letters and digits; ``token`` gives one of at least seven characters."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self._rest = ""

    def make(self) -> str:
        """A new code, which nobody can guess."""
        while True:
            if len(self._rest) < CODE_LENGTH:
                self._rest = self._token()
            code, self._rest = self._rest[:CODE_LENGTH], self._rest[CODE_LENGTH:]
            if is_code(code) and _DIGIT(code):
                return code


class Shortener(NamedTuple):
    """What shortens the links of an account's texts: what they begin with, and who makes their codes."""

    domain: str
    make: Callable[[], str]

    def shorten(self, text: str) -> Linked:
        """The text with every URL replaced."""
        return with_links(text, domain=self.domain, make=self.make)


def is_code(text: str) -> bool:
    """Whether this has the shape of a code."""
    return _CODE(text) is not None


def find_urls(text: str) -> list[FoundUrl]:
    """The http and https URLs of a text, without the punctuation that ends a sentence or closes what it stands in."""
    if "://" not in text:
        return []
    found = []
    for match in _URL.finditer(text):
        url = _without_tail(match[0])
        if _HOST(url):
            found.append(FoundUrl(match.start(), match.start() + len(url), url))
    return found


def with_links(text: str, *, domain: str, make: Callable[[], str]) -> Linked:
    """Replace each URL by ``domain``, a slash and a code of its own."""
    pieces, links, end = [], [], 0
    for found in find_urls(text):
        code = make()
        pieces.append(f"{text[end : found.start]}{domain}/{code}")
        links.append((code, found.url))
        end = found.end
    return Linked("".join(pieces) + text[end:], tuple(links))


def is_preview(agent: str) -> bool:
    """Whether a user agent is a robot that fetches what a link shows, and no person who follows it."""
    said = agent.lower()
    return any(word in said for word in _PREVIEWERS)


_CODE: Final = re.compile(r"[0-9A-Za-z]{7}").fullmatch
_DIGIT: Final = re.compile(r"[0-9]").search
_URL: Final = re.compile(r"""(?<![0-9A-Za-z])https?://[^\s<>"“”„«»‹›\x00-\x1f\x7f\u200b\u2060\ufeff]+""", re.IGNORECASE)
_HOST: Final = re.compile(r"[A-Za-z]+://(?:[^/?#]*@)?(?:\w|\[[0-9a-fA-F:.]+\])").match
_SENTENCE: Final = ".,;:!?'’‘´`…*¡¿。，、；：！？"
_BRACKETS: Final = {")": "(", "]": "[", "}": "{", "）": "（"}  # a bracket that was opened inside belongs to the URL

_PREVIEWERS: Final = (
    "adsbot",
    "ahrefsbot",
    "applebot",
    "baiduspider",
    "bingbot",
    "bingpreview",
    "bytespider",
    "discordbot",
    "duckduckbot",
    "embedly",
    "facebookcatalog",
    "facebookexternalhit",
    "facebot",
    "google-inspectiontool",
    "google-safety",
    "googlebot",
    "googleother",
    "iframely",
    "line-poker",
    "linkedinbot",
    "mastodon/",
    "mattermost-bot",
    "meta-externalagent",
    "meta-externalfetcher",
    "mj12bot",
    "petalbot",
    "pinterestbot",
    "redditbot",
    "semrushbot",
    "skypeuripreview",
    "slack-imgproxy",
    "slackbot",
    "snap url preview",
    "telegrambot",
    "twitterbot",
    "vkshare",
    "whatsapp/",
    "xing-contenttabreceiver",
    "yandexbot",
    "zoombot",
)
"""Parts of user agents, lower case. Browsers inside applications name the application too (LinkedInApp, Pinterest):
those are people."""


def _without_tail(url: str) -> str:
    """Cut off what ends a sentence, and brackets that nobody opened. Brackets are counted once, so that a tail of
    thousands takes no longer than its length."""
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
