"""The links of one carrier together: how much they take, and which of them takes the next part.

Not here: what is reserved and what the carrier's own pace allows (``carrier``).
"""

import asyncio
from collections.abc import Iterator

from palomar.carriers.smpp.links.link import SmppLink


class LinkPool:
    """All of them, bound or not, in the order in which they were made."""

    def __init__(self) -> None:
        self._links: list[SmppLink] = []

    def __iter__(self) -> Iterator[SmppLink]:
        return iter(self._links)

    def add(self, link: SmppLink) -> None:
        """Add one more."""
        self._links.append(link)

    def remove(self, link: SmppLink) -> None:
        """Remove one: its call has ended."""
        self._links.remove(link)

    @property
    def is_live(self) -> bool:
        """Tell whether submits may be given to any of them."""
        for link in self._links:  # noqa: SIM110  # asked for each part: a generator costs more than the links
            if link.live:
                return True
        return False

    @property
    def on_trial(self) -> bool:
        """Tell whether all that live are on trial, and one lives."""
        is_any = False
        for link in self._links:  # asked at every transaction: mostly the first link tells
            if link.live:
                if not link.answering.on_trial:
                    return False
                is_any = True
        return is_any

    @property
    def takes_nothing(self) -> bool:
        """Tell whether none takes a part before others have got their answers, or waited for them in vain."""
        return all(link.answering.on_trial and not link.answering.is_trying for link in self._links if link.live)

    @property
    def awaits_answers(self) -> bool:
        """Tell whether any has a request without an answer."""
        return any(link.outstanding for link in self._links)

    def capacity(self) -> int:
        """Count the parts they take at a time when nothing is under way."""
        return sum(link.capacity() for link in self._links)

    def free_slots(self, now: float) -> int:
        """Count the parts they would take at ``now`` (monotonic)."""
        free = 0
        for link in self._links:
            free += link.free_slots(now)
        return free

    def roomiest(self, now: float) -> SmppLink | None:
        """Find the link for a part that has a slot. A pace that is used up, or a paused transport, is waited for
        afterwards; None where every window is full."""
        best: SmppLink | None = None
        most = 0
        for link in self._links:
            free = link.free_slots(now)
            if free > most:
                best, most = link, free
        if best is None:
            best = max(self._links, key=SmppLink.window_free, default=None)
            if best is None or best.window_free() <= 0:
                return None
        return best

    def may_try(self, link: SmppLink) -> bool:
        """Tell whether it is this one's turn, of those on trial; one at a time tries."""
        tried = [one for one in self._links if one.answering.on_trial]
        if any(one.answering.is_trying for one in tried):
            return False
        return next((one for one in tried if one.may_try), None) is link

    def stop_submitting(self) -> None:
        """Let none take parts any more."""
        for link in self._links:
            link.stop_submitting()

    async def unbind(self) -> None:
        """Unbind and close all; the carrier holds the deadline."""
        await asyncio.gather(*(link.unbind() for link in self._links))

    def abort(self) -> None:
        """Close all at once; what has no answer is in doubt."""
        for link in list(self._links):
            link.abort()
