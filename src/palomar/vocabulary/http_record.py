"""An HTTP request and its answer as they came, for people who look at what a program does."""

from dataclasses import dataclass

from palomar.vocabulary.account import Account

HeaderLines = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRecord:
    """``status`` is 0 where no answer was given; bodies are their beginnings, and the octets say how long they were."""

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
    """Who called; None where nobody found out."""
    password: str = ""
    """A secret among the rest that stands in no field of that name."""
