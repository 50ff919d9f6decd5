"""Reads ``transcripts/*.http``: what a client sends, what it must get, and what must be stored then.

A file is one line of what it shows, optional lines ``account: name=value ...`` (one an account; the first is demo) and
``dialect: name=value ...``, then exchanges: the request's head and body after ``>>>``, the answer's status, headers
(those that matter) and body after ``<<<``. After ``===`` stands what is stored at the end, a message a line, the
columns that matter; no such part means nothing is.

``{uuid}``, ``{jwt}``, ``{timestamp}`` and ``{second}`` in an answer match what we made; ``{uuid:name}`` keeps it, and
``{name}`` stands for it from then on. ``{token}`` is demo's, ``{token:LOGIN}`` another account's. ``«9×text»`` is
written nine times.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.dialects.sofmex.house import Owner

from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.domain.account import AccountSettings
from palomar.domain.settings import with_setting

FOLDER = Path(__file__).with_name("transcripts")
KINDS = {
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "jwt": r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d",
    "second": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
}
_REPEAT = re.compile("«([0-9]+)×(.*?)»", re.DOTALL)
_HOLE = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Both as they stand in the file."""

    request: str
    answer: str


@dataclass(slots=True)
class Transcript:
    shows: str
    owners: list[Owner]
    settings: SofmexSettings
    exchanges: list[Exchange] = field(default_factory=list)
    stored: list[dict[str, str]] = field(default_factory=list)


def read_transcript(path: Path) -> Transcript:
    text = _REPEAT.sub(lambda found: int(found[1]) * found[2], path.read_text("utf-8"))
    head, *blocks = re.split(r"^(?=>>>\n|<<<\n|===\n)", text, flags=re.MULTILINE)
    shows, *lines = head.strip().splitlines()
    owners = [_owner(line) for line in lines if line.startswith("account:")]
    transcript = Transcript(shows, owners or [Owner()], _settings(lines))
    request = ""
    for block in blocks:
        mark, _, content = block.partition("\n")
        if mark == ">>>":
            request = content
        elif mark == "<<<":
            transcript.exchanges.append(Exchange(request, content))
        else:
            transcript.stored = [_columns(line) for line in content.strip().splitlines()]
    return transcript


def request_octets(text: str, known: dict[str, str]) -> bytes:
    """The request with what is known filled in; its length is added. The body is without the file's last newline."""
    head, _, body = _filled(text, known).partition("\n\n")
    octets = body.removesuffix("\n").removesuffix("\n").encode()
    lines = [*head.strip().split("\n"), "Host: palomar.test", "Connection: close", f"Content-Length: {len(octets)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + octets


def expected_head(text: str, known: dict[str, str]) -> tuple[int, dict[str, str]]:
    status, *headers = _filled(text, known).partition("\n\n")[0].strip().splitlines()
    pairs = (line.partition(":") for line in headers)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}


def match_body(text: str, body: str, known: dict[str, str]) -> dict[str, str] | None:
    """What the answer's named holes held; None if it is another answer."""
    expected = text.partition("\n\n")[2].strip("\n")
    pattern, end = "", 0
    for hole in _HOLE.finditer(expected):
        pattern += re.escape(expected[end : hole.start()])
        kind, name = hole[1], hole[2]
        if kind in KINDS:
            pattern += f"(?P<{name}>{KINDS[kind]})" if name else KINDS[kind]
        else:
            pattern += re.escape(known.get(kind, hole[0]))
        end = hole.end()
    found = re.fullmatch(pattern + re.escape(expected[end:]), body.removesuffix("\n"))
    return None if found is None else found.groupdict()


def _filled(text: str, known: dict[str, str]) -> str:
    return _HOLE.sub(lambda found: known.get(found[0][1:-1], found[0]), text)


def _owner(line: str) -> Owner:
    values = dict(pair.split("=", 1) for pair in line.removeprefix("account:").split())
    settings = with_setting(AccountSettings(), "requests_per_second", "0")
    own = {name: values.pop(name, default) for name, default in _OWN.items()}
    for name, value in values.items():
        settings = with_setting(settings, name, value)
    return Owner(
        login=own["login"],
        settings=settings,
        credit_microcredits=round(float(own["credits"]) * 1_000_000),
        enabled=own["enabled"] == "yes",
        may_send=own["may_send"] == "yes",
    )


_OWN = {"login": "demo", "credits": "1000", "enabled": "yes", "may_send": "yes"}


def _settings(lines: list[str]) -> SofmexSettings:
    pairs = [pair for line in lines if line.startswith("dialect:") for pair in line.removeprefix("dialect:").split()]
    values = dict(pair.split("=", 1) for pair in pairs)
    strict = values.pop("strict_http", "no") == "yes"
    return SofmexSettings(strict_http=strict, **values)


def _columns(line: str) -> dict[str, str]:
    """``msisdn=525512345678 state=queued text=all that follows``."""
    before, mark, text = line.partition("text=")
    columns = dict(pair.split("=", 1) for pair in before.split())
    return columns | ({"text": text} if mark else {})
