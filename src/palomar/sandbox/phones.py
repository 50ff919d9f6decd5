"""The phones of the sandbox as one person sees them: the numbers that got something, and the screen of one of them.

Every question begins with the scope. What a phone does is everybody's who sends to it, so only who sees the whole
platform may change that; what a phone writes must be for an account in scope. Not here: what is on a screen
(``phone_screen``), and the network (``ports.SimulatedNetwork``).
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
from palomar.sandbox.phone_messages import Address, SentToPhone, Ties, WrittenByPhone
from palomar.sandbox.phone_screen import Arrival, Bubble, bubbles_of, names_of
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Right, Scope, Who
from palomar.vocabulary.message import MessageId, State, born_ms

LINES_AT_MOST: Final = 50
BUBBLES_AT_MOST: Final = 60
TEXT_LONGEST: Final = 2_000
ADDRESS_LONGEST: Final = 20
"""Of a source or destination address (SMPP 3.4 section 5.2.8)."""
_SESSIONS_AT_MOST: Final = 500
_NUMBERS_AT_MOST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLine:
    """A number that got or wrote something, and the last of it. ``state`` is None where it wrote that."""

    number: str
    text: str
    at_ms: int
    state: State | None
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """The numbers, newest first, and the screen of one of them; ``number`` is empty while none got anything."""

    lines: list[PhoneLine]
    number: str
    bubbles: list[Bubble]
    how: str
    """How the number behaves, where somebody told it."""


class Wrote(StrEnum):
    """What came of writing from a phone."""

    SENT = "sent"
    NOBODYS = "nobodys"
    """It would reach no account in scope."""
    NONSENSE = "nonsense"
    """No number, no address, no text, or too much of it."""


class Seen:
    """Which messages each session has looked at, as long as the process lives. A session begins with nothing unread."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[int, dict[str, int]] = OrderedDict()

    def after(self, session_id: int, number: str, *, newest: int) -> int:
        """Up to which message this number was looked at; ``newest`` is the youngest of all there is."""
        seen = self._sessions.get(session_id)
        if seen is None:
            seen = self._sessions[session_id] = {"": newest}
            if len(self._sessions) > _SESSIONS_AT_MOST:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(session_id)
        return seen.get(number, seen[""])

    def saw(self, session_id: int, number: str, newest: int) -> None:
        """The session looks at this number, which has this youngest message."""
        seen = self._sessions.get(session_id)
        if seen is not None and (number in seen or len(seen) < _NUMBERS_AT_MOST):
            seen[number] = newest


