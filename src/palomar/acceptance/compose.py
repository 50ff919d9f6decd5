"""Compose messages from a request's recipients: id, country, price, parts and lane. No database is asked.

Not here: what the transaction decides (credit, filters, claims: ``accept``), and which carrier takes a message
(``routing.router``, when the transaction begins).
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct, field

from palomar.accounts.terms import Terms
from palomar.numbers.phone import country_of
from palomar.ports import Ids
from palomar.routing.rules import Choice
from palomar.short_links.shorten import CodesAndUrls
from palomar.text.alphabets import Alphabet, shortest_in_languages
from palomar.text.languages import Language
from palomar.transaction.idempotency import Key
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.lane import Lane, Rank, find_lane, rank_of
from palomar.vocabulary.message import MessageId, State
from palomar.vocabulary.refusals import Refusal

VALIDITY_MS = 72 * 3_600_000
Verdict = tuple[State, str]
"""How a message ends before it has begun, and why."""
_WAITING = (State.QUEUED, State.SCHEDULED)
RECEIPT_GRACE_MS = 6 * 3_600_000
"""A receipt may come so long after the validity before we presume the end."""


class Recipient(Struct, frozen=True, kw_only=True, gc=False):
    """One message that a request asks for, as the dialect has checked it.

    ``state`` is queued, scheduled, or the state in which it is discarded; then ``why`` gives the reason, and ``msisdn``
    may be what the customer wrote.
    """

    msisdn: str
    text: str
    alphabet: Alphabet
    parts: int
    state: State = State.QUEUED
    why: str = ""
    sender: str = ""
    """The sender of this message; empty: the request's sender."""
    links: CodesAndUrls = ()
    """The codes of short links in the text, each with its URL."""


class Request(Struct, frozen=True, kw_only=True):
    """One request of a customer: its recipients, and what their messages share."""

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
    """When to send it, in milliseconds since 1970. None or a past moment is now; a later one makes its messages
    ``scheduled``."""
    test: bool = False
    """Nothing of it is sent, and no callback follows."""
    unfiltered: bool = False
    """The duplicates filter does not look at it."""
    partial: bool = False
    """What the credit allows is taken and the other recipients are refused one by one, instead of all or nothing."""
    short_ids: bool = False
    """Each message gets a short decimal id of the account's own."""
    idempotency: Key | None = None
    answer: Callable[[list["AcceptedMessage"]], tuple[int, bytes] | None] | None = None
    """Renders the status and body to keep under ``idempotency``; it returns None where nothing will be sent, and then
    nothing is kept."""


class NewMessage(Struct, frozen=True, gc=False):
    """A composed message, before a carrier is chosen and before the database is read."""

    row: MessageRow
    why: str
    links: CodesAndUrls = ()
    lane: Lane | None = None
    rank: Rank = Rank.NORMAL

    @property
    def stale_ms(self) -> int | None:
        """Return the moment from which on the message is useless, in milliseconds since 1970; None: never."""
        if self.lane is None or not self.lane.useless_after_seconds:
            return None
        return self.row.due_ms + self.lane.useless_after_seconds * 1_000


class Claim(Struct, frozen=True, gc=False):
    """The carrier that a node chose for a message before its transaction, and what it set aside there.

    ``held`` is ``submitting`` for a window slot for every part, ``queued`` for room in the send queue, None for
    neither. ``choice`` is the router's decision; None: the router was not asked.
    """

    carrier: str = ""
    held: State | None = None
    choice: Choice | None = None


UNCLAIMED: Final = Claim()


class AcceptedMessage(Struct, frozen=True, gc=False):
    """A message after its transaction; ``row`` is as it is stored."""

    row: MessageRow
    new: NewMessage
    choice: Choice | None = None
    claim: State | None = None
    """The part of the claim that holds; None also where this node does not send the message now."""
    short_id: int | None = None
    refused: Refusal | None = None
    """Why it is not stored; only the lack of credit for a partial request."""

    @property
    def state(self) -> State:
        """Return the state in which it is stored."""
        return self.row.state


class Acceptance(Struct, frozen=True):
    """A composed request: the command of :func:`palomar.acceptance.accept.accept`."""

    request: Request
    messages: list[NewMessage]
    lineage: tuple[AccountId, ...] = ()
    """The account and the accounts above it."""
    claims: list[Claim] = field(default_factory=list)
    """One for each message, filled in by the node that sends when the transaction begins; else empty."""

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
    """Make a message with an id, a price and a lane for each of these recipients; no I/O. The carrier is chosen when
    the batch begins.

    ``languages`` are the national languages whose tables every carrier takes: a UCS-2 text is written in one of them
    where that makes fewer parts.
    """
    due_ms = now_ms if request.due_ms is None else request.due_ms
    lanes, lineage, prices = terms.lanes, terms.lineage, terms.prices
    may_differ = due_ms > now_ms or bool(request.account.settings.countries)
    messages = []
    for recipient in recipients:
        country = country_of(recipient.msisdn) or ""
        state, why = recipient.state, recipient.why
        if may_differ:
            state, why = _initial_state(recipient, request.account, country, is_later=due_ms > now_ms)
        rate = prices.rate(country) if state in _WAITING else 0
        row = _row(
            request,
            recipient,
            message_id=ids.message_id(),
            country=country,
            state=state,
            rate=rate,
            encoding=_encoding(recipient, languages) if languages else (recipient.alphabet, recipient.parts),
            due_ms=due_ms,
            now_ms=now_ms,
        )
        lane = None
        if lanes:
            lane = find_lane(lanes, lineage=lineage, label=row.label, sender=row.sender, text=row.text)
        rank = rank_of(lane, recipients=len(request.recipients))
        messages.append(NewMessage(row, why, recipient.links, lane, rank))
    return Acceptance(request, messages, lineage)


def _initial_state(recipient: Recipient, account: Account, country: str, *, is_later: bool) -> tuple[State, str]:
    """Decide in which state a message is stored, and why, if it is not sent."""
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
    encoding: tuple[Alphabet, int],
    due_ms: int,
    now_ms: int,
) -> MessageRow:
    alphabet, parts = encoding
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


def _encoding(recipient: Recipient, languages: Collection[Language]) -> tuple[Alphabet, int]:
    """Choose the alphabet in which the text leaves, and count its parts."""
    if recipient.alphabet is Alphabet.UCS2:
        shorter = shortest_in_languages(recipient.text, languages)
        if shorter is not None:
            return shorter.alphabet, shorter.parts
    return recipient.alphabet, recipient.parts


def _concatenation_reference(message_id: MessageId) -> int:
    """Make the 16-bit reference of a long message's parts; messages of the same moment differ in it (3GPP TS 23.040
    9.2.3.24.8)."""
    return (message_id >> 8 ^ message_id >> 22) & 0xFFFF
