"""Tells a message that a phone wrote again from a copy that the carrier sent again.

A carrier sends again what may not have reached us. So a copy comes before we acknowledged the first, or after an
acknowledgement that the carrier may not have seen: one that took so long that the carrier had given up, or one on a
link which broke. Anything else is a new message: people answer SI, 1 or a vote as often as they like.

The newest message of the same octets holds their key in the table, which is unique: so of two copies that two nodes
take at once, one is stored. If a message with the same octets is new, the older one gives up the key.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec import Struct

from palomar.inbound import inbound_rows as rows
from palomar.ports import CarrierInbound
from palomar.storage.database import Transaction
from palomar.storage.statements import Lookup, Row
from palomar.transaction.work import Work

SLOW_MS = 5_000
AFTER_SLOW_MS = 30_000
"""For so long after an acknowledgement that took longer than SLOW_MS, a copy may be on its way."""
UNSEEN_MS = 60_000
"""An acknowledgement so shortly before its link broke may not have been seen."""
SHORTLY_MS = 60_000
"""For so long after a link broke, or after the next one was bound, a carrier may send again."""
NEVER_MS = 600_000
"""A message that has been unacknowledged for so long, on a live link, was acknowledged and not marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundArrival:
    """How a message came: when, by which link (and since when that is bound), and when it was acknowledged.

    ``broke_ms`` is when its link ended; None while it lives.
    """

    came_ms: int
    link: str = ""
    bound_ms: int = 0
    acknowledged_ms: int | None = None
    broke_ms: int | None = None


def is_repeat(first: InboundArrival, again: InboundArrival) -> bool:
    """Return True if ``again``, of the same octets by the same carrier, is a copy of ``first``."""
    acknowledged_ms, broke_ms = first.acknowledged_ms, first.broke_ms
    if acknowledged_ms is None:
        if broke_ms is None:
            return again.came_ms - first.came_ms < NEVER_MS
        return _is_shortly_after(broke_ms, again)
    was_slow = acknowledged_ms - first.came_ms > SLOW_MS
    if was_slow and again.came_ms - acknowledged_ms <= AFTER_SLOW_MS:
        return True
    return broke_ms is not None and acknowledged_ms >= broke_ms - UNSEEN_MS and _is_shortly_after(broke_ms, again)


def _is_shortly_after(broke_ms: int, again: InboundArrival) -> bool:
    bound_since = again.bound_ms >= broke_ms and again.came_ms - again.bound_ms <= SHORTLY_MS
    return again.came_ms - broke_ms <= SHORTLY_MS or bound_since


class Acknowledged(Struct, frozen=True):
    """An acknowledgement to the carrier that we have this message."""

    inbound: CarrierInbound
    at_ms: int


class LinkEnded(Struct, frozen=True):
    """The end of a link by which messages had come."""

    link: str
    at_ms: int


class EarlierMessages:
    """What came before with the same octets as messages that come now."""

    def __init__(self, work: Work, known: dict[str, InboundArrival]) -> None:
        self._work = work
        self._known = known
        self.superseded: list[str] = []
        """Keys that an earlier message gives up, because a new message of the same octets holds them now."""

    def accept(self, inbound: CarrierInbound) -> bool:
        """Return True if this is a new message, and remember it as what came before."""
        word, now = repeat_key(inbound), _arrival(self._work, inbound)
        first = self._known.get(word)
        if first is not None and is_repeat(first, now):
            return False
        if first is not None:
            self.superseded.append(word)
        self._known[word] = now
        return True


async def find_earlier(work: Work, lookup: Lookup, inbounds: Sequence[CarrierInbound]) -> EarlierMessages:
    """Look up what came before with these octets."""
    found = await work.tx.lookup(lookup, sorted({repeat_key(inbound) for inbound in inbounds}))
    broken = await _broken(work.tx, (row[3] for row in found))
    return EarlierMessages(
        work,
        {
            word: InboundArrival(
                came_ms=came_ms or received_ms,
                link=link,
                acknowledged_ms=acknowledged_ms,
                broke_ms=_broke_ms(broken, link, came_ms or received_ms),
            )
            for word, received_ms, came_ms, link, acknowledged_ms in found
        },
    )


