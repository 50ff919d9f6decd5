"""Accept: composed requests become messages that are billed, durable, and claimed by a node that can send them now.

One transaction for many requests: credit, messages, parts, queue and timeline. Not here: what needs no database
(``compose``).
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, field, structs

from palomar.domain.events import Failed
from palomar.domain.link import Codes
from palomar.domain.message import State, part_id
from palomar.domain.refusals import Refusal
from palomar.domain.timeline import Detail, Kind
from palomar.flows import filters, idempotency
from palomar.flows.books import Ledger
from palomar.flows.compose import Acceptance, NewMessage, Request
from palomar.flows.idempotency import KeyReused, Replay
from palomar.flows.kept import ShortIds
from palomar.flows.outbox import Outbox
from palomar.flows.short_links import ShortLinks
from palomar.flows.work import SLICE, Work
from palomar.storage.ledger import Reason
from palomar.storage.links import LOOKUP_CODES
from palomar.storage.statements import Row


class Accepted(Struct, frozen=True):
    """Stored and billed; all the messages in order, with the claims that held, and those refused one by one."""

    messages: list[NewMessage] = field(default_factory=list)


Result = Accepted | Refusal | Replay | KeyReused


async def accept(work: Work, commands: Sequence[Acceptance]) -> list[Result]:
    """Reserve the credit of each request and store it, or refuse it whole; one result a command, in order."""
    await idempotency.seen(work, [c.request.idempotency for c in commands if c.request.idempotency])
    await Ledger.of(work).read({command.account_id for command in commands})
    await ShortIds.of(work).read({command.account_id for command in commands if command.request.short_ids})
    claims = any(message.claim for command in commands for message in command.messages)
    may_claim = claims and await work.holds_lease()
    await filters.judge(work, commands)
    await _renew_taken_codes(work, commands)
    return [await _accept_one(work, command, may_claim=may_claim) for command in commands]


async def _renew_taken_codes(work: Work, commands: Sequence[Acceptance]) -> None:
    """A short link's code that another message has already, once in billions, gives way to a new one of the same
    length."""
    linked = [message for command in commands for message in command.messages if message.links]
    if not linked:
        return
    wanted = [code for message in linked for code, _ in message.links]
    taken = {row[0] for row in await work.tx.lookup(LOOKUP_CODES, wanted)}
    codes = Codes(work.context.ids.token)
    for message in linked:
        for code, url in message.links:
            if code in taken:
                fresh = codes.make()
                message.row.text = message.row.text.replace(f"/{code}", f"/{fresh}", 1)
                message.links = tuple((fresh, url) if link == (code, url) else link for link in message.links)
            taken.add(code)


async def _accept_one(work: Work, command: Acceptance, *, may_claim: bool) -> Result:
    request = command.request
    key = request.idempotency
    if key is not None:
        before = idempotency.recall(work, key)
        if before is not None:
            return before
    if command.is_filtered:
        filters.discard_duplicates(work, command)
        refusal = filters.over_limit(work, command)
        if refusal is not None:
            return refusal
    if not _reserve(work, command):
        return Refusal.NO_CREDIT
    if command.is_filtered:
        filters.remember(work, command)
    for count, message in enumerate(command.messages, 1):
        if not may_claim:
            message.claim = None
        if message.refused is None:
            _store(work, message, request)
        if count % SLICE == 0:
            await work.tx.pause()
    accepted = Accepted(command.messages)
    if key is not None and request.answer is not None:
        answer = request.answer(command.messages)
        if answer is not None:
            idempotency.keep(work, key, status=answer[0], body=answer[1])
    return accepted


def _reserve(work: Work, command: Acceptance) -> bool:
    """Reserve what the request costs; False if nothing of it can be paid for."""
    if not command.request.partial:
        total = 0
        for message in command.messages:
            if message.counts:
                total += message.row.price_microcredits
        return total == 0 or Ledger.of(work).reserve(command.account_id, total)
    for message in command.messages:
        paid = not message.counts or Ledger.of(work).reserve(command.account_id, message.row.price_microcredits)
        message.refused = None if paid else Refusal.NO_CREDIT
    return not command.messages or any(message.refused is None for message in command.messages)


def _store(work: Work, message: NewMessage, request: Request) -> None:
    row = message.row
    if request.short_ids:
        message.short_id = ShortIds.of(work).next(row.account_id, row.id)
    if not message.counts:
        _store_discarded(work, message, is_told=not request.test)
        return
    part_state = State.SUBMITTING if message.claim is State.SUBMITTING else State.QUEUED
    attempt = 1 if part_state is State.SUBMITTING else 0
    parts: list[Row] = [
        (part_id(row.id, number), part_state, attempt, row.carrier) for number in range(1, row.parts + 1)
    ]
    node_id = work.context.node_id if message.claim else None
    lane_id = message.lane.id if message.lane else 0
    whose: Row = (row.id, row.account_id, row.carrier)
    place: Row = (*whose, row.due_ms, node_id, message.rank, lane_id, message.stale_ms, row.parts)
    work.insert(row, parts, place)
    for code, url in message.links:
        ShortLinks.of(work).add(code, row, url)
    detail: Detail = {
        "dialect": row.dialect,
        "parts": row.parts,
        "alphabet": row.alphabet,
        "country": row.country,
        "price_microcredits": row.price_microcredits,
        "entry": Ledger.of(work).entry_of(row.account_id, Reason.RESERVE),
        "carrier": row.carrier,
        "why": message.why,
    }
    if message.lane is not None:
        detail["lane"] = message.lane.name
    if message.choice is not None and message.choice.candidates:
        detail["routes"] = message.choice.told()
    work.note(row.id, Kind.ACCEPTED, detail)


_TOLD: Final = frozenset({State.BLOCKED, State.NOFORMAT})
"""The customer learns that these never left; of duplicates and of tests he knows."""


def _store_discarded(work: Work, message: NewMessage, *, is_told: bool) -> None:
    row, why = message.row, message.why
    if message.verdict is not None:
        state, why = message.verdict
        row = structs.replace(
            row,
            state=state,
            parts_left=0,
            parts_open=0,
            rate_microcredits=0,
            price_microcredits=0,
            final_ms=work.now_ms,
        )
    work.insert(row, (), None)
    discarded: Detail = {"dialect": row.dialect, "state": row.state, "why": why}
    if message.choice is not None and message.choice.candidates:
        discarded["routes"] = message.choice.told()
    work.note(row.id, Kind.DISCARDED, discarded)
    if is_told and row.state in _TOLD:
        event = Failed(
            message_id=row.id, request_ref=row.request_ref, msisdn=row.msisdn, at_ms=work.now_ms, state=row.state
        )
        Outbox.of(work).tell(row, event)
