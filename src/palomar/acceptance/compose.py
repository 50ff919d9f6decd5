"""Compose: a request's recipients become messages about to be stored: id, country, price, parts, lane. No database.

Not here: what only the transaction can say (credit, filters, claims: ``accept``), and which carrier takes them (the
router, when the transaction begins).
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct, field

from palomar.accounts.terms import Terms
from palomar.numbers.phone import country_of
from palomar.ports import Ids
from palomar.routing.rules import Choice
from palomar.short_links.shorten import Links
from palomar.text.alphabets import Alphabet, shorter_in_a_language
from palomar.text.languages import Language
from palomar.transaction.idempotency import Key
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.lane import Lane, Rank, lane_of, rank_of
from palomar.vocabulary.message import MessageId, State
from palomar.vocabulary.refusals import Refusal

VALIDITY_MS = 72 * 3_600_000
Verdict = tuple[State, str]
"""How a message ends before it has begun, and why."""
_WAITING = (State.QUEUED, State.SCHEDULED)
RECEIPT_GRACE_MS = 6 * 3_600_000
"""A receipt may come so long after the validity before we presume the end."""


class Recipient(Struct, frozen=True, kw_only=True, gc=False):
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


class Request(Struct, frozen=True, kw_only=True):
    """One request of a customer: what its messages share."""

    account: Account
    dialect: str
    request_ref: str
    sender: str
    recipients: list[Recipient]
    label: str = ""
    status_url: str = ""
    click_url: str = ""
    extra: str = ""
    due_ms: int | None = None
    """When it is to be sent; None, or what is past, is now. What is ahead makes its messages ``scheduled``."""
    test: bool = False
    """Nothing of it is sent, and nobody is told of what became of it."""
    unfiltered: bool = False
    """Let the duplicates filter pass this request."""
    partial: bool = False
    """Take what the credit allows and refuse the other recipients one by one, instead of all or nothing."""
    short_ids: bool = False
    """Give each message a short decimal id of the account's own."""
    idempotency: Key | None = None
    answer: Callable[[list["AcceptedMessage"]], tuple[int, bytes] | None] | None = None
    """Renders status and body to keep under ``idempotency``; None keeps nothing, as nothing of it will be sent."""


class NewMessage(Struct, frozen=True, gc=False):
    """A composed message: what is known of it before anybody looks for a carrier or into the database."""

    row: MessageRow
    why: str
    links: Links = ()
    lane: Lane | None = None
    rank: Rank = Rank.NORMAL

    @property
    def stale_ms(self) -> int | None:
        """Give the moment from which on nobody wants it any more; None is never."""
        if self.lane is None or not self.lane.useless_after_seconds:
            return None
        return self.row.due_ms + self.lane.useless_after_seconds * 1_000


class Claim(Struct, frozen=True, gc=False):
    """What a node found for a message before its transaction.

    ``held`` says what it set aside: a window slot for every part (``submitting``), room in memory (``queued``), or
    neither (None). ``choice`` is the router's; None: nobody has asked it.
    """

    carrier: str = ""
    held: State | None = None
    choice: Choice | None = None


UNCLAIMED: Final = Claim()


class AcceptedMessage(Struct, frozen=True, gc=False):
    """What became of a message in its transaction: ``row`` is as it is stored."""

    row: MessageRow
    new: NewMessage
    choice: Choice | None = None
    claim: State | None = None
    """What its node may use of what it set aside: None also where it is not to be sent by this node now."""
    short_id: int | None = None
    refused: Refusal | None = None
    """Why it is not stored: a partial request got too little credit."""

    @property
    def state(self) -> State:
        """Give the state in which it is stored."""
        return self.row.state


class Acceptance(Struct, frozen=True):
    """A composed request: the command of :func:`accept`."""

    request: Request
    messages: list[NewMessage]
    lineage: tuple[AccountId, ...] = ()
    """The account and those above it."""
    claims: list[Claim] = field(default_factory=list)
    """One for each message, put in once by the node that sends, as its transaction begins; empty elsewhere."""

    @property
    def account_id(self) -> AccountId:
        return self.request.account.id


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
    due_ms = now_ms if request.due_ms is None else request.due_ms
    lanes, lineage, prices = terms.lanes, terms.lineage, terms.prices
    may_differ = due_ms > now_ms or bool(request.account.settings.countries)
    messages = []
    for recipient in recipients:
        country = country_of(recipient.msisdn) or ""
        state, why = recipient.state, recipient.why
        if may_differ:
            state, why = _judged(recipient, request.account, country, is_later=due_ms > now_ms)
        rate = prices.rate(country) if state in _WAITING else 0
        row = _row(
            request,
            recipient,
            message_id=ids.message_id(),
            country=country,
            state=state,
            rate=rate,
            written=_written(recipient, languages) if languages else (recipient.alphabet, recipient.parts),
            due_ms=due_ms,
            now_ms=now_ms,
        )
        lane = None
        if lanes:
            lane = lane_of(lanes, lineage=lineage, label=row.label, sender=row.sender, text=row.text)
        rank = rank_of(lane, recipients=len(request.recipients))
        messages.append(NewMessage(row, why, recipient.links, lane, rank))
    return Acceptance(request, messages, lineage)


def _judged(recipient: Recipient, account: Account, country: str, *, is_later: bool) -> tuple[State, str]:
    """The state in which a message is stored, and why, if it is not sent."""
    state, why = recipient.state, recipient.why
    countries = account.settings.countries
    if countries and state in _WAITING and country not in countries:
        return State.BLOCKED, f"the account does not send to {country or 'an unknown country'}"
    return (State.SCHEDULED if is_later and state is State.QUEUED else state), why


def _row(
    request: Request,
    recipient: Recipient,
    *,
    message_id: MessageId,
    country: str,
    state: State,
    rate: int,
    written: tuple[Alphabet, int],
    due_ms: int,
    now_ms: int,
) -> MessageRow:
    alphabet, parts = written
    counted = state in _WAITING
    return MessageRow(
        id=message_id,
        account_id=request.account.id,
        dialect=request.dialect,
        request_ref=request.request_ref,
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
        status_url=request.status_url,
        click_url=request.click_url,
        extra=request.extra,
        due_ms=due_ms,
        expires_ms=due_ms + VALIDITY_MS + RECEIPT_GRACE_MS,
        final_ms=None if counted else now_ms,
    )


def _written(recipient: Recipient, languages: Collection[Language]) -> tuple[Alphabet, int]:
    """The alphabet in which the text goes, and its parts."""
    if recipient.alphabet is Alphabet.UCS2:
        shorter = shorter_in_a_language(recipient.text, languages)
        if shorter is not None:
            return shorter.alphabet, shorter.parts
    return recipient.alphabet, recipient.parts


def _concatenation_reference(message_id: MessageId) -> int:
    """16 bits that neighbours do not share: the low ones tell messages of a moment apart (TS 23.040 9.2.3.24.8)."""
    return (message_id >> 8 ^ message_id >> 22) & 0xFFFF
