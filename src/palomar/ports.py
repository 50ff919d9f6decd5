"""Ports: what the capabilities ask of the world outside (carriers, HTTP, clock, ids), on one page.

Carriers, HTTP, the clock and ids plug in here; ``app/server.py`` does the plugging. Each port has a contract suite in
``tests/contracts``. All times are milliseconds since 1970 (wall) or seconds (monotonic), by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import Event
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId, PartId, State
from palomar.vocabulary.oddity import Oddity
from palomar.vocabulary.phone_message import PhoneMessage

# --- time, ids, chance ------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Wall time for due times and stamps, monotonic time for timers. A jump moves the wall only."""

    def wall_ms(self) -> int: ...

    def monotonic(self) -> float: ...


class Ids(Protocol):
    """Makes what must never repeat."""

    def message_id(self) -> MessageId:
        """A new id, higher than all that this node made before."""
        ...

    def serial(self) -> int:
        """A new 63-bit number for rows that only need one (events, ledger entries, callbacks); rising."""
        ...

    def random(self) -> float:
        """A random number in [0, 1), for jitter."""
        ...

    def token(self) -> str:
        """A new secret of 160 random bits, in letters and digits."""
        ...


# --- towards the carriers ---------------------------------------------------------------------------------------


class OutgoingPart(Struct, frozen=True, kw_only=True):
    """One part on its way to a carrier. The payload is text only, a septet an octet for GSM, UTF-16BE for UCS-2; how
    concatenation is told (UDH, SAR) is the carrier's business."""

    part_id: PartId
    message_id: MessageId
    attempt: int
    number: int
    parts: int
    reference: int
    sender: str
    msisdn: str
    alphabet: Alphabet
    payload: bytes
    flash: bool = False
    """Shown at once and not kept by the phone: class 0 (3GPP TS 23.038 section 4)."""
    rank: Rank = Rank.NORMAL
    """Who goes first, here and at the carrier (priority_flag, SMPP 3.4 section 5.2.14)."""
    due_ms: int = 0
    """Since when it may leave."""
    stale_ms: int | None = None
    """From then on nobody wants it any more: the carrier shall not deliver it later."""
    deferrals: int = 0
    """How often the carrier has put it off in a row."""

    @property
    def urgent(self) -> bool:
        return self.rank is Rank.URGENT


class Exchange(Struct, frozen=True, kw_only=True):
    """The octets of one submit and of its answer, as they went over a link; empty where there were none."""

    link: str = ""
    request: bytes = b""
    response: bytes = b""


class Submitted(Struct, frozen=True, kw_only=True):
    """The carrier accepted the part; ``reference`` is its id for it, as it came."""

    reference: str


class Refused(Struct, frozen=True, kw_only=True):
    """The carrier refused the part for good."""

    status: int
    reason: str


class Deferred(Struct, frozen=True, kw_only=True):
    """The carrier does not take the part now (throttled, queue full): try again after some time."""

    status: int
    reason: str
    retry_after_seconds: float


class NotSent(Struct, frozen=True, kw_only=True):
    """No byte of the part was given to the transport."""

    reason: str


class InDoubt(Struct, frozen=True, kw_only=True):
    """Nobody knows: no answer in time, or the link broke after the part had left."""

    reason: str


SubmitOutcome = Submitted | Refused | Deferred | NotSent | InDoubt


class CarrierReceipt(Struct, frozen=True, kw_only=True):
    """A delivery receipt as a carrier sent it. ``state`` is None where it is not final (ACCEPTD, ENROUTE)."""

    carrier: str
    reference: str
    state: State | None
    stat: str
    raw: str
    msisdn: str = ""
    """Whose phone it speaks of, as the carrier has it, without a plus; empty where it does not say."""
    sender: str = ""
    """Whose message it was, as the carrier has it."""
    text: str = ""
    """How the message began, where the receipt says it (SMPP 3.4 appendix B)."""
    echo: int | None = None
    """Our user_message_reference (SMPP 3.4 section 5.3.2.17), where the carrier echoes it: 16 bits."""
    octets: bytes = b""
    """The PDU as it came."""
    part_id: PartId | None = None
    """Set where the part is known without a look-up."""
    oddities: tuple[Oddity, ...] = ()
    """What was odd about it, to be counted."""


class CarrierInbound(Struct, frozen=True, kw_only=True):
    """A message from a phone, one part, text decoded; and its user data with their coding (``text.phone_text``)."""

    carrier: str
    source: str
    destination: str
    text: str
    reference: int | None = None
    number: int = 1
    parts: int = 1
    octets: bytes = b""
    coding: str = ""
    came_ms: int = 0
    link: str = ""
    """By which link it came, as no other link of this process is called; and since when that is bound."""
    bound_ms: int = 0
    oddities: tuple[Oddity, ...] = ()
    """What was odd about it, to be counted."""


Acknowledge = Callable[[bool], None]
"""Called once, after the commit: True acknowledges to the carrier, False asks it to come again (ESME_RX_T_APPN)."""


