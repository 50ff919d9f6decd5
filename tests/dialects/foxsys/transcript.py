"""Reads ``transcripts/*.http``: what a client sends, what it must get, and what must be stored then.

A file is one line of what it shows, optional lines ``account: name=value ...``, then exchanges: the request's head and
body after ``>>>``, the answer's status, headers (those that matter) and body after ``<<<``. After ``===`` stands what
is stored at the end, a message a line, the columns that matter; no such part means nothing is. ``{basic:user:token}``
is written as an Authorization, ``{token}`` is the account's; in an answer ``{subid}`` is one that we made, ``{time}``
any time, ``{crlf}`` a line's end.
"""

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.dialects.foxsys.gateway_on_sqlite import TOKEN, Owner

from palomar.domain.account import AccountSettings
from palomar.domain.settings import with_setting

FOLDER = Path(__file__).with_name("transcripts")
MARKS = {"{subid}": "[0-9a-f]{13}", "{time}": r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}", "{crlf}": "\r\n"}


@dataclass(frozen=True, slots=True)
class Expected:
    status: int
    headers: dict[str, str]
    body: str

    def body_matches(self, body: str) -> bool:
        pattern = re.escape(self.body)
        for mark, meaning in MARKS.items():
            pattern = pattern.replace(re.escape(mark), meaning)
        return re.fullmatch(pattern, body) is not None


@dataclass(slots=True)
class Transcript:
    shows: str
    owner: Owner = field(default_factory=Owner)
    exchanges: list[tuple[bytes, Expected]] = field(default_factory=list)
    stored: list[dict[str, str]] = field(default_factory=list)


def read_transcript(path: Path) -> Transcript:
    head, *blocks = re.split(r"^(?=>>>\n|<<<\n|===\n)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    shows, *accounts = head.strip().splitlines()
    transcript = Transcript(shows, _owner(accounts))
    request = b""
    for block in blocks:
        mark, _, text = block.partition("\n")
        if mark == ">>>":
            request = _request(text)
        elif mark == "<<<":
            transcript.exchanges.append((request, _expected(text)))
        else:
            transcript.stored = [_columns(line) for line in text.strip().splitlines()]
    return transcript


def _owner(lines: list[str]) -> Owner:
    settings = AccountSettings()
    values: dict[str, str] = {}
    for line in lines:
        name, _, value = line.removeprefix("account:").strip().partition("=")
        if name in ("enabled", "may_send", "credits"):
            values[name] = value
        else:
            settings = with_setting(settings, name, value)
    return Owner(
        settings=settings,
        credit_microcredits=round(float(values.get("credits", "1000")) * 1_000_000),
        enabled=values.get("enabled") != "no",
        may_send=values.get("may_send") != "no",
    )


def _request(text: str) -> bytes:
    text = text.replace("{token}", TOKEN)
    text = re.sub(r"\{basic:([^}]*)\}", lambda found: "Basic " + _base64(found[1]), text)
    head, _, body = text.partition("\n\n")
    octets = body.removesuffix("\n").encode()
    lines = [*head.strip().split("\n"), "Host: palomar.test", "Connection: close"]
    if octets or head.startswith("POST"):
        lines.append(f"Content-Length: {len(octets)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + octets


def _expected(text: str) -> Expected:
    head, _, body = text.partition("\n\n")
    status, *headers = head.strip().splitlines()
    pairs = (line.partition(":") for line in headers)
    return Expected(int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}, body.strip("\n"))


def _columns(line: str) -> dict[str, str]:
    """``msisdn=34609033162 state=queued text=all that follows``."""
    before, mark, text = line.partition("text=")
    columns = dict(pair.split("=", 1) for pair in before.split())
    return columns | ({"text": text} if mark else {})


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