async def acknowledge(work: Work, marks: Sequence[Acknowledged]) -> list[None]:
    """Mark messages that were acknowledged to the carrier. The acknowledgement of a repeat counts for what it
    repeats."""
    parts: dict[str, Row] = {}
    whole: dict[str, Row] = {}
    for mark in marks:
        came = _arrival(work, mark.inbound)
        word = repeat_key(mark.inbound)
        (parts if is_part(mark.inbound) else whole)[word] = (word, came.came_ms, came.link, mark.at_ms)
    for statement, marked in ((rows.UPDATE_ACKNOWLEDGED, whole), (rows.UPDATE_PARTS_ACKNOWLEDGED, parts)):
        if marked:
            await work.tx.update(statement, [marked[word] for word in sorted(marked)])
    return [None] * len(marks)


async def note_ended_links(work: Work, ended: Sequence[LinkEnded]) -> list[None]:
    """Store which links ended, and when."""
    for one in ended:
        await work.tx.execute(rows.NOTE_BROKEN_LINK, _key(work, one.link), one.at_ms)
    return [None] * len(ended)


async def note_ended_node(tx: Transaction, node_id: int, *, at_ms: int) -> None:
    """Store that a node ended, and all its links with it."""
    await tx.execute(rows.NOTE_BROKEN_LINK, _node_key(node_id), at_ms)


def is_part(inbound: CarrierInbound) -> bool:
    """Return True if it is a part of a longer message that can be joined."""
    return inbound.reference is not None and 1 <= inbound.number <= inbound.parts and inbound.parts > 1


def repeat_key(inbound: CarrierInbound) -> str:
    """Return the key that a repeat shares with what it repeats."""
    digest = hash_words(
        inbound.carrier,
        inbound.source,
        inbound.destination,
        str(inbound.reference),
        f"{inbound.number}/{inbound.parts}",
        inbound.text,
        inbound.coding,
        inbound.octets.hex(),
    )
    return f"newest:{digest}"


def hash_words(*words: str) -> str:
    """Hash several words into one."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()


def link_key(work: Work, inbound: CarrierInbound) -> str:
    """Return the name of the link by which this came; no other link of any node has it."""
    return _arrival(work, inbound).link


def _arrival(work: Work, inbound: CarrierInbound) -> InboundArrival:
    link = _key(work, inbound.link) if inbound.link else ""
    return InboundArrival(came_ms=inbound.came_ms or work.now_ms, link=link, bound_ms=inbound.bound_ms)


def _key(work: Work, link: str) -> str:
    return f"{work.context.node_id}/{link}"


def _node_key(node_id: int | str) -> str:
    return f"{node_id}/"


def _node_of(link: str) -> str:
    return _node_key(link.partition("/")[0])


async def _broken(tx: Transaction, links: Iterable[str]) -> dict[str, int]:
    """Return when these links ended, and the nodes that had them."""
    wanted = {link for link in links if link}
    if not wanted:
        return {}
    wanted |= {_node_of(link) for link in wanted}
    return {str(link): broke_ms for link, broke_ms in await tx.lookup(rows.LOOKUP_BROKEN_LINKS, sorted(wanted))}


def _broke_ms(broken: dict[str, int], link: str, came_ms: int) -> int | None:
    """Return when a link ended, by itself or with its node. Numbers of nodes are used again: an end before ``came_ms``
    is another node's."""
    if link in broken:
        return broken[link]
    with_node_ms = broken.get(_node_of(link))
    return with_node_ms if with_node_ms is not None and with_node_ms >= came_ms else None
