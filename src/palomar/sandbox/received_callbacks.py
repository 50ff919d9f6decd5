"""Keeps the callbacks that Palomar sent to its own address, so that the sandbox can show what a customer would receive.

They are kept in memory, a bounded number for each account. The account of a received callback is known because the
callback was noted when it left. Not here: the HTTP address (``app.front``), and the signature (``net.signing``).
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

CALLBACKS_PER_ACCOUNT: Final = 50
ACCOUNTS_AT_MOST: Final = 50
SHOWN: Final = 50
SIGNATURE: Final = b"palomar-signature"
_EXPECTED_AT_MOST: Final = 2_000


class Signature(StrEnum):
    """The result of checking a callback's signature as a customer would."""

    VALID = "valid"
    WRONG = "wrong"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCallback:
    """One request to our callback address, as it was received."""

    at_ms: int
    method: str
    target: str
    headers: HeaderLines
    body: bytes
    account_id: AccountId | None
    """The account whose callback it is; None if Palomar did not send it."""
    message_id: MessageId | None
    """The message, or inbound message, that it is about."""
    signature: Signature


_SentRequest = tuple[str, str, bytes]
"""Method, target and body of a callback that left for our own address."""


class ReceivedCallbacks:
    """The last callbacks that our own address received.

    ``is_signature(account_id, header, octets)`` tells whether the header is that account's signature of the octets.
    """

    def __init__(
        self, clock: Clock, changes: ChangeFeed, *, is_signature: Callable[[AccountId, str, bytes], bool]
    ) -> None:
        self._clock = clock
        self._changes = changes
        self._is_signature = is_signature
        self._received: RingBuffer[ReceivedCallback] = RingBuffer(kept=CALLBACKS_PER_ACCOUNT, owners=ACCOUNTS_AT_MOST)
        self._expected: OrderedDict[_SentRequest, tuple[AccountId, MessageId]] = OrderedDict()

    def expect(
        self, method: str, target: str, body: bytes | None, *, account_id: AccountId, message_id: MessageId
    ) -> None:
        """Note whose callback is about to leave for our own address."""
        self._expected[method, target, body or b""] = (account_id, message_id)
        if len(self._expected) > _EXPECTED_AT_MOST:
            self._expected.popitem(last=False)

    def receive(self, method: str, target: str, headers: HeaderLines, body: bytes) -> None:
        """Keep a request to our callback address, whoever sent it."""
        account_id, message_id = self._expected.get((method, target, body), (None, None))
        received = ReceivedCallback(
            at_ms=self._clock.wall_ms(),
            method=method,
            target=target,
            headers=headers,
            body=body,
            account_id=account_id,
            message_id=message_id,
            signature=self._check_signature(account_id, method, target, headers, body),
        )
        self._received.add(account_id, received)
        self._changes.publish("callbacks", (account_id,))

    def recent(self, scope: Scope) -> list[tuple[int, ReceivedCallback]]:
        """Return the last callbacks in scope with their numbers, newest first."""
        return self._received.recent(scope, SHOWN)

    def find(self, scope: Scope, number: int) -> ReceivedCallback | None:
        """Return the callback of this number; None if it is not kept, or not in scope."""
        return self._received.find(scope, number)

    def _check_signature(
        self, account_id: AccountId | None, method: str, target: str, headers: HeaderLines, body: bytes
    ) -> Signature:
        header = next((value for name, value in headers if name.lower() == SIGNATURE), None)
        if header is None or account_id is None:
            return Signature.NONE
        signed = body if method == "POST" else target.partition("?")[2].encode("latin-1")
        is_valid = self._is_signature(account_id, header.decode("latin-1"), signed)
        return Signature.VALID if is_valid else Signature.WRONG
