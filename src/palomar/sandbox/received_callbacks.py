"""The sandbox's own customer: callbacks that were sent to our own address, as a customer's program would have got them.

In memory, some an account. Whose a callback is, is known because it was noted when it left. Not here: how it is
taken (``web``), and how it was signed (``net.signing``).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from palomar.ports import Clock
from palomar.sandbox.change_feed import ChangeFeed
from palomar.sandbox.ring_buffer import RingBuffer
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.http_record import HeaderLines
from palomar.vocabulary.message import MessageId

CALLBACKS_AN_ACCOUNT: Final = 50
ACCOUNTS_AT_MOST: Final = 50
SHOWN: Final = 50
SIGNATURE: Final = b"palomar-signature"
_LEAVING_AT_MOST: Final = 2_000


class Signature(StrEnum):
    """What a customer who checks the signature would have found."""

    FITS = "fits"
    WRONG = "wrong"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCallback:
    """One callback as it came."""

    at_ms: int
    method: str
    target: str
    headers: HeaderLines
    body: bytes
    account_id: AccountId | None
    """Whose; None where it is no callback of ours."""
    message_id: MessageId | None
    """Which message's (or message's from a phone) it is."""
    signature: Signature


_Leaving = tuple[str, str, bytes]


class ReceivedCallbacks:
    """See the module. ``fits`` says whether a header is the signature of an account over some octets."""

    def __init__(self, clock: Clock, news: ChangeFeed, *, fits: Callable[[AccountId, str, bytes], bool]) -> None:
        self._clock = clock
        self._news = news
        self._fits = fits
        self._rings: RingBuffer[ReceivedCallback] = RingBuffer(kept=CALLBACKS_AN_ACCOUNT, owners=ACCOUNTS_AT_MOST)
        self._leaving: OrderedDict[_Leaving, tuple[AccountId, MessageId]] = OrderedDict()

    def leaving(
        self, method: str, target: str, body: bytes | None, *, account_id: AccountId, message_id: MessageId
    ) -> None:
        """A callback leaves for our own address now."""
        self._leaving[method, target, body or b""] = (account_id, message_id)
        if len(self._leaving) > _LEAVING_AT_MOST:
            self._leaving.popitem(last=False)

    def came(self, method: str, target: str, headers: HeaderLines, body: bytes) -> None:
        """One came to our address; whoever sent it."""
        account_id, message_id = self._leaving.get((method, target, body), (None, None))
        got = ReceivedCallback(
            at_ms=self._clock.wall_ms(),
            method=method,
            target=target,
            headers=headers,
            body=body,
            account_id=account_id,
            message_id=message_id,
            signature=self._judged(account_id, method, target, headers, body),
        )
        self._rings.add(account_id, got)
        self._news.tell("callbacks", (account_id,))

    def recent(self, scope: Scope) -> list[tuple[int, ReceivedCallback]]:
        """The last callbacks in scope with their numbers, newest first."""
        return self._rings.seen_by(scope, SHOWN)

    def find(self, scope: Scope, number: int) -> ReceivedCallback | None:
        """One of them; None for any other."""
        return self._rings.find(scope, number)

    def _judged(
        self, account_id: AccountId | None, method: str, target: str, headers: HeaderLines, body: bytes
    ) -> Signature:
        header = next((value for name, value in headers if name.lower() == SIGNATURE), None)
        if header is None or account_id is None:
            return Signature.NONE
        signed = body if method == "POST" else target.partition("?")[2].encode("latin-1")
        is_good = self._fits(account_id, header.decode("latin-1"), signed)
        return Signature.FITS if is_good else Signature.WRONG
