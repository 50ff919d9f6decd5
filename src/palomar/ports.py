"""The ports: all interfaces to what is outside, which carriers, HTTP, clocks and makers of ids implement.

``app/server.py`` connects them. Each port has a contract suite in ``tests/contracts``. Times are milliseconds since
1970 (wall) or seconds (monotonic), by their names.
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
    """Wall time for due times and stamps, monotonic time for timers. A jump of the sandbox's clock moves the wall
    time only."""

    def wall_ms(self) -> int: ...

    def monotonic(self) -> float: ...


class Ids(Protocol):
    """A maker of values that never repeat."""

    def message_id(self) -> MessageId:
        """Make a new id, higher than all that this node made before."""
        ...

    def serial(self) -> int:
        """Make a new 63-bit number for rows that only need one (moments, ledger entries, callbacks); it rises."""
        ...

    def random(self) -> float:
        """Return a random number in [0, 1), for jitter."""
        ...

    def token(self) -> str:
        """Make a new secret of 160 random bits or more, in letters and digits."""
        ...


# --- towards the carriers ---------------------------------------------------------------------------------------


class OutgoingPart(Struct, frozen=True, kw_only=True):
    """A part on its way to a carrier. The payload is its text only: a septet an octet for GSM, UTF-16BE for UCS-2.
    How concatenation is signaled (UDH, SAR) is the carrier's business."""

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
    """True if the phone shows it at once and does not keep it: class 0 (3GPP TS 23.038 section 4)."""
    rank: Rank = Rank.NORMAL
    """Its order among other parts, here and at the carrier (priority_flag, SMPP 3.4 section 5.2.14)."""
    due_ms: int = 0
    """The time from which it may leave."""
    stale_ms: int | None = None
    """The time from which it is useless: the carrier shall not deliver it later."""
    deferrals: int = 0
    """How often in a row the carrier has deferred it."""

    @property
    def urgent(self) -> bool:
        return self.rank is Rank.URGENT


class Exchange(Struct, frozen=True, kw_only=True):
    """The octets of one submit and of its answer, as they went over a link; empty if there were none."""

    link: str = ""
    request: bytes = b""
    response: bytes = b""


class Submitted(Struct, frozen=True, kw_only=True):
    """The carrier accepted the part; ``reference`` is the id that the carrier gave it, unchanged."""

    reference: str


class Refused(Struct, frozen=True, kw_only=True):
    """The carrier refused the part for good."""

    status: int
    reason: str


class Deferred(Struct, frozen=True, kw_only=True):
    """The carrier does not accept the part now (throttled, queue full): try again after some time."""

    status: int
    reason: str
    retry_after_seconds: float


class NotSent(Struct, frozen=True, kw_only=True):
    """No octet of the part was passed to the transport."""

    reason: str


class InDoubt(Struct, frozen=True, kw_only=True):
    """It is unknown whether the carrier accepted the part: no answer in time, or the link broke after the part had
    left."""

    reason: str


SubmitOutcome = Submitted | Refused | Deferred | NotSent | InDoubt


class CarrierReceipt(Struct, frozen=True, kw_only=True):
    """A delivery receipt as a carrier sent it. ``state`` is None if it is not final (ACCEPTD, ENROUTE)."""

    carrier: str
    reference: str
    state: State | None
    stat: str
    raw: str
    msisdn: str = ""
    """The number of the phone, as the carrier writes it, without a plus; empty if the receipt has none."""
    sender: str = ""
    """The sender of the message, as the carrier writes it."""
    text: str = ""
    """The beginning of the message's text, if the receipt has it (SMPP 3.4 appendix B)."""
    echo: int | None = None
    """Our user_message_reference (SMPP 3.4 section 5.3.2.17), if the carrier echoes it: 16 bits."""
    octets: bytes = b""
    """The PDU, as it was received."""
    part_id: PartId | None = None
    """The part, if it is known without a look-up."""
    oddities: tuple[Oddity, ...] = ()
    """The faults that were found in it, to be counted."""


class CarrierInbound(Struct, frozen=True, kw_only=True):
    """A message from a phone, one part, with its decoded text and its user data with their coding
    (``text.phone_text``)."""

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
    """The link by which it came, by a name that no other link of this process has."""
    bound_ms: int = 0
    """The time since which that link is bound."""
    oddities: tuple[Oddity, ...] = ()
    """The faults that were found in it, to be counted."""


Acknowledge = Callable[[bool], None]
"""Called once, after the commit: True acknowledges to the carrier, False asks it to send again (ESME_RX_T_APPN)."""


class CarrierSink(Protocol):
    """The receiver of a carrier's events. Every call returns at once and never raises."""

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        """Take the outcome of a :meth:`Carrier.submit`, exactly one for each; a late answer may follow an InDoubt."""
        ...

    def receipt(self, receipt: CarrierReceipt, acknowledge: Acknowledge) -> None: ...

    def inbound(self, inbound: CarrierInbound, acknowledge: Acknowledge) -> None: ...

    def link_ended(self, link: str) -> None:
        """Note that a link by which messages had come (``CarrierInbound.link``) has ended."""
        ...

    def slots_changed(self, carrier: str) -> None:
        """Note that slots became free, or that a link came or went: look at :meth:`Carrier.free_slots` again."""
        ...


