"""News: who looks at the sandbox is told that something has changed, and never what: that is asked for as any page is.

Bounded listeners; each hears of its own accounts only. Nothing is done while nobody listens. Not here: the stream that
carries the news to a browser (``console``).
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final, Literal

from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

Topic = Literal["phones", "calls", "callbacks"]

LISTENERS_AT_MOST: Final = 100
A_PERSON_AT_MOST: Final = 6
_ARRIVALS_AT_MOST: Final = 200


class Listener:
    """One who listens. ``arrivals`` are parts that reached a phone, by carrier and reference: whose they are is still
    to be found out."""

    def __init__(self, scope: Scope, person: str) -> None:
        self.person = person
        self.arrivals: set[tuple[str, str]] = set()
        self._scope = scope
        self._topics: set[Topic] = set()
        self._woken = asyncio.Event()
        self._has_ended = False

    async def next(self, *, within_seconds: float) -> frozenset[Topic] | None:
        """What has changed since the last time; nothing after so long without news; None: there will be no more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._woken.wait()
        if self._has_ended:
            return None
        self._woken.clear()
        topics = frozenset(self._topics)
        self._topics.clear()
        return topics

    def tell(self, topic: Topic, owners: Iterable[AccountId | None]) -> None:
        if topic not in self._topics and any(map(self._scope.has, owners)):
            self._topics.add(topic)
            self._woken.set()

    def arrived(self, carrier: str, reference: str) -> None:
        if self._scope.account_ids is None:
            self.tell("phones", (None,))
        elif len(self.arrivals) < _ARRIVALS_AT_MOST:
            self.arrivals.add((carrier, reference))
            self._woken.set()

    def end(self) -> None:
        self._has_ended = True
        self._woken.set()


class ChangeFeed:
    """See the module."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._has_ended = False

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    def listen(self, scope: Scope, *, person: str) -> Listener | None:
        """Listen from now on, until :meth:`leave`; None where too many do already, or nothing will happen any more."""
        of_person = sum(listener.person == person for listener in self._listeners)
        if self._has_ended or len(self._listeners) >= LISTENERS_AT_MOST or of_person >= A_PERSON_AT_MOST:
            return None
        listener = Listener(scope, person)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def tell(self, topic: Topic, owners: Iterable[AccountId | None]) -> None:
        """Something of these accounts (None: the platform's own) has changed."""
        if self._listeners:
            owners = tuple(owners)
            for listener in self._listeners:
                listener.tell(topic, owners)

    def arrived(self, carrier: str, reference: str) -> None:
        """A part that the carrier knows by this reference reached its phone."""
        for listener in self._listeners:
            listener.arrived(carrier, reference)

    def end(self) -> None:
        """The server stops: every listener is told so, and nobody is let in any more."""
        self._has_ended = True
        for listener in self._listeners:
            listener.end()
