"""Receive: what phones send is stored before the carrier is told that we have it, and given to its account.

The opt-out words of its number take effect in the same transaction, even if the message is a repeat: people write STOP,
ALTA and STOP again within minutes, and the last word must hold. Parts that do not come for hours are not waited for:
what has come is delivered.
"""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from palomar.accounts.blacklist import PhonesOwnBlocks
from palomar.callbacks.account_callbacks import AccountOnlyRenderer
from palomar.callbacks.outbox import CallbackContext, Outbox
from palomar.inbound import inbound_rows as rows
from palomar.inbound.joining import InboundMessage, PartJoiner, begin_message, joining_key, load_parts
from palomar.inbound.numbers import VirtualNumber
from palomar.inbound.owners import NumberOwners, find_owners
from palomar.inbound.repeats import EarlierMessages, find_earlier, is_part, link_key, repeat_key
from palomar.numbers.phone import plain_address
from palomar.ports import CallbackRenderer, CarrierInbound
from palomar.receipts.oddities import Oddities
from palomar.storage.database import Conflict
from palomar.storage.statements import Row
from palomar.text.phone_text import TextPart
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import InboundReceived
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.opt_out_words import find_word

INCOMPLETE_AFTER_MS = 6 * 3_600_000
"""How long a message waits for its parts."""
_PARTS_KEPT_MS = INCOMPLETE_AFTER_MS + 24 * 3_600_000


async def receive(work: Work, inbounds: Sequence[CarrierInbound]) -> list[bool]:
    """Store each message or part; return False for repeats. In either case the carrier may forget it."""
    owners = await find_owners(work, (inbound.destination for inbound in inbounds))
    for inbound in inbounds:
        if inbound.oddities:
            Oddities.of(work).note(inbound.carrier, inbound.oddities)
    single = [inbound for inbound in inbounds if not is_part(inbound)]
    several = [inbound for inbound in inbounds if is_part(inbound)]
    fresh = iter(await _store_messages(work, single, owners))
    fresh_parts = iter(await _store_parts(work, several, owners))
    return [next(fresh_parts) if is_part(inbound) else next(fresh) for inbound in inbounds]


async def sweep_incomplete(work: Work, limits: Sequence[int]) -> list[int]:
    """Deliver messages that have waited too long for their parts, as they are; return how many, for each limit. Old
    parts are forgotten."""
    swept = []
    for limit in limits:
        found = await work.tx.select_locked(
            rows.SELECT_WAITED_LONG, work.now_ms - INCOMPLETE_AFTER_MS, limit, lock="skip"
        )
        waiting = await load_parts(work, found)
        await _close(work, waiting, await find_owners(work, (message.destination for message in waiting)))
        old = await work.tx.select(rows.SELECT_OLD_PARTS, work.now_ms - _PARTS_KEPT_MS, limit)
        if old:
            await work.tx.delete(rows.DELETE_PARTS, [row[0] for row in old])
        swept.append(len(waiting))
    return swept


# --- messages of one part


async def _store_messages(work: Work, inbounds: Sequence[CarrierInbound], owners: NumberOwners) -> list[bool]:
    if not inbounds:
        return []
    known = await find_earlier(work, rows.LOOKUP_BEFORE, inbounds)
    messages = [_single(work, inbound) for inbound in inbounds]
    wanted = [
        message.row(account_id=owners.account_id_of(message), whole=True)
        for message, inbound in zip(messages, inbounds, strict=True)
        if known.accept(inbound)
    ]
    await _supersede(work, rows.SUPERSEDE, known)
    stored = await work.tx.insert_new(rows.INSERT_INBOUND, wanted)
    for message in messages:
        await _deliver(work, message, owners, is_new=message.id in stored)
    return [message.id in stored for message in messages]


async def _supersede(work: Work, statement: LiteralString, known: EarlierMessages) -> None:
    for word in sorted(known.superseded):
        await work.tx.execute(statement, f"older:{work.context.ids.serial()}", word)


