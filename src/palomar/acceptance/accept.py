"""Store composed requests: reserve their credit, and write messages, parts, queue and timeline.

One transaction serves many requests. A message may be claimed in it by the node that can send it at once. Not here:
what needs no database (``compose``).
"""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct, field, structs

from palomar.acceptance import filters
from palomar.acceptance.compose import UNCLAIMED, Acceptance, AcceptedMessage, Claim, NewMessage, Request, Verdict
from palomar.acceptance.filters import FilterResult
from palomar.acceptance.short_ids import ShortIds
from palomar.billing.ledger import Ledger
from palomar.billing.ledger_rows import Reason
from palomar.callbacks.outbox import Outbox
from palomar.short_links.link_rows import LOOKUP_CODES
from palomar.short_links.new_links import ShortLinks
from palomar.short_links.shorten import CodeMaker, CodesAndUrls
from palomar.storage.statements import Row
from palomar.transaction import idempotency
from palomar.transaction.idempotency import KeyReused, Replay
from palomar.transaction.message_rows import MessageRow
from palomar.transaction.work import SLICE, Work
from palomar.vocabulary.events import Failed
from palomar.vocabulary.message import MessageId, State, part_ids
from palomar.vocabulary.refusals import Refusal
from palomar.vocabulary.timeline import Detail, MomentKind


class Accepted(Struct, frozen=True):
    """A request that is stored and billed: its messages in order, with the claims that held, and those refused one by
    one."""

    messages: list[AcceptedMessage] = field(default_factory=list)


Result = Accepted | Refusal | Replay | KeyReused
_Renewed = dict[MessageId, tuple[str, CodesAndUrls]]
"""Text and links of messages whose short links had to get other codes."""


async def accept(work: Work, commands: Sequence[Acceptance]) -> list[Result]:
    """Reserve the credit of each request and store it, or refuse it whole; one result a command, in order."""
    await idempotency.read_kept(work, [c.request.idempotency for c in commands if c.request.idempotency])
    ledger = Ledger.of(work)
    await ledger.read({command.account_id for command in commands})
    await ShortIds.of(work).read({command.account_id for command in commands if command.request.short_ids})
    has_claims = any(claim.held for command in commands for claim in command.claims)
    may_claim = has_claims and await work.holds_lease()
    results = await filters.apply_filters(work, commands)
    renewed = await _renew_taken_codes(work, commands)
    return [
        await _accept_one(work, ledger, command, filtered, renewed, may_claim=may_claim)
        for command, filtered in zip(commands, results, strict=True)
    ]


async def _renew_taken_codes(work: Work, commands: Sequence[Acceptance]) -> _Renewed:
    """Replace the codes of short links that another message has already (one in billions) by new ones of the same
    length. Returns the text and links of the messages concerned."""
    renewed: _Renewed = {}
    linked = [message for command in commands for message in command.messages if message.links]
    if not linked:
        return renewed
    wanted = [code for message in linked for code, _ in message.links]
    taken = {row[0] for row in await work.tx.lookup(LOOKUP_CODES, wanted)}
    codes = CodeMaker(work.context.ids.token)
    for message in linked:
        text, links = message.row.text, message.links
        for code, url in message.links:
            if code in taken:
                fresh = codes.make()
                text = text.replace(f"/{code}", f"/{fresh}", 1)
                links = tuple((fresh, url) if link == (code, url) else link for link in links)
                renewed[message.row.id] = text, links
            taken.add(code)
    return renewed


async def _accept_one(
    work: Work, ledger: Ledger, command: Acceptance, filtered: FilterResult, renewed: _Renewed, *, may_claim: bool
) -> Result:
    request = command.request
    key = request.idempotency
    if key is not None:
        before = idempotency.recall(work, key)
        if before is not None:
            return before
    if filtered.needs_counting:
        filters.discard_duplicates(work, command, filtered)
        refusal = filters.refuse_over_limit(work, command, filtered)
        if refusal is not None:
            return refusal
    unpaid = _reserve(ledger, command, filtered)
    if unpaid is None:
        return Refusal.NO_CREDIT
    if filtered.needs_counting:
        filters.count_accepted(work, command, filtered, unpaid=unpaid)
    entry_id = ledger.entry_of(command.account_id, Reason.RESERVE)
    claims = command.claims or [UNCLAIMED] * len(command.messages)
    messages: list[AcceptedMessage] = []
    for message, claim in zip(command.messages, claims, strict=True):
        if message.row.id in unpaid:
            messages.append(AcceptedMessage(message.row, message, refused=Refusal.NO_CREDIT))
        else:
            changed = renewed.get(message.row.id) if renewed else None
            messages.append(
                _store(work, message, claim, filtered, request, changed, entry_id=entry_id, may_claim=may_claim)
            )
        if len(messages) % SLICE == 0:
            await work.tx.pause()
    if key is not None and request.answer is not None:
        answer = request.answer(messages)
        if answer is not None:
            idempotency.keep(work, key, status=answer[0], body=answer[1])
    return Accepted(messages)


