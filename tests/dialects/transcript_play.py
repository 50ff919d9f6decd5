"""Play a transcript to an application and compare the answers. ``transcript.py`` reads the file."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus

from tests.dialects.transcript import HOLE, Exchange, Message, Transcript, TranscriptError

KINDS: Final = {
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "jwt": r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d",
    "second": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "hex13": "[0-9a-f]{13}",
    "short_id": "[0-9]{4,10}",
    "secret32": "[A-Za-z0-9]{32}",
}
"""Patterns that a hole of an answer names."""
LINE_ENDS: Final = {"lf": "\n", "crlf": "\r\n"}
ABSENT: Final = "(absent)"
PATIENCE_SECONDS: Final = 10.0
LOOK_EVERY_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request with all its holes filled."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes

    def octets(self) -> bytes:
        """Write it as it goes over a connection of its own. Host and Content-Length are added."""
        headers = list(self.headers)
        if not any(name.lower() == "host" for name, _ in headers):
            headers.append(("Host", "palomar.test"))
        headers.append(("Connection", "close"))
        if self.body or self.method not in ("GET", "HEAD"):
            headers.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.target} {self.version}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


Ask = Callable[[Request], Awaitable[Answer]]


async def play(transcript: Transcript, ask: Ask, known: Mapping[str, str]) -> None:
    """Speak every exchange in order. ``known`` fills holes by name. Raises TranscriptError at the first difference."""
    seen = dict(known)
    for exchange in transcript.exchanges:
        request = filled_request(transcript, exchange.request, seen)
        answer = await ask(request)
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while exchange.at_last and difference(transcript, exchange, answer, seen):
            if asyncio.get_running_loop().time() > end:
                break
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            answer = await ask(request)
        if wrong := difference(transcript, exchange, answer, seen):
            raise TranscriptError(transcript.file, exchange.answer.line, f"{exchange.title or 'exchange'}: {wrong}")


def assert_stored(transcript: Transcript, stored: list[dict[str, str]]) -> None:
    """Compare what is stored at the end, column by column of those that the file names."""
    assert len(stored) == len(transcript.stored), f"{transcript.file}: {stored}"
    for message, columns in zip(stored, transcript.stored, strict=True):
        assert {name: message[name] for name in columns} == columns, str(transcript.file)


async def speak(port: int, request: bytes) -> Answer:
    """Send these octets over a connection of their own, and read until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Answer(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)


def filled_request(transcript: Transcript, written: Message, seen: Mapping[str, str]) -> Request:
    """Fill the holes of a request. Its body is in the charset that its Content-Type names, or in UTF-8."""
    method, target, *version = _filled(transcript, written, written.start, seen).split(" ")
    headers = [(name, _filled(transcript, written, value, seen)) for name, value in written.headers]
    types = [value for name, value in headers if name.lower() == "content-type"]
    charset = re.search(r'charset="?([\w-]+)', types[0]) if types else None
    return Request(
        method=method,
        target=target,
        version=version[0] if version else "HTTP/1.1",
        headers=headers,
        body=_filled(transcript, written, written.body, seen).encode(charset[1] if charset else "utf-8"),
    )


def difference(transcript: Transcript, exchange: Exchange, answer: Answer, seen: dict[str, str]) -> str:
    """Say how an answer differs from the one written; nothing if it does not. New values are put into ``seen``."""
    wanted = exchange.answer
    if answer.status != int(wanted.start):
        return f"status {answer.status} instead of {wanted.start}\n{answer.body}"
    for name, value in wanted.headers:
        found = answer.headers.get(name.lower(), ABSENT)
        if found != _filled(transcript, wanted, value, seen):
            return f"{name}: {found!r} instead of {value!r}"
    pattern, names = _pattern(transcript, wanted, seen)
    match = re.fullmatch(pattern, answer.body)
    if match is None:
        return f"body\n{answer.body}\ninstead of\n{wanted.body}"
    seen.update({name: match[number] for number, name in enumerate(names, start=1) if name})
    return ""


def _pattern(transcript: Transcript, wanted: Message, seen: Mapping[str, str]) -> tuple[str, list[str]]:
    """Write a body as a pattern, with a group a hole that is kept, and the names that they are kept by."""
    pattern, end, names = "", 0, list[str]()
    for hole in HOLE.finditer(wanted.body):
        pattern += re.escape(wanted.body[end : hole.start()])
        kind, _, name = hole[1].partition(":")
        if name in KINDS:
            raise TranscriptError(transcript.file, wanted.line, f"{{{{{hole[1]}}}}}: a kind's name keeps nothing")
        if kind in KINDS:
            pattern += f"({KINDS[kind]})"
            names.append(name)
        else:
            pattern += re.escape(_filling(transcript, wanted, hole[1], seen))
        end = hole.end()
    return pattern + re.escape(wanted.body[end:]), names


def _filled(transcript: Transcript, written: Message, text: str, seen: Mapping[str, str]) -> str:
    while hole := HOLE.search(text):
        text = text[: hole.start()] + _filling(transcript, written, hole[1], seen) + text[hole.end() :]
    return text


def _filling(transcript: Transcript, written: Message, hole: str, seen: Mapping[str, str]) -> str:
    maker, _, rest = hole.partition(":")
    if hole in seen:
        return seen[hole]
    if hole in LINE_ENDS:
        return LINE_ENDS[hole]
    if maker == "basic":
        return "Basic " + base64.b64encode(rest.encode()).decode()
    if maker == "query":
        return quote_plus(rest)
    if maker == "upper" and rest in seen:
        return seen[rest].upper()
    known = ", ".join(sorted(seen))
    raise TranscriptError(transcript.file, written.line, f"{{{{{hole}}}}} is unknown here; known are {known}")