class CarrierSink(Protocol):
    """What a carrier tells who sends by it. Every call returns at once and never raises."""

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        """The outcome of one :meth:`Carrier.submit`, exactly one a submit; a late answer may follow an InDoubt."""
        ...

    def receipt(self, receipt: CarrierReceipt, acknowledge: Acknowledge) -> None: ...

    def inbound(self, inbound: CarrierInbound, acknowledge: Acknowledge) -> None: ...

    def link_ended(self, link: str) -> None:
        """Note that a link by which messages had come (``CarrierInbound.link``) has ended."""
        ...

    def slots_changed(self, carrier: str) -> None:
        """There is (more) room, or a link came or went: look again at :meth:`Carrier.free_slots`."""
        ...


SWITCHED_OFF = "switched off"
DRAINED = "drained"
OFF_ON_PURPOSE = frozenset({SWITCHED_OFF, DRAINED})
"""Why nothing is submitted by our own wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """One link as the console and ``/health`` show it."""

    name: str
    bound: bool
    outstanding: int
    window: int
    last_error: str = ""
    parts_per_second: float = 0.0
    """The pace at which the carrier lets it be fed; 0 is no limit."""


class Carrier(Protocol):
    """A way to the phones. Slots are window slots *and* pacing tokens, for parts."""

    @property
    def name(self) -> str: ...

    @property
    def live(self) -> bool:
        """Whether at least one link can take submits."""
        ...

    @property
    def off_reason(self) -> str:
        """Why nothing is submitted by our own wish: of ``OFF_ON_PURPOSE``; empty where it is not so."""
        ...

    @property
    def on_trial(self) -> bool:
        """Tell whether it did not answer the last parts, and gets one at a time until it answers one."""
        ...

    def free_slots(self) -> int:
        """How many parts could be reserved at this moment."""
        ...

    def reserve(self, parts: int) -> bool:
        """Take slots for all of ``parts`` at once, or none. What was reserved is submitted or given back."""
        ...

    def release(self, parts: int) -> None:
        """Give back reserved slots that will not be used."""
        ...

    def submit(self, part: OutgoingPart) -> None:
        """Send one part in a reserved slot; returns at once, the outcome goes to the sink."""
        ...

    def links(self) -> list[LinkStatus]: ...

    def query(self, reference: str, *, sender: str) -> bool:
        """Ask how a part stands of which it gave us ``reference``; what it says comes as a receipt. False where it
        cannot be asked (no link, no such operation)."""
        ...

    async def start(self, sink: CarrierSink) -> None:
        """Begin to connect; returns without waiting for the first bind."""
        ...

    async def stop(self, deadline_seconds: float) -> None:
        """Wait for answers outstanding, unbind, close: within the deadline."""
        ...


# --- networks that are not there ---------------------------------------------------------------------------------


class SimulatedNetwork(Protocol):
    """The phones of a simulated carrier, as people look at them and play with them."""

    def recent(self, number: str | None = None) -> list[PhoneMessage]:
        """The last messages of all phones or of one, oldest first."""
        ...

    def subscribe(self, listener: Callable[[PhoneMessage], None]) -> Callable[[], None]:
        """Be told of every message as it comes or is written; returns how to be told no more."""
        ...

    def write(self, number: str, to: str, text: str) -> PhoneMessage:
        """A phone writes to an address. Raises ValueError for what is too long."""
        ...

    def set_behavior(self, number: str, how: str | None) -> object:
        """From now on the phone of that number does so; None: as any other. Raises ValueError for nonsense."""
        ...

    def behavior(self, number: str) -> str:
        """As :meth:`behave` was told last; empty where it behaves as any other."""
        ...


# --- towards the customers --------------------------------------------------------------------------------------


class CallbackRequest(Struct, frozen=True, kw_only=True):
    """A callback as it goes out, the same bytes at every attempt."""

    method: str
    url: str
    body: bytes | None = None


class CallbackRenderer(Protocol):
    """A dialect's say over its callbacks."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """After the n-th failed attempt, wait so long; after the last, keep it as failed."""
        ...

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """The callback for an event to the customer's URL; None where this dialect makes none."""
        ...


class HttpRequest(Struct, frozen=True, kw_only=True):
    """One request of the hot callback client."""

    method: str
    url: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    owner: int = 0
    """Whose request it is: two owners share no connection, whatever host they name."""


class HttpOutcome(Struct, frozen=True, kw_only=True):
    """How it ended: a status, or one of the closed words of error (``timeout``, ``refused_network``, ``connect``,
    ``tls``, ``protocol``, ``bad_url``, ``closed``, ``too_large``)."""

    status: int | None
    error: str | None
    elapsed_ms: int
    body_start: bytes = b""

    @property
    def ok(self) -> bool:
        """Any 2xx is success."""
        return self.status is not None and 200 <= self.status < 300


class HttpSender(Protocol):
    """The guarded HTTP client for callbacks."""

    def start(self, request: HttpRequest, done: Callable[[HttpOutcome], None]) -> None:
        """Send; ``done`` is called once, later, whatever happens."""
        ...

    def origin_of(self, url: str) -> str:
        """Scheme, host and port in one canonical word; of a URL that is none, the empty string."""
        ...
