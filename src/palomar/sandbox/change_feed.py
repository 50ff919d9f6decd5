"""Tells open sandbox pages that something has changed, so that they read it again.

A change names a topic and no content: the page reads the content as any page does, within its scope. The number of
subscribers is bounded, and each learns of changes in its own scope only. Without subscribers nothing is done. Not here:
the event stream that carries the changes to a browser (``console.pages.sandbox_stream``).
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final, Literal

from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

Topic = Literal["phones", "calls", "callbacks"]

SUBSCRIBERS_AT_MOST: Final = 100
SUBSCRIBERS_PER_PERSON: Final = 6
_ARRIVALS_AT_MOST: Final = 200


class Subscriber:
    """One open page of one person. ``arrivals`` are parts that reached a simulated phone, as (carrier, reference);
    which account sent them is not known yet, so the reader looks it up (``PersonalSandbox.next_changes``)."""

    def __init__(self, scope: Scope, person: str) -> None:
        self.person = person
        self.arrivals: set[tuple[str, str]] = set()
        self._scope = scope
        self._topics: set[Topic] = set()
        self._woken = asyncio.Event()
        self._has_ended = False

    async def next(self, *, within_seconds: float) -> frozenset[Topic] | None:
        """Wait for a change and return the topics that changed since the last call.

        Return an empty set if none did within ``within_seconds``, and None after :meth:`close`.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._woken.wait()
        if self._has_ended:
            return None
        self._woken.clear()
        topics = frozenset(self._topics)
        self._topics.clear()
        return topics

    def publish(self, topic: Topic, owners: Iterable[AccountId | None]) -> None:
        """Wake the reader if one of these accounts is in its scope."""
        if topic not in self._topics and any(map(self._scope.includes, owners)):
            self._topics.add(topic)
            self._woken.set()

    def part_arrived(self, carrier: str, reference: str) -> None:
        """Wake the reader. One who sees every account needs no lookup; for others the part is added to ``arrivals``."""
        if self._scope.account_ids is None:
            self.publish("phones", (None,))
        elif len(self.arrivals) < _ARRIVALS_AT_MOST:
            self.arrivals.add((carrier, reference))
            self._woken.set()

    def close(self) -> None:
        """Wake the reader for the last time."""
        self._has_ended = True
        self._woken.set()


class ChangeFeed:
    """The subscribers of one server, and the changes that are published to them."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._has_ended = False

    @property
    def has_subscribers(self) -> bool:
        return bool(self._subscribers)

    def subscribe(self, scope: Scope, *, person: str) -> Subscriber | None:
        """Return a new subscriber; None if the server or the person has too many already, or the feed is closed."""
        of_person = sum(subscriber.person == person for subscriber in self._subscribers)
        if self._has_ended or len(self._subscribers) >= SUBSCRIBERS_AT_MOST or of_person >= SUBSCRIBERS_PER_PERSON:
            return None
        subscriber = Subscriber(scope, person)
        self._subscribers.add(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def publish(self, topic: Topic, owners: Iterable[AccountId | None]) -> None:
        """Publish that something of these accounts has changed; None stands for what belongs to no account."""
        if self._subscribers:
            owners = tuple(owners)
            for subscriber in self._subscribers:
                subscriber.publish(topic, owners)

    def part_arrived(self, carrier: str, reference: str) -> None:
        """Publish that a part, known to its carrier by this reference, reached its phone."""
        for subscriber in self._subscribers:
            subscriber.part_arrived(carrier, reference)

    def close(self) -> None:
        """End every subscription, and accept no more of them: the server stops."""
        self._has_ended = True
        for subscriber in self._subscribers:
            subscriber.close()
