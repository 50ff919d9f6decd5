"""The links of one carrier together: how much they take, and which of them takes the next part.

Not here: reservations and the carrier's own pace (``carrier``).
"""

import asyncio
from collections.abc import Iterator

from palomar.carriers.smpp.links.link import SmppLink


class LinkPool:
    """All links of a carrier, bound or not, in the order in which they were made."""

    def __init__(self) -> None:
        self._links: list[SmppLink] = []

    def __iter__(self) -> Iterator[SmppLink]:
        return iter(self._links)

    def add(self, link: SmppLink) -> None:
        """Add a link."""
        self._links.append(link)

    def remove(self, link: SmppLink) -> None:
        """Remove a link: its call has ended."""
        self._links.remove(link)

    @property
    def is_live(self) -> bool:
        """Return True if submits may be given to any link."""
        for link in self._links:  # noqa: SIM110  # asked for each part: a generator costs more than the links
            if link.live:
                return True
        return False

    @property
    def on_trial(self) -> bool:
        """Return True if a link is live and all live links are on trial."""
        is_any = False
        for link in self._links:  # read at every transaction; mostly the first link decides
            if link.live:
                if not link.answer_watch.on_trial:
                    return False
                is_any = True
        return is_any

    @property
    def takes_nothing(self) -> bool:
        """Return True if no link takes a part before others were answered or have timed out."""
        return all(link.answer_watch.on_trial and not link.answer_watch.is_trying for link in self._links if link.live)

    @property
    def awaits_answers(self) -> bool:
        """Return True if any link has a request without an answer."""
        return any(link.outstanding for link in self._links)

    def capacity(self) -> int:
        """Count the parts that all links take at a time when nothing is under way."""
        return sum(link.capacity() for link in self._links)

    def free_slots(self, now: float) -> int:
        """Count the parts that the links would take at ``now`` (monotonic)."""
        free = 0
        for link in self._links:
            free += link.free_slots(now)
        return free

    def roomiest(self, now: float) -> SmppLink | None:
        """Return the link for a part that has a slot; None if every window is full. A pace that is used up, or a paused
        transport, does not count: the part waits on the link."""
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
        """Return True if this link is the next of those on trial to get a part; one at a time does."""
        tried = [one for one in self._links if one.answer_watch.on_trial]
        if any(one.answer_watch.is_trying for one in tried):
            return False
        return next((one for one in tried if one.may_try), None) is link

    def stop_submitting(self) -> None:
        """Let no link take parts any more."""
        for link in self._links:
            link.stop_submitting()

    async def unbind(self) -> None:
        """Unbind and close all links; the carrier watches the deadline."""
        await asyncio.gather(*(link.unbind() for link in self._links))

    def abort(self) -> None:
        """Close all links at once; parts without an answer are in doubt."""
        for link in list(self._links):
            link.abort()