SWITCHED_OFF = "switched off"
DRAINED = "drained"
OFF_ON_PURPOSE = frozenset({SWITCHED_OFF, DRAINED})
"""The reasons of our own for which nothing is submitted to a carrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """The status of a link, as the console and ``/health`` show it."""

    name: str
    bound: bool
    outstanding: int
    window: int
    last_error: str = ""
    parts_per_second: float = 0.0
    """The rate at which the carrier accepts parts; 0 is no limit."""


class Carrier(Protocol):
    """A way to the phones. A slot is for one part: a place in a window *and* a token of the pace."""

    @property
    def name(self) -> str: ...

    @property
    def live(self) -> bool:
        """Return True if at least one link can take submits."""
        ...

    @property
    def off_reason(self) -> str:
        """Return why we submit nothing on purpose, one of ``OFF_ON_PURPOSE``; empty if we do submit."""
        ...

    @property
    def on_trial(self) -> bool:
        """Return True if it did not answer the last parts: it gets one part at a time until it answers one."""
        ...

    def free_slots(self) -> int:
        """Count the parts that could be reserved at this moment."""
        ...

    def reserve(self, parts: int) -> bool:
        """Take slots for all of ``parts`` at once, or for none. What was reserved is submitted or released."""
        ...

    def release(self, parts: int) -> None:
        """Return reserved slots that will not be used."""
        ...

    def submit(self, part: OutgoingPart) -> None:
        """Send one part in a reserved slot. Returns at once; the outcome goes to the sink."""
        ...

    def links(self) -> list[LinkStatus]: ...

    def query(self, reference: str, *, sender: str) -> bool:
        """Ask for the state of the part that it gave ``reference``; the answer comes as a receipt.

        Returns False if it cannot be asked (no link, no such operation).
        """
        ...

    async def start(self, sink: CarrierSink) -> None:
        """Begin to connect; return without waiting for the first bind."""
        ...

    async def stop(self, deadline_seconds: float) -> None:
        """Wait for outstanding answers, unbind and close, within the deadline."""
        ...


# --- networks that are not there ---------------------------------------------------------------------------------


class SimulatedNetwork(Protocol):
    """The phones of a simulated carrier, as people see and use them."""

    def recent(self, number: str | None = None) -> list[PhoneMessage]:
        """List the last messages of all phones or of one, oldest first."""
        ...

    def subscribe(self, listener: Callable[[PhoneMessage], None]) -> Callable[[], None]:
        """Call ``listener`` for every message that a phone receives or writes; return a function that ends this."""
        ...

    def write(self, number: str, to: str, text: str) -> PhoneMessage:
        """Let a phone write to an address. Raises ValueError if the text is too long."""
        ...

    def set_behavior(self, number: str, how: str | None) -> object:
        """Set how the phone of a number behaves from now on; None: as any other. Raises ValueError if ``how`` is
        unknown."""
        ...

    def behavior(self, number: str) -> str:
        """Return what :meth:`set_behavior` set last; empty if the phone behaves as any other."""
        ...


# --- towards the customers --------------------------------------------------------------------------------------


class CallbackRequest(Struct, frozen=True, kw_only=True):
    """A callback as it is sent, with the same octets at every attempt."""

    method: str
    url: str
    body: bytes | None = None


class CallbackRenderer(Protocol):
    """A dialect's rules for its callbacks."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """Return the waits after each failed attempt; after the last one the callback is kept as failed."""
        ...

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """Make the callback for an event to the customer's URL; None if this dialect makes none."""
        ...


class HttpRequest(Struct, frozen=True, kw_only=True):
    """A request of the client that sends callbacks."""

    method: str
    url: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    owner: int = 0
    """The account that it is for: requests of two owners share no connection, whatever host they name."""


class HttpOutcome(Struct, frozen=True, kw_only=True):
    """How a request ended: a status, or one of the words for errors (``timeout``, ``refused_network``, ``connect``,
    ``tls``, ``protocol``, ``bad_url``, ``closed``, ``too_large``)."""

    status: int | None
    error: str | None
    elapsed_ms: int
    body_start: bytes = b""

    @property
    def ok(self) -> bool:
        """Return True for any 2xx status."""
        return self.status is not None and 200 <= self.status < 300


class HttpSender(Protocol):
    """A client that sends callbacks and connects to allowed networks only."""

    def start(self, request: HttpRequest, done: Callable[[HttpOutcome], None]) -> None:
        """Send a request; ``done`` is called once, later, whatever happens."""
        ...

    def origin_of(self, url: str) -> str:
        """Return scheme, host and port of a URL as one canonical word; empty if it is not a URL."""
        ...
