"""Sign callbacks, so that a customer can check that a callback is ours, and when it left.

The header is ``Palomar-Signature: t=<Unix seconds>,v1=<hex HMAC-SHA256>``, over the seconds, a dot, and the body, or
without a body the query exactly as it is sent. The time is the attempt's, so an old callback cannot be replayed. Not
here: whose secret it is (``app``), and how customers check it (``docs/callbacks.md``).
"""

import hmac
from collections.abc import Callable
from typing import Final

from palomar.net.urls import BadUrl, Urls
from palomar.vocabulary.account import AccountId

HEADER: Final = "Palomar-Signature"
_SECONDS_DIGITS: Final = 15


class CallbackSigner:
    """The maker of the header. ``secret_of`` returns an account's secret, empty if its callbacks go unsigned;
    ``wall_ms`` is the time in Unix milliseconds."""

    def __init__(self, *, secret_of: Callable[[AccountId], str], wall_ms: Callable[[], int]) -> None:
        self._secret_of = secret_of
        self._wall_ms = wall_ms
        self._urls = Urls()

    def headers(self, account_id: AccountId, url: str, body: bytes | None) -> tuple[tuple[str, str], ...]:
        """Return the headers to add to an attempt that leaves now; none if the account has no secret."""
        secret = self._secret_of(account_id)
        if not secret:
            return ()
        signed = body if body is not None else self._query(url)
        return ((HEADER, signature(secret, signed, at_seconds=self._wall_ms() // 1_000)),)

    def _query(self, url: str) -> bytes:
        try:
            _, target = self._urls.split(url)
        except BadUrl:
            return b""  # it will never be sent
        return target.partition("?")[2].encode("ascii")


def signature(secret: str, signed: bytes, *, at_seconds: int) -> str:
    """Return the header's value."""
    digest = hmac.new(secret.encode("utf-8", "surrogatepass"), b"%d.%b" % (at_seconds, signed), "sha256")
    return f"t={at_seconds},v1={digest.hexdigest()}"


def is_signature(secret: str, header: str, signed: bytes) -> bool:
    """Return True if a header is the signature over these octets, whenever it was made."""
    fields = dict(piece.partition("=")[::2] for piece in header.split(","))
    seconds = fields.get("t", "")
    if not secret or not (seconds.isascii() and seconds.isdigit() and len(seconds) <= _SECONDS_DIGITS):
        return False
    return hmac.compare_digest(signature(secret, signed, at_seconds=int(seconds)).encode(), header.encode())