def _reserve(ledger: Ledger, command: Acceptance, filtered: FilterResult) -> Collection[MessageId] | None:
    """Reserve what the request costs. Returns the messages that cannot be paid for; None if none can."""
    if not command.request.partial:
        total, verdicts = 0, filtered.verdicts
        for message in command.messages:
            row = message.row
            # the same as FilterResult.is_charged, without a call: this runs for every message
            if row.final_ms is None and row.id not in verdicts:
                total += row.price_microcredits
        return () if total == 0 or ledger.reserve(command.account_id, total) else None
    unpaid = set()
    for message in command.messages:
        if filtered.is_charged(message) and not ledger.reserve(command.account_id, message.row.price_microcredits):
            unpaid.add(message.row.id)
    return None if command.messages and len(unpaid) == len(command.messages) else unpaid


def _store(
    work: Work,
    message: NewMessage,
    claim: Claim,
    filtered: FilterResult,
    request: Request,
    renewed: tuple[str, CodesAndUrls] | None,
    *,
    entry_id: int,
    may_claim: bool,
) -> AcceptedMessage:
    row, links = message.row, message.links
    if claim.carrier or renewed:
        text, links = renewed or (row.text, links)
        row = structs.replace(row, carrier=claim.carrier, text=text)
    short_id = ShortIds.of(work).next(row.account_id, row.id) if request.short_ids else None
    if row.final_ms is not None or row.id in filtered.verdicts:
        row = _store_discarded(work, row, message, claim, filtered.verdicts.get(row.id), calls_back=not request.test)
        return AcceptedMessage(row, message, claim.choice, None, short_id)
    held = claim.held if may_claim else None
    part_state = State.SUBMITTING if held is State.SUBMITTING else State.QUEUED
    attempt = 1 if part_state is State.SUBMITTING else 0
    parts: list[Row] = [(identity, part_state, attempt, row.carrier) for identity in part_ids(row.id, row.parts)]
    node_id = work.context.node_id if held else None
    lane_id = message.lane.id if message.lane else 0
    owner: Row = (row.id, row.account_id, row.carrier)
    queue_row: Row = (*owner, row.due_ms, node_id, message.rank, lane_id, message.stale_ms, row.parts)
    work.insert(row, parts, queue_row)
    for code, url in links:
        ShortLinks.of(work).add(code, row, url)
    work.add_moment(row.id, MomentKind.ACCEPTED, _detail(row, message, claim, entry_id=entry_id))
    return AcceptedMessage(row, message, claim.choice, held, short_id)


def _detail(row: MessageRow, message: NewMessage, claim: Claim, *, entry_id: int) -> Detail:
    detail: Detail = {
        "dialect": row.dialect,
        "parts": row.parts,
        "alphabet": row.alphabet,
        "country": row.country,
        "price_microcredits": row.price_microcredits,
        "entry": entry_id,
        "carrier": row.carrier,
        "why": message.why,
    }
    if message.lane is not None:
        detail["lane"] = message.lane.name
    if claim.choice is not None and claim.choice.candidates:
        detail["routes"] = claim.choice.explain()
    return detail


_CALLED_BACK: Final = frozenset({State.BLOCKED, State.NOFORMAT})
"""Final states of discarded messages that the customer is called back about. Duplicates and tests are in the answer."""


def _store_discarded(
    work: Work, row: MessageRow, message: NewMessage, claim: Claim, verdict: Verdict | None, *, calls_back: bool
) -> MessageRow:
    why = message.why
    if verdict is not None:
        state, why = verdict
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
    if claim.choice is not None and claim.choice.candidates:
        discarded["routes"] = claim.choice.explain()
    work.add_moment(row.id, MomentKind.DISCARDED, discarded)
    if calls_back and row.state in _CALLED_BACK:
        event = Failed(
            message_id=row.id, request_ref=row.request_ref, msisdn=row.msisdn, at_ms=work.now_ms, state=row.state
        )
        Outbox.of(work).add_for(row, event)
    return row
