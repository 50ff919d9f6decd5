"""Accept: a request becomes messages that are billed, durable, and claimed by a node if it can send them at once.

``compose`` judges what needs no database (price, route, parts) before the transaction; ``accept`` is the transaction:
credit, messages, parts, queue and timeline, for many requests at once.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from palomar.domain.account import Account, AccountId
from palomar.domain.events import Failed
from palomar.domain.lane import Lane, Rank, lane_of, rank_of
from palomar.domain.languages import Language
from palomar.domain.link import Codes, Links
from palomar.domain.message import MessageId, State, part_id
from palomar.domain.phone import Msisdn, country_of
from palomar.domain.pricing import PriceList
from palomar.domain.refusals import Refusal
from palomar.domain.routing import Choice
from palomar.domain.text import Alphabet, shorter_in_a_language
from palomar.domain.timeline import Detail, Kind
from palomar.flows import filters, idempotency
from palomar.flows.filters import Verdict
from palomar.flows.idempotency import Key, KeyReused, Replay
from palomar.flows.work import SLICE, Work
from palomar.ports import Ids
from palomar.storage.ledger import Reason
from palomar.storage.links import LOOKUP_CODES
from palomar.storage.messages import MessageRow
from palomar.storage.statements import Row

VALIDITY_MS = 72 * 3_600_000
_WAITING = (State.QUEUED, State.SCHEDULED)
RECEIPT_GRACE_MS = 6 * 3_600_000
"""A receipt may come so long after the validity before we presume the end."""


@dataclass(slots=True, kw_only=True)
class Recipient:
    """One message asked for, as a dialect has judged it. ``state`` is queued, scheduled, or how it is discarded (then
    ``why`` says so and ``msisdn`` may be what the customer wrote)."""

    msisdn: str
    text: str
    alphabet: Alphabet
    parts: int
    state: State = State.QUEUED
    why: str = ""
    sender: str = ""
    """Its own; empty is the request's."""
    links: Links = ()
    """The codes of short links in the text, each with its URL."""


@dataclass(slots=True, kw_only=True)
class Request:
    """One request of a customer: what its messages share."""

    account: Account
    dialect: str
    subid: str
    sender: str
    recipients: list[Recipient]
    label: str = ""
    ackurl: str = ""
    clickurl: str = ""
    extra: str = ""
    due_ms: int | None = None
    """When it is to be sent; None, or what is past, is now. What is ahead makes its messages ``scheduled``."""
    nofilter: bool = False
    """Let the duplicates filter pass this request."""
    partial: bool = False
    """Take what the credit allows and refuse the other recipients one by one, instead of all or nothing."""
    short_ids: bool = False
    """Give each message a short decimal id of the account's own."""
    idempotency: Key | None = None
    answer: Callable[[list["NewMessage"]], tuple[int, bytes] | None] | None = None
    """Renders status and body to keep under ``idempotency``; None keeps nothing, as nothing of it will be sent."""


@dataclass(slots=True)
class NewMessage:
    """A message about to be stored. ``claim`` says what its node found before the transaction: a window slot for every
    part (``submitting``), room in memory (``queued``), or neither (None). ``pledge`` remembers what was set aside for
    it, also where the claim was lost meanwhile. ``choice`` is the router's, ``verdict`` the filters', found in the
    transaction."""

    row: MessageRow
    why: str
    links: Links = ()
    lane: Lane | None = None
    rank: Rank = Rank.NORMAL
    choice: Choice | None = None
    verdict: Verdict | None = None
    claim: State | None = None
    pledge: State | None = None
    short_id: int | None = None
    refused: Refusal | None = None
    """Set where a partial request got too little credit: the message is not stored."""

    @property
    def stale_ms(self) -> int | None:
        """When nobody wants it any more; None is never."""
        if self.lane is None or not self.lane.useless_after_seconds:
            return None
        return self.row.due_ms + self.lane.useless_after_seconds * 1_000

    @property
    def counts(self) -> bool:
        """Whether it will be sent and charged, as far as is known."""
        return self.row.final_ms is None and self.verdict is None

    @property
    def state(self) -> State:
        """As it is stored."""
        return self.verdict[0] if self.verdict else self.row.state


@dataclass(slots=True)
class Acceptance:
    """A composed request: the command of :func:`accept`."""

    request: Request
    messages: list[NewMessage]
    lineage: tuple[AccountId, ...] = ()
    """The account and those above it."""

    @property
    def account_id(self) -> AccountId:
        return self.request.account.id


@dataclass(frozen=True, slots=True)
class Accepted:
    """Stored and billed; all the messages in order, with the claims that held, and those refused one by one."""

    messages: list[NewMessage] = field(default_factory=list)


