"""A record of an HTTP request and its answer, for people who look at what their program does."""

from dataclasses import dataclass

from palomar.vocabulary.account import Account

HeaderLines = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRecord:
    """A request and its answer. ``status`` is 0 if there was no answer; bodies are cut, and the octets count their full
    length."""

    method: str
    target: bytes
    version: str = "1.1"
    headers: HeaderLines = ()
    body: bytes = b""
    body_octets: int = 0
    status: int = 0
    answer_headers: HeaderLines = ()
    answer: bytes = b""
    answer_octets: int = 0
    elapsed_ms: int = 0
    account: Account | None = None
    """The account that called; None if it was not identified."""
    password: str = ""
    """The caller's secret, to be hidden wherever it occurs in the rest."""
    is_documentation: bool = False
    """True if a page about the API was asked for."""
