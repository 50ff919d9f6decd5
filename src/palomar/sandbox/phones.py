"""The sandbox's phones as one person sees them: the numbers that got something, and the screen of one of them.

Everything is limited to the person's scope. A phone behaves the same for everybody who sends to it, so only a person
who sees the whole platform may change that; what a phone writes must be for an account in scope. Not here: what is on a
screen (``sandbox.phone_screen``), and the network (``ports.SimulatedNetwork``).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from palomar.inbound.owners import load_owners
from palomar.numbers.phone import plain_address
from palomar.ports import Clock, SimulatedNetwork
from palomar.sandbox import phone_messages
from palomar.sandbox.phone_messages import InboundAddress, KnownParts, SentToPhone, WrittenByPhone
from palomar.sandbox.phone_screen import Arrival, Bubble, build_bubbles, references_of
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Principal, Right, Scope
from palomar.vocabulary.message import MessageId, State, accepted_ms

LINES_AT_MOST: Final = 50
BUBBLES_AT_MOST: Final = 60
TEXT_LONGEST: Final = 2_000
ADDRESS_LONGEST: Final = 20
"""Characters of a source or destination address (SMPP 3.4 section 5.2.8)."""
_SESSIONS_AT_MOST: Final = 500
_NUMBERS_AT_MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLine:
    """A number in the list, with its last message; ``state`` is None where the phone wrote that message."""

    number: str
    text: str
    at_ms: int
    state: State | None
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """The list of numbers, newest first, and the screen of one of them; ``number`` is empty while the list is."""

    lines: list[PhoneLine]
    number: str
    bubbles: list[Bubble]
    behavior: str
    """How the phone behaves, where that was set."""


class WriteResult(StrEnum):
    """What became of a message that a phone was to write."""

    SENT = "sent"
    NO_ACCOUNT = "nobodys"
    """It would reach no account in scope."""
    INVALID = "nonsense"
    """The number, the address or the text is empty or too long, or is not one."""


class SeenMessages:
    """The newest message that each session has seen of each number, in memory. A session begins with nothing unread."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[int, dict[str, int]] = OrderedDict()

    def last_seen(self, session_id: int, number: str, *, newest: int) -> int:
        """Return the newest message of a number that the session has seen; a new session has seen all up to
        ``newest``."""
        seen = self._sessions.get(session_id)
        if seen is None:
            seen = self._sessions[session_id] = {"": newest}
            if len(self._sessions) > _SESSIONS_AT_MOST:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(session_id)
        return seen.get(number, seen[""])

    def mark_seen(self, session_id: int, number: str, newest: int) -> None:
        """Note that the session has seen the messages of this number up to ``newest``."""
        seen = self._sessions.get(session_id)
        if seen is not None and (number in seen or len(seen) < _NUMBERS_AT_MOST):
            seen[number] = newest


