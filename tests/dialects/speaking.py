"""How a test speaks to a dialect: a customer, a request, an answer, and the speaker that each dialect brings.

A speaker knows how its dialect sends one message and queries it, and how its answers read.
"""

import base64
import json
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Protocol
from urllib.parse import quote

ACCEPTED = "accepted"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What a customer's program knows."""

    login: str
    password: str
    key: str
    token: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password, self.key, self.token)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class Door(Protocol):
    """A way in: something that credentials are tried at."""

    name: str
    dialect: str
    wrong_password: str = ""
    """The word for a wrong password where passwords are asked for; else nothing."""

    def send(self, who: Customer, number: str, text: str) -> Call:
        """Make the request that needs the credentials."""
        ...

    def said(self, reply: Reply) -> str:
        """Tell what became of it: ``accepted``, or the code of its refusal."""
        ...


class Speaker(Protocol):
    """A way of calling. A dialect may have several, such as a query and an envelope."""

    name: str
    dialect: str
    posts: tuple[str, ...]
    """Paths that take a body."""
    unknown: tuple[str, ...]
    """Paths below its prefixes that do not exist."""
    bodies: str = "json"
    """Which malformed bodies are tried: ``json``, ``form`` or ``soap``."""
    huge: str
    """The word for a body of ten mebibytes where messages are sent."""
    post_to: str = ""
    """The path of ``posts`` that sends, where it is not the one of ``send``."""
    authorization: bool = True
    """Whether credentials stand in the header Authorization."""
    wrong_password: str = ""
    """The word for a wrong password where passwords are asked for; else nothing."""
    fault_is_500: bool = False
    """Whether a refusal may have the status 500, as a SOAP fault does."""

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        """Make the request for one message; ``sender`` where the vendor has one."""
        ...

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        """Make a request with any body to one of ``posts``, by a caller who is known."""
        ...

    def said(self, reply: Reply) -> str:
        """Tell what became of a send: ``accepted``, or the code of its refusal."""
        ...

    def identity(self, reply: Reply, number: str) -> str:
        """Tell by what an accepted message is asked for."""
        ...

    def ask(self, who: Customer, identity: str) -> Call:
        """Make the request for a message's state."""
        ...

    def word(self, reply: Reply) -> str:
        """Read the state in its answer."""
        ...

    def asked(self, reply: Reply) -> str:
        """Read the answer to a question that is told no state: by default the code of a refusal."""
        return self.said(reply)

    def check(self, reply: Reply) -> None:
        """Fail for an answer that is not in the vendor's form."""
        ...

    def check_bad_head(self, reply: Reply, status: int) -> None:
        """Fail for an answer that is not the vendor's form of this refusal by the HTTP layer."""
        ...


def spellings(secret: str) -> set[bytes]:
    """Return the spellings that a secret may have in an answer or in a log."""
    plain = secret.encode()
    return {plain, quote(secret).encode(), quote(secret, safe="").encode(), base64.b64encode(plain)}


def shows(text: bytes, secret: str) -> bool:
    """Return True if a secret is in this text, also escaped."""
    return any(
        spelling in form for spelling in spellings(secret) for form in (text, unescape(text.decode("latin-1")).encode())
    )


def octets(text: str) -> bytes:
    """Encode a text, half surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def printable(text: str) -> str:
    """Leave out what no XML holds."""
    return "".join(letter for letter in text if letter.isprintable() and not "\ud800" <= letter <= "\udfff")
