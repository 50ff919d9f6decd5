"""Reads a transcript: what a client sends, what it must get, and what is stored then. ``README.md`` shows the format.

This file reads the text of a file into values and finds its mistakes. ``transcript_play.py`` speaks it.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from palomar.dialects import ACCOUNT_SETTINGS
from palomar.vocabulary.account import AccountSettings

ACCOUNT, SETTINGS, EXCHANGE, ANSWER, STORED = "account ", "settings ", "###", "---", "=== stored"
AT_LAST: Final = "(at last)"
HOLE: Final = re.compile(r"\{\{([^{}]+)\}\}")
OWN: Final = ("credits", "enabled", "may_send", "parent")
"""Words of an ``account`` line that are no settings of an account."""
_REQUEST_LINE = re.compile(r"([A-Za-z]+) (\S+)(?: (HTTP/1\.[01]))?").fullmatch
_REPEAT = re.compile("«([0-9]+)×(.*?)»", re.DOTALL)


class TranscriptError(Exception):
    """A mistake in a transcript. Its text begins with the file and the line."""

    def __init__(self, file: Path, line: int, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptAccount:
    """An account that must exist. Money is in credits."""

    login: str = "demo"
    credits: float = 1_000.0
    enabled: bool = True
    may_send: bool = True
    parent: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    """By name, each as the command line takes it."""

    def over(self, settings: AccountSettings) -> AccountSettings:
        """Put the account's settings over these."""
        for name, value in self.settings.items():
            settings = ACCOUNT_SETTINGS.changed(settings, name, value)
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request or an answer as it stands in the file. ``start`` is a request's first line, or an answer's status."""

    line: int
    start: str
    headers: list[tuple[str, str]]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and the answer that it must have."""

    line: int
    title: str
    request: Message
    answer: Message

    @property
    def at_last(self) -> bool:
        """Return True if the request is repeated until its answer is the one written."""
        return self.title.endswith(AT_LAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A whole file. ``stored`` has the columns that matter of every message, oldest first."""

    file: Path
    shows: str
    accounts: list[TranscriptAccount]
    settings: dict[str, str]
    exchanges: list[Exchange]
    stored: list[dict[str, str]]


def transcripts_of(dialect: str) -> list[Path]:
    """List the files of a dialect's folder, in the order of their names."""
    return sorted((Path(__file__).parent / dialect / "transcripts").glob("*.http"))


def read_transcript(file: Path) -> Transcript:
    """Read a file. Raises TranscriptError."""
    return parse_transcript(file.read_text(encoding="utf-8"), file)


def parse_transcript(text: str, file: Path) -> Transcript:
    """Read the text of a file. Raises TranscriptError."""
    lines = text.split("\n")
    marks = [at for at, line in enumerate(lines) if line == EXCHANGE or line.startswith(EXCHANGE + " ")]
    end = next((at for at, line in enumerate(lines) if line.rstrip() == STORED), len(lines))
    if not marks:
        raise TranscriptError(file, len(lines), f"no exchange: none of the lines begins with {EXCHANGE!r}")
    if end < marks[-1]:
        raise TranscriptError(file, end + 1, f"{STORED!r} must come after the last exchange")
    accounts, settings = _preparation(lines[1 : marks[0]], file)
    if not lines[0].strip() or lines[0].startswith((ACCOUNT, SETTINGS, EXCHANGE)):
        raise TranscriptError(file, 1, "the first line must say what the file shows")
    return Transcript(
        file=file,
        shows=lines[0].strip(),
        accounts=accounts or [TranscriptAccount()],
        settings=settings,
        exchanges=[_exchange(lines, at, until, file) for at, until in zip(marks, [*marks[1:], end], strict=True)],
        stored=[_columns(line, file, at + 1) for at, line in enumerate(lines) if at > end and line.strip()],
    )


def _preparation(lines: list[str], file: Path) -> tuple[list[TranscriptAccount], dict[str, str]]:
    accounts: list[TranscriptAccount] = []
    settings: dict[str, str] = {}
    for number, line in enumerate(lines, start=2):
        if line.startswith(ACCOUNT):
            login, *words = line.removeprefix(ACCOUNT).split()
            accounts.append(_account(login, _pairs(words, file, number), file, number))
        elif line.startswith(SETTINGS):
            settings |= _pairs(line.removeprefix(SETTINGS).split(), file, number)
        elif line.strip():
            raise TranscriptError(file, number, f"neither {ACCOUNT!r} nor {SETTINGS!r} nor an exchange: {line!r}")
    return accounts, settings


def _account(login: str, values: dict[str, str], file: Path, line: int) -> TranscriptAccount:
    own = {name: values.pop(name) for name in OWN if name in values}
    for name, value in own.items():
        if name in ("enabled", "may_send") and value not in ("on", "off"):
            raise TranscriptError(file, line, f"{name} is on or off, not {value!r}")
    try:
        account = TranscriptAccount(
            login=login,
            credits=float(own.get("credits", "1000")),
            enabled=own.get("enabled") != "off",
            may_send=own.get("may_send") != "off",
            parent=own.get("parent", ""),
            settings=values,
        )
        account.over(AccountSettings())
    except (ValueError, KeyError) as error:
        raise TranscriptError(file, line, f"account {login}: {error}") from error
    return account


def _pairs(words: list[str], file: Path, line: int) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise TranscriptError(file, line, f"not name=value: {word!r}")
    return dict(word.split("=", 1) for word in words)


def _exchange(lines: list[str], start: int, end: int, file: Path) -> Exchange:
    middle = next((at for at in range(start, end) if lines[at].rstrip() == ANSWER), None)
    if middle is None:
        raise TranscriptError(file, start + 1, f"the exchange has no line {ANSWER!r} before its answer")
    request = _message(lines, start + 1, middle, file)
    answer = _message(lines, middle + 1, end, file)
    if _REQUEST_LINE(request.start) is None:
        raise TranscriptError(file, request.line, f"no request line: {request.start!r}")
    if not re.fullmatch("[1-5][0-9][0-9]", answer.start):
        raise TranscriptError(file, answer.line, f"no status: {answer.start!r}")
    return Exchange(line=start + 1, title=lines[start].removeprefix(EXCHANGE).strip(), request=request, answer=answer)


def _message(lines: list[str], start: int, end: int, file: Path) -> Message:
    blank = next((at for at in range(start, end) if not lines[at].strip()), end)
    if blank == start:
        raise TranscriptError(file, start + 1, "a request or an answer begins here, not an empty line")
    headers = []
    for at in range(start + 1, blank):
        name, colon, value = lines[at].partition(":")
        if not colon or not name:
            raise TranscriptError(file, at + 1, f"no header: {lines[at]!r}")
        headers.append((name, value.strip()))
    body = _REPEAT.sub(lambda found: int(found[1]) * found[2], "\n".join(lines[blank + 1 : end]).strip("\n"))
    return Message(line=start + 1, start=lines[start].strip(), headers=headers, body=body)


def _columns(line: str, file: Path, number: int) -> dict[str, str]:
    """Read ``msisdn=34609033162 state=queued text=all that follows``."""
    before, mark, text = line.partition("text=")
    columns = _pairs(before.split(), file, number)
    return columns | ({"text": text} if mark else {})
