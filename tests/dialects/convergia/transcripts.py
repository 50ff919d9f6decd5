"""Wire dialogs as files: what is sent, octet by octet, and what comes back.

A file is exchanges, each after a line ``### what it shows``: a request, a line ``---``, the answer's status line, its
headers that matter, an empty line, its body. Content-Length is added. The body is sent in the charset that the request
declares. ``<id>`` in an answer is a message's id, and in a request the last one seen. With ``(at last)`` at the end of
its title an exchange is repeated until it is so. ``<port>`` is the listener's.
"""

import re
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import eventually

TIMEOUT_SECONDS = 10.0
AT_LAST = "(at last)"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the answer it must have."""

    title: str
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came."""

    version: str
    status: int
    headers: dict[str, str]
    body: str


def read_exchanges(file: Path) -> list[Exchange]:
    """The exchanges of a transcript, in order."""
    exchanges = []
    for piece in re.split(r"^### ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = piece.partition("\n")
        request, _, answer = rest.partition("\n---\n")
        exchanges.append(Exchange(title, request.strip("\n"), answer.strip("\n")))
    return exchanges


def play(exchanges: list[Exchange], *, port: int) -> None:
    """Speak the requests over a socket each; fails at the first answer that is another."""
    last = ""
    for exchange in exchanges:
        raw = octets_of(exchange.request.replace("<id>", last).replace("<port>", str(port)))
        expected = exchange.answer.replace("<port>", str(port))
        if exchange.title.endswith(AT_LAST):
            eventually(
                lambda raw=raw, expected=expected: matched(speak(raw, port=port), expected) is not None,
                within_seconds=TIMEOUT_SECONDS,
                what=exchange.title,
            )
            continue
        answer = speak(raw, port=port)
        found = matched(answer, expected)
        assert found is not None, f"{exchange.title}:\n{answer}\ninstead of\n{expected}"
        last = found or last


def octets_of(request: str) -> bytes:
    """The request as it goes out."""
    head, _, body = request.partition("\n\n")
    charset = re.search(r'charset="?([\w-]+)', head)
    content = body.encode(charset[1] if charset else "utf-8")
    lines = head.split("\n")
    if not any(line.lower().startswith("host:") for line in lines):
        lines.append("Host: sms.example:8181")
    lines.append("Connection: close")
    if not lines[0].startswith("GET"):
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def speak(raw: bytes, *, port: int) -> Answer:
    """Send the octets and read until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(raw)
        received = bytearray()
        while piece := connection.recv(65536):
            received += piece
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    version, status, _ = status_line.split(" ", 2)
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(version, int(status), headers, body.decode("utf-8"))


def matched(answer: Answer, expected: str) -> str | None:
    """The id that stands for ``<id>``, or nothing if there is none; None if it is another answer."""
    head, _, body = expected.partition("\n\n")
    status, *lines = head.split("\n")
    wanted = dict(line.lower().split(": ", 1) for line in lines)
    if answer.status != int(status.split()[1]):
        return None
    if any(answer.headers.get(name, "").lower() != value for name, value in wanted.items()):
        return None
    pattern = re.escape(body).replace("<id>", "([0-9]{4,10})")
    found = re.fullmatch(pattern, answer.body)
    if found is None:
        return None
    return found[1] if found.groups() else ""
