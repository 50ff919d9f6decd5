"""Reads ``transcripts/*.http``: what a client sends, what it must get, and what is stored then.

A file begins with a line of what it shows, then lines ``account LOGIN name=value ...`` (parent, credits, switches and
settings; ``demo`` is always there) and ``settings name=value ...`` of the dialect. Each exchange stands after ``### ``
and its title: the request, a line ``---``, the answer's status, its headers that matter, an empty line, its body.
``demo`` asks, unless the request has an ``Authorization``, where ``{LOGIN}`` is that account's key. ``<guid>`` in an
answer is a GUID, and in a request the last one seen (``<GUID>`` in capitals; ``<same guid>`` in an answer); ``<key>``
likewise is a new key. After ``=== stored`` stands what is stored at the end, a message a line.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("transcripts")
_GUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_KEY = "[A-Za-z0-9]{32}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the answer it must have."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer_headers: dict[str, str]
    answer: str


@dataclass(slots=True)
class Transcript:
    """A file. ``accounts`` by login, each with what is said of it."""

    shows: str
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)


def read_transcript(path: Path) -> Transcript:
    text, _, stored = path.read_text(encoding="utf-8").partition("\n=== stored\n")
    head, *pieces = re.split(r"^### ", text, flags=re.MULTILINE)
    shows, *lines = head.strip().splitlines()
    transcript = Transcript(shows, accounts={"demo": {}}, stored=stored.strip().splitlines())
    for line in lines:
        word, *rest = line.split()
        if word == "settings":
            transcript.settings |= dict(pair.split("=", 1) for pair in rest)
        else:
            assert word == "account", line
            transcript.accounts[rest[0]] = dict(pair.split("=", 1) for pair in rest[1:])
    transcript.exchanges = [_exchange(piece) for piece in pieces]
    assert transcript.exchanges
    return transcript


@dataclass(slots=True)
class Seen:
    """What an answer brought that later requests may name."""

    guid: str = ""
    key: str = ""

    def filled(self, text: str) -> str:
        """A part of a request with what was seen in it."""
        return text.replace("<guid>", self.guid).replace("<GUID>", self.guid.upper()).replace("<key>", self.key)

    def matches(self, expected: str, answer: str) -> bool:
        """Whether it is the answer; what is new in it is remembered."""
        shapes = {"guid": _GUID, "key": _KEY, "same guid": re.escape(self.guid), "same key": re.escape(self.key)}
        pieces = re.split("<((?:same )?(?:guid|key))>", expected)
        pattern = "".join(f"({shapes[piece]})" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))
        found = re.fullmatch(pattern, answer)
        if found is None:
            return False
        for name, text in zip(pieces[1::2], found.groups(), strict=True):
            if name == "guid":
                self.guid = text
            elif name == "key":
                self.key = text
        return True


def switches_and_settings(said: dict[str, str]) -> dict[str, Any]:
    """What is said of an account, each value as its setting has it."""
    values: dict[str, Any] = {}
    for name, text in said.items():
        if name in ("senders", "allowed_addresses", "countries"):
            values[name] = tuple(text.split(","))
        elif name in ("enabled", "may_send", "duplicates_filter"):
            values[name] = text == "on"
        else:
            values[name] = text
    return values


def _exchange(piece: str) -> Exchange:
    title, _, rest = piece.partition("\n")
    request, _, answer = rest.partition("\n---\n")
    head, _, body = request.partition("\n\n")
    line, *lines = head.strip().splitlines()
    method, path = line.split(" ", 1)
    answer_head, _, answer_body = answer.strip("\n").partition("\n\n")
    status, *answer_lines = answer_head.splitlines()
    return Exchange(
        title, method, path, _headers(lines), body.strip("\n"), int(status), _headers(answer_lines), answer_body
    )


def _headers(lines: list[str]) -> dict[str, str]:
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