class Phones:
    """All phones of the simulated carriers, within one person's scope and rights."""

    def __init__(
        self,
        who: Principal,
        scope: Scope,
        session_id: int,
        *,
        database: Database,
        clock: Clock,
        networks: Mapping[str, SimulatedNetwork],
        seen: SeenMessages,
    ) -> None:
        self._who = who
        self._scope = scope
        self._session_id = session_id
        self._database = database
        self._clock = clock
        self._networks = networks
        self._seen = seen

    @property
    def may_write(self) -> bool:
        """True if this person may write from a phone."""
        return self._who.may(Right.USE_SANDBOX)

    @property
    def may_change(self) -> bool:
        """True if this person may set how a phone behaves."""
        return self._who.may(Right.USE_SANDBOX) and self._who.sees_all_accounts

    async def view(self, number: str) -> PhoneView:
        """Read the list of numbers and one screen: this number's, or the newest one's if it is empty."""

        async def script(
            tx: Transaction,
        ) -> tuple[list[SentToPhone], list[WrittenByPhone], str, list[Arrival], KnownParts]:
            sent = await phone_messages.read_sent(tx, self._scope.account_ids)
            written = await phone_messages.read_written(tx, self._scope.account_ids)
            sent = [m for m in sent if m.carrier in self._networks or not m.carrier]
            written = [m for m in written if m.carrier in self._networks]
            chosen = number or _newest_number(sent, written)
            shown = [message.id for message in sent if message.msisdn == chosen][:BUBBLES_AT_MOST]
            arrivals = self._arrivals(chosen)
            references = {reference for arrival in arrivals for reference in references_of(arrival)}
            return sent, written, chosen, arrivals, await phone_messages.known_parts(tx, shown, references)

        sent, written, chosen, arrivals, known = await self._database.read(script)
        newest = max((message.id for message in sent), default=MessageId(0))
        self._seen.last_seen(self._session_id, "", newest=newest)
        of_chosen = [message for message in sent if message.msisdn == chosen]
        self._seen.mark_seen(self._session_id, chosen, max((message.id for message in of_chosen), default=newest))
        sees_all = self._scope.account_ids is None
        by_chosen = [message for message in written if message.number == chosen]
        bubbles = build_bubbles(of_chosen[:BUBBLES_AT_MOST], by_chosen, arrivals, known, with_unmatched=sees_all)
        bubbles = bubbles[-BUBBLES_AT_MOST:]
        return PhoneView(
            lines=self._lines(sent, written, newest),
            number=chosen,
            bubbles=bubbles,
            behavior=self._behavior(chosen) if bubbles or self.may_change else "",
        )

    async def addresses(self) -> list[InboundAddress]:
        """Read the addresses that a phone can write to so that an account in scope gets it."""
        return await self._database.read(phone_messages.read_addresses, self._scope.account_ids)

    async def write(self, number: str, to: str, text: str) -> WriteResult:
        """Let the phone of this number write ``text`` to the address ``to``.

        Only a person who sees the whole platform may write to an address that belongs to no account.
        """
        number, to = plain_address(number), plain_address(to)
        if not self.may_write or not _is_phone(number) or not _is_address(to) or not 0 < len(text) <= TEXT_LONGEST:
            return WriteResult.INVALID
        carrier = self._carrier_of(number)

        async def script(tx: Transaction) -> bool:
            owner = (await load_owners(tx, [to])).owner_of_text(to, text)
            return self._scope.includes(owner.account_id if owner is not None else None)

        if not await self._database.read(script):
            return WriteResult.NO_ACCOUNT
        self._networks[carrier].write(number, to, text)
        return WriteResult.SENT

    def set_behavior(self, number: str, behavior: str) -> str:
        """Set how the phone of this number behaves in every network; an empty ``behavior`` takes the setting away.

        Return "" when that is done, else what is wrong, in words.
        """
        number = plain_address(number)
        if not self.may_change or not _is_phone(number):
            return "no such number"
        try:
            for network in self._networks.values():
                network.set_behavior(number, behavior or None)
        except ValueError as error:
            return str(error)
        return ""

    # --- private

    def _lines(self, sent: Sequence[SentToPhone], written: Sequence[WrittenByPhone], newest: int) -> list[PhoneLine]:
        lines: dict[str, PhoneLine] = {}
        unread: dict[str, int] = {}
        for message in sent:
            after = self._seen.last_seen(self._session_id, message.msisdn, newest=newest)
            unread[message.msisdn] = unread.get(message.msisdn, 0) + (message.id > after)
        for line in sorted((*map(_line_of_sent, sent), *map(_line_of_written, written)), key=_time_of, reverse=True):
            if line.number not in lines and len(lines) < LINES_AT_MOST:
                lines[line.number] = line
        return [
            PhoneLine(number=n, text=line.text, at_ms=line.at_ms, state=line.state, unread=unread.get(n, 0))
            for n, line in lines.items()
        ]

    def _arrivals(self, number: str) -> list[Arrival]:
        """List the texts that any network has delivered to the phone of this number."""
        return [
            (carrier, arrival)
            for carrier, network in self._networks.items()
            for arrival in (network.recent(number) if number else ())
            if not arrival.is_written
        ]

    def _behavior(self, number: str) -> str:
        return next((found for network in self._networks.values() if (found := network.behavior(number))), "")

    def _carrier_of(self, number: str) -> str:
        """Return the carrier whose network delivered to this phone last."""
        last = [(network.recent(number)[-1:], carrier) for carrier, network in self._networks.items()]
        return max(last, key=lambda entry: entry[0][0].at_ms if entry[0] else 0)[1]


def _newest_number(sent: Sequence[SentToPhone], written: Sequence[WrittenByPhone]) -> str:
    lines = [*map(_line_of_sent, sent[:1]), *map(_line_of_written, written[:1])]
    return max(lines, key=_time_of).number if lines else ""


def _line_of_sent(message: SentToPhone) -> PhoneLine:
    return PhoneLine(
        number=message.msisdn, text=message.text, at_ms=accepted_ms(message.id), state=message.state, unread=0
    )


def _line_of_written(message: WrittenByPhone) -> PhoneLine:
    return PhoneLine(number=message.number, text=message.text, at_ms=message.received_ms, state=None, unread=0)


def _time_of(line: PhoneLine) -> int:
    return line.at_ms


def _is_phone(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= ADDRESS_LONGEST


def _is_address(address: str) -> bool:
    return 0 < len(address) <= ADDRESS_LONGEST and address.isascii() and address.isprintable()