Result = Accepted | Refusal | Replay | KeyReused


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an account's messages are judged by before they are stored: its prices and lanes, and the accounts above it
    (itself first)."""

    prices: PriceList = field(default_factory=PriceList)
    lanes: tuple[Lane, ...] = ()
    lineage: tuple[AccountId, ...] = ()


def compose(
    request: Request,
    recipients: Sequence[Recipient],
    *,
    terms: Terms,
    ids: Ids,
    now_ms: int,
    languages: Collection[Language] = (),
) -> Acceptance:
    """Give these recipients of a request an id, a price and a lane; no I/O. The carrier is chosen when the batch
    begins.

    ``languages`` are those whose tables every carrier takes: what would go as UCS-2 goes in one of them where that
    makes fewer parts.
    """
    prices, lanes = terms.prices, terms.lanes
    due_ms = now_ms if request.due_ms is None else request.due_ms
    countries = request.account.settings.countries
    messages = []
    for recipient in recipients:
        country = country_of(Msisdn(recipient.msisdn)) or ""
        state, why = recipient.state, recipient.why
        if countries and state in _WAITING and country not in countries:
            state, why = State.BLOCKED, f"the account does not send to {country or 'an unknown country'}"
        if state is State.QUEUED and due_ms > now_ms:
            state = State.SCHEDULED
        counted = state in _WAITING
        rate = prices.rate(country) if counted else 0
        message_id = ids.message_id()
        alphabet, parts = _written(recipient, languages)
        row = MessageRow(
            id=message_id,
            account_id=request.account.id,
            dialect=request.dialect,
            subid=request.subid,
            label=request.label,
            sender=recipient.sender or request.sender,
            msisdn=recipient.msisdn,
            country=country,
            text=recipient.text,
            alphabet=alphabet,
            reference=_concatenation_reference(message_id),
            parts=parts,
            parts_left=parts if counted else 0,
            parts_open=parts if counted else 0,
            state=state,
            rate_microcredits=rate,
            price_microcredits=rate * parts,
            carrier="",
            ackurl=request.ackurl,
            clickurl=request.clickurl,
            extra=request.extra,
            due_ms=due_ms,
            expires_ms=due_ms + VALIDITY_MS + RECEIPT_GRACE_MS,
            final_ms=None if counted else now_ms,
        )
        lane = None
        if lanes:
            lane = lane_of(lanes, lineage=terms.lineage, label=row.label, sender=row.sender, text=row.text)
        rank = rank_of(lane, recipients=len(request.recipients))
        messages.append(NewMessage(row, why, recipient.links, lane, rank))
    return Acceptance(request, messages, terms.lineage)


def _written(recipient: Recipient, languages: Collection[Language]) -> tuple[Alphabet, int]:
    """The alphabet in which the text goes, and its parts."""
    if languages and recipient.alphabet is Alphabet.UCS2:
        shorter = shorter_in_a_language(recipient.text, languages)
        if shorter is not None:
            return shorter.alphabet, shorter.parts
    return recipient.alphabet, recipient.parts


async def accept(work: Work, commands: Sequence[Acceptance]) -> list[Result]:
    """Reserve the credit of each request and store it, or refuse it whole; one result a command, in order."""
    await idempotency.seen(work, [c.request.idempotency for c in commands if c.request.idempotency])
    await work.available({command.account_id for command in commands})
    await work.short_ids.read({command.account_id for command in commands if command.request.short_ids})
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
    codes = Codes(work.house.ids.token)
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
    filters.discard_duplicates(work, command)
    refusal = filters.over_limit(work, command)
    if refusal is not None:
        return refusal
    if not _reserve(work, command):
        return Refusal.NO_CREDIT
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
        total = sum(message.row.price_microcredits for message in command.messages if message.counts)
        return total == 0 or work.reserve(command.account_id, total)
    for message in command.messages:
        paid = not message.counts or work.reserve(command.account_id, message.row.price_microcredits)
        message.refused = None if paid else Refusal.NO_CREDIT
    return not command.messages or any(message.refused is None for message in command.messages)


def _store(work: Work, message: NewMessage, request: Request) -> None:
    row = message.row
    if request.short_ids:
        message.short_id = work.short_ids.next(row.account_id, row.id)
    if not message.counts:
        _store_discarded(work, message)
        return
    part_state = State.SUBMITTING if message.claim is State.SUBMITTING else State.QUEUED
    attempt = 1 if part_state is State.SUBMITTING else 0
    parts: list[Row] = [
        (part_id(row.id, number), part_state, attempt, row.carrier) for number in range(1, row.parts + 1)
    ]
    node_id = work.house.node_id if message.claim else None
    lane_id = message.lane.id if message.lane else 0
    place: Row = (row.id, row.account_id, row.carrier, row.due_ms, node_id, message.rank, lane_id, message.stale_ms)
    work.insert(row, parts, place)
    for code, url in message.links:
        work.link(code, row, url)
    detail: Detail = {
        "dialect": row.dialect,
        "parts": row.parts,
        "alphabet": row.alphabet,
        "country": row.country,
        "price_microcredits": row.price_microcredits,
        "entry": work.entry_of(row.account_id, Reason.RESERVE),
        "carrier": row.carrier,
        "why": message.why,
    }
    if message.lane is not None:
        detail["lane"] = message.lane.name
    if message.choice is not None and message.choice.candidates:
        detail["routes"] = message.choice.told()
    work.note(row.id, Kind.ACCEPTED, detail)


def _store_discarded(work: Work, message: NewMessage) -> None:
    row, why = message.row, message.why
    if message.verdict is not None:
        state, why = message.verdict
        row = replace(
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
    if row.state is State.BLOCKED:
        event = Failed(message_id=row.id, subid=row.subid, msisdn=row.msisdn, at_ms=work.now_ms, state=State.BLOCKED)
        work.tell(row, event)


def _concatenation_reference(message_id: MessageId) -> int:
    """16 bits that neighbours do not share: the low ones tell messages of a moment apart (TS 23.040 9.2.3.24.8)."""
    return (message_id >> 8 ^ message_id >> 22) & 0xFFFF