def _single(work: Work, inbound: CarrierInbound) -> InboundMessage:
    return InboundMessage(
        id=work.context.ids.serial(),
        carrier=inbound.carrier,
        source=inbound.source,
        destination=inbound.destination,
        reference=inbound.reference,
        parts=1,
        same=repeat_key(inbound),
        received_ms=work.now_ms,
        came_ms=inbound.came_ms or work.now_ms,
        link=link_key(work, inbound),
        parts_by_number={1: TextPart(inbound.text)},
    )


# --- messages of several parts


async def _store_parts(work: Work, parts: Sequence[CarrierInbound], owners: NumberOwners) -> list[bool]:
    if not parts:
        return []
    begun = [begin_message(work, part) for part in {joining_key(part): part for part in parts}.values()]
    begun.sort(key=lambda message: message.same)  # every node locks in this order
    created = await work.tx.insert_new(rows.INSERT_INBOUND, [m.row(account_id=None, whole=False) for m in begun])
    waiting = await load_parts(work, await work.tx.lookup(rows.LOOKUP_WAITING, [message.same for message in begun]))
    open_now: dict[str, InboundMessage | None] = {message.same: message for message in waiting}
    known = await find_earlier(work, rows.LOOKUP_PARTS_BEFORE, parts)
    joiner = PartJoiner(work, open_now)
    fresh = []
    for part in parts:
        fresh.append(known.accept(part))
        if fresh[-1]:
            joiner.add(part)
    await _supersede(work, rows.SUPERSEDE_PART, known)
    await joiner.write(created)
    await _close(work, joiner.closed, owners)
    await _insert(work, [message.row(account_id=None, whole=False) for message in joiner.begun])
    return fresh


async def _close(work: Work, messages: Sequence[InboundMessage], owners: NumberOwners) -> None:
    """Close messages, so that another with the same reference can begin, and deliver them."""
    changed, new = [], []
    for message in messages:
        message.same = f"joined:{message.id}"
        account_id = owners.account_id_of(message)
        if message.is_stored:
            changed.append((message.id, message.text, message.same, len(message.parts_by_number), account_id, 1))
        else:
            new.append(message.row(account_id=account_id, whole=True))
    if changed:
        await work.tx.update(rows.UPDATE_INBOUND, changed)
    await _insert(work, new)
    for message in messages:
        await _deliver(work, message, owners, is_new=True)


async def _insert(work: Work, new: Sequence[Row]) -> None:
    if new and len(await work.tx.insert_new(rows.INSERT_INBOUND, new)) != len(new):
        raise Conflict("another node took a part of the same message meanwhile")


# --- the account of a message, and what follows


async def _deliver(work: Work, message: InboundMessage, owners: NumberOwners, *, is_new: bool) -> None:
    """Apply the opt-out words of the number; add a callback for its account, unless this is a repeat."""
    owner = owners.owner_of(message)
    work.inbound_accounts.add(owner.account_id if owner else None)
    account = work.context.accounts.get(owner.account_id) if owner else None
    if owner is None or account is None:
        return
    await _apply_opt_out_words(work, account, owner, message)
    if is_new:
        Outbox.of(work).add(
            InboundReceived(
                number=owner.number,
                msisdn=plain_address(message.source),
                text=message.text,
                at_ms=message.received_ms,
            ),
            account_id=account.id,
            dialect=account.settings.inbound_dialect
            or _first_with_callbacks(CallbackContext.of(work.context).renderers),
            target=owner.url or account.settings.inbound_url,
            about=MessageId(message.id),
        )


def _first_with_callbacks(renderers: Mapping[str, CallbackRenderer]) -> str:
    """Return the first dialect that makes callbacks about messages."""
    return next((name for name, renderer in renderers.items() if not isinstance(renderer, AccountOnlyRenderer)), "")


async def _apply_opt_out_words(work: Work, account: Account, owner: VirtualNumber, message: InboundMessage) -> None:
    msisdn = plain_address(message.source)
    stop_words = account.settings.stop_words if owner.stop_words is None else owner.stop_words
    start_words = account.settings.start_words if owner.start_words is None else owner.start_words
    word = find_word(message.text, stop_words)
    if word is not None:
        await PhonesOwnBlocks.of(work).put_on(account.id, msisdn, word)
    elif find_word(message.text, start_words) is not None:
        await PhonesOwnBlocks.of(work).take_off(account.id, msisdn)