class Phones:
    """See the module."""

    def __init__(
        self,
        who: Who,
        scope: Scope,
        session_id: int,
        *,
        database: Database,
        clock: Clock,
        networks: Mapping[str, SimulatedNetwork],
        seen: Seen,
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
        """Whether this person may write from a phone."""
        return self._who.may(Right.PLAY)

    @property
    def may_change(self) -> bool:
        """Whether this person may say how a phone behaves."""
        return self._who.may(Right.PLAY) and self._who.of_platform

    async def look(self, number: str) -> PhoneView:
        """The numbers, and the screen of this one, or of the newest where none is named."""

        async def script(tx: Transaction) -> tuple[list[SentToPhone], list[WrittenByPhone], str, list[Arrival], Ties]:
            sent = await phone_messages.sent(tx, self._scope.account_ids)
            written = await phone_messages.written(tx, self._scope.account_ids)
            sent = [m for m in sent if m.carrier in self._networks or not m.carrier]
            written = [m for m in written if m.carrier in self._networks]
            chosen = number or _newest_number(sent, written)
            shown = [message.id for message in sent if message.msisdn == chosen][:BUBBLES_AT_MOST]
            arrivals = self._arrivals(chosen)
            names = {name for arrival in arrivals for name in names_of(arrival)}
            return sent, written, chosen, arrivals, await phone_messages.ties(tx, shown, names)

        sent, written, chosen, arrivals, ties = await self._database.read(script)
        newest = max((message.id for message in sent), default=MessageId(0))
        self._seen.after(self._session_id, "", newest=newest)
        of_chosen = [message for message in sent if message.msisdn == chosen]
        self._seen.saw(self._session_id, chosen, max((message.id for message in of_chosen), default=newest))
        is_everybodys = self._scope.account_ids is None
        mine = [message for message in written if message.number == chosen]
        bubbles = bubbles_of(of_chosen[:BUBBLES_AT_MOST], mine, arrivals, ties, with_strays=is_everybodys)
        bubbles = bubbles[-BUBBLES_AT_MOST:]
        return PhoneView(
            lines=self._lines(sent, written, newest),
            number=chosen,
            bubbles=bubbles,
            how=self._how(chosen) if bubbles or self.may_change else "",
        )

    async def addresses(self) -> list[Address]:
        """Where a phone can write to so that an account in scope gets it."""
        return await self._database.read(phone_messages.addresses, self._scope.account_ids)

    async def write(self, number: str, to: str, text: str) -> Wrote:
        """The phone of that number writes; only who sees the whole platform may let it write to nobody."""
        number, to = plain_address(number), plain_address(to)
        if not self.may_write or not _is_phone(number) or not _is_address(to) or not 0 < len(text) <= TEXT_LONGEST:
            return Wrote.NONSENSE
        carrier = self._carrier_of(number)

        async def script(tx: Transaction) -> bool:
            owner = (await load_owners(tx, [to])).of_text(to, text)
            return self._scope.has(owner.account_id if owner is not None else None)

        if not await self._database.read(script):
            return Wrote.NOBODYS
        self._networks[carrier].write(number, to, text)
        return Wrote.SENT

    def behave(self, number: str, how: str) -> str:
        """From now on the phone of that number does so, in every network; nothing: as any other. What is wrong with
        it, in words; nothing if it was done."""
        number = plain_address(number)
        if not self.may_change or not _is_phone(number):
            return "no such number"
        try:
            for network in self._networks.values():
                network.behave(number, how or None)
        except ValueError as error:
            return str(error)
        return ""

    # --- private

    def _lines(self, sent: Sequence[SentToPhone], written: Sequence[WrittenByPhone], newest: int) -> list[PhoneLine]:
        lines: dict[str, PhoneLine] = {}
        unread: dict[str, int] = {}
        for message in sent:
            after = self._seen.after(self._session_id, message.msisdn, newest=newest)
            unread[message.msisdn] = unread.get(message.msisdn, 0) + (message.id > after)
        for line in sorted((*map(_line_of_sent, sent), *map(_line_of_written, written)), key=_when, reverse=True):
            if line.number not in lines and len(lines) < LINES_AT_MOST:
                lines[line.number] = line
        return [
            PhoneLine(number=n, text=line.text, at_ms=line.at_ms, state=line.state, unread=unread.get(n, 0))
            for n, line in lines.items()
        ]

    def _arrivals(self, number: str) -> list[Arrival]:
        """What has reached the phone of this number, by whichever network."""
        return [
            (carrier, arrival)
            for carrier, network in self._networks.items()
            for arrival in (network.recent(number) if number else ())
            if not arrival.is_written
        ]

    def _how(self, number: str) -> str:
        return next((how for network in self._networks.values() if (how := network.how(number))), "")

    def _carrier_of(self, number: str) -> str:
        """By which network the phone was written to last."""
        last = [(network.recent(number)[-1:], carrier) for carrier, network in self._networks.items()]
        return max(last, key=lambda entry: entry[0][0].at_ms if entry[0] else 0)[1]


def _newest_number(sent: Sequence[SentToPhone], written: Sequence[WrittenByPhone]) -> str:
    lines = [*map(_line_of_sent, sent[:1]), *map(_line_of_written, written[:1])]
    return max(lines, key=_when).number if lines else ""


def _line_of_sent(message: SentToPhone) -> PhoneLine:
    return PhoneLine(number=message.msisdn, text=message.text, at_ms=born_ms(message.id), state=message.state, unread=0)


def _line_of_written(message: WrittenByPhone) -> PhoneLine:
    return PhoneLine(number=message.number, text=message.text, at_ms=message.received_ms, state=None, unread=0)


def _when(line: PhoneLine) -> int:
    return line.at_ms


def _is_phone(number: str) -> bool:
    return number.isascii() and number.isdigit() and len(number) <= ADDRESS_LONGEST


def _is_address(address: str) -> bool:
    return 0 < len(address) <= ADDRESS_LONGEST and address.isascii() and address.isprintable()
