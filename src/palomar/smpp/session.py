"""One SMPP session, either side of it: octets and time in, events and octets out. No socket, no clock.

Theory of operation
===================

The owner holds the connection. It hands every octet that comes to `receive(data, now)` and gets events; it
sends with `send(pdu, now, context=...)` and `answer(request, ...)`, then writes `take_outgoing()` in one go,
so that many PDUs share a system call. It calls `on_time(now)` when `next_deadline()` has passed, and
`connection_lost()` when the stream has ended. `now` is monotonic seconds and never goes back. After `Closed`
nothing happens any more.

States (SMPP 3.4 section 2.2); who may send what in each is `states.py`:

    OPEN ---------- bind accepted --------> BOUND_TX, BOUND_RX or BOUND_TRX
      |                                       |
      +-- outbind --> OUTBOUND -- bind ------>+-- unbind() --> UNBINDING -- unbind_resp, time-out --> CLOSED
                                              |
                    unbind by the peer, dead link, framing error, connection lost -----------------> CLOSED

A request of the peer that its state does not allow is answered ESME_RINVBNDSTS, a malformed one with its
status, an unknown one with generic_nack: the session lives, and a PduRefused says so. As an ESME we take a malformed
one whose mandatory part is whole, because nobody at an SMSC reads our refusals; its event says what was odd. Only a
command_length out of bounds ends it, because the start of the next PDU is lost. enquire_link is answered at once;
unbind is answered and ends the session.

Requests of ours that carry messages occupy the window until they are answered or their response timer
(section 2.9) runs out. What became of each is surfaced and never made up: ResponseReceived, or RequestTimedOut
(after which a LateResponse may follow while the request is remembered), or `Closed.unanswered`.

Timers are deadlines. The link is dead when an enquire_link ran out
*and* nothing at all came since it was sent: a peer that forgets to answer it while it delivers is alive.
"""

from collections.abc import Callable
from dataclasses import dataclass

from palomar.smpp import events, pdus
from palomar.smpp.codec import DEFAULT_MAX_FRAME_OCTETS, FrameBuffer, decode, encode, salvage
from palomar.smpp.errors import PduError, UnencodablePdu, UnknownCommand, WindowFull, WrongState
from palomar.smpp.events import CloseReason, Event
from palomar.smpp.pdus import RESPONSE_BIT, Pdu
from palomar.smpp.states import BOUND_BY, BOUND_STATES, SessionRole, SessionState, allowed_requests
from palomar.smpp.status import CommandStatus
from palomar.smpp.window import Window

MAX_SEQUENCE_NUMBER = 0x7FFFFFFF
_ABOUT_THE_LINK = frozenset((pdus.EnquireLink.command_id, pdus.Unbind.command_id, pdus.Outbind.command_id))

_Timer = tuple[float, Callable[[float, list[Event]], None]]


@dataclass(slots=True, frozen=True, kw_only=True)
class SessionSettings:
    """The window and the timers of a session (SMPP 3.4 sections 2.8 and 2.9); None switches a timer off."""

    window: int = 10
    response_seconds: float = 30.0
    enquire_link_seconds: float | None = 30.0
    session_init_seconds: float | None = 30.0
    inactivity_seconds: float | None = None
    max_frame_octets: int = DEFAULT_MAX_FRAME_OCTETS
    #: How many timed-out requests are remembered, in case their answers come late.
    remembered_timeouts: int = 10_000


class Session:
    """The state of one session; see the module's theory of operation."""

    def __init__(
        self,
        role: SessionRole,
        now: float,
        *,
        settings: SessionSettings | None = None,
        first_sequence_number: int = 1,
    ) -> None:
        self.role = role
        self.settings = settings = settings or SessionSettings()
        #: Read only. The booleans beside it are here because comparing enum members is slow.
        self.state = SessionState.OPEN
        #: True while messages may pass (not while unbinding).
        self.is_bound = False
        self.is_closed = False
        self._peer = SessionRole.SMSC if role is SessionRole.ESME else SessionRole.ESME
        self._frames = FrameBuffer(settings.max_frame_octets)
        self._outgoing: list[bytes] = []
        self._next_sequence_number = first_sequence_number
        self._window = Window(settings.window, remembered=settings.remembered_timeouts)
        self._our_bind: tuple[int, float, SessionState] | None = None
        self._our_unbind: tuple[int, float] | None = None
        self._our_enquiry: tuple[int, float] | None = None
        self._peer_bind: tuple[int, SessionState] | None = None
        self._opened = now
        self._last_received = now
        self._active = now
        self._may_send = frozenset[int]()
        self._may_receive = frozenset[int]()
        self._enter(SessionState.OPEN)

    def set_window(self, size: int) -> None:
        """Allow so many requests without an answer from now on; those that are out already stay out."""
        self._window.size = size

    @property
    def window_free(self) -> int:
        """Count the requests that may be sent before one is answered."""
        window = self._window
        free = window.size - len(window.outstanding)
        return free if free > 0 else 0

    @property
    def outstanding(self) -> int:
        """Count our requests that wait for their answer."""
        return len(self._window.outstanding)

    def enquire(self, now: float) -> bool:
        """Send an enquire_link if nothing has come within the response time; return True if nothing has."""
        is_silent = self.is_bound and now - self._last_received >= self.settings.response_seconds
        if is_silent and self._our_enquiry is None:
            self._enquire(now, [])
        return is_silent

    def send(self, pdu: Pdu, now: float, *, context: object = None) -> int:
        """Queue a request and return its sequence number, which is also written into `pdu`.

        `context` comes back with the outcome. Binds, outbind and alert_notification take no room in the
        window and have no context. Raises WrongState, WindowFull or UnencodablePdu, then nothing has changed.
        """
        command_id = pdu.command_id
        if command_id not in self._may_send or self._our_bind is not None:
            raise WrongState(f"{pdu.command_name} cannot be sent while {self.state.name}")
        sequence_number = self._next_sequence_number
        if self.is_bound and command_id != pdus.AlertNotification.command_id:
            window = self._window
            if len(window.outstanding) >= window.size:
                raise WindowFull(f"{window.size} requests are unanswered")
            self._emit(pdu)
            window.add(sequence_number, command_id, context, now + self.settings.response_seconds, self._outgoing[-1])
        else:
            self._emit(pdu)
            if command_id in BOUND_BY:
                deadline = now + self.settings.response_seconds
                self._our_bind = (sequence_number, deadline, BOUND_BY[command_id])
            elif command_id == pdus.Outbind.command_id:
                self._enter(SessionState.OUTBOUND)
        self._active = now
        return sequence_number

    def answer(self, request: Pdu, response: Pdu | None = None, *, status: int = 0) -> bool:
        """Queue the answer to a request of the peer: a response PDU, or just a status.

        Return False, and queue nothing, if the session has closed meanwhile or the request takes no answer.
        """
        if self.is_closed:
            return False
        if response is None:
            response_type = pdus.response_type(request.command_id)
            if response_type is None:
                return False
            response = response_type(status)
        elif response.command_id != request.command_id | RESPONSE_BIT:
            raise UnencodablePdu(f"does not answer {request.command_name}", field=response.command_name)
        response.sequence_number = request.sequence_number
        self._outgoing.append(encode(response))
        if self._peer_bind is not None and request.command_id in BOUND_BY:
            sequence_number, state = self._peer_bind
            if sequence_number == request.sequence_number:
                self._peer_bind = None
                if response.command_status == 0:
                    self._enter(state)
        return True

    def unbind(self, now: float) -> None:
        """Ask the peer to end the session; answers still come in until it agrees. Harmless when repeated."""
        if self.is_bound:
            number = self._emit(pdus.Unbind())
            self._our_unbind = (number, now + self.settings.response_seconds)
            # The requests that the peer may send stay the same.
            self.state = SessionState.UNBINDING
            self.is_bound = False
            self._may_send = frozenset()
        elif self.state not in (SessionState.UNBINDING, SessionState.CLOSED):
            raise WrongState(f"unbind cannot be sent while {self.state.name}")

    def take_outgoing(self) -> bytes:
        """Return all octets to write to the connection, and forget them."""
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take octets as they come from the connection; return their events."""
        found: list[Event] = []
        if self.is_closed:
            return found
        self._last_received = now
        for frame in self._frames.receive(data):
            oddity = ""
            try:
                pdu = decode(frame)
            except PduError as error:
                if (salvaged := self._salvaged(error, frame)) is None:
                    self._refuse(error, found)
                    continue
                pdu, oddity = salvaged
            command_id = pdu.command_id
            if command_id in self._may_receive:
                self._active = now
                found.append(events.RequestReceived(pdu, frame, oddity))
                continue
            if command_id & RESPONSE_BIT:
                self._on_response(pdu, frame, found)
            else:
                self._on_session_request(pdu, frame, found)
            if found and isinstance(found[-1], events.Closed):
                return found
        if self._frames.error is not None:
            self._emit(pdus.GenericNack(command_status=CommandStatus.ESME_RINVCMDLEN), 0)
            self._close(CloseReason.FRAMING_ERROR, found)
        return found

    def next_deadline(self) -> float | None:
        """Return the time at which `on_time` has something to do, or None; it may be early, never late."""
        return min((deadline for deadline, _ in self._timers()), default=None)

    def on_time(self, now: float) -> list[Event]:
        """Do everything that is due at `now`; return the events."""
        found: list[Event] = []
        for deadline, act in self._timers():
            if deadline <= now and not self.is_closed:
                act(now, found)
        return found

    def connection_lost(self) -> list[Event]:
        """Note that the connection has ended, whichever side ended it."""
        found: list[Event] = []
        self._close(CloseReason.CONNECTION_LOST, found)
        return found

    # Sending

    def _emit(self, pdu: Pdu, sequence_number: int | None = None) -> int:
        """Encode and queue `pdu`, under our next sequence number unless one is given (section 3.2)."""
        number = self._next_sequence_number if sequence_number is None else sequence_number
        pdu.sequence_number = number
        self._outgoing.append(encode(pdu))
        if sequence_number is None:
            self._next_sequence_number = number + 1 if number < MAX_SEQUENCE_NUMBER else 1
        return number

    # Receiving

    def _on_response(self, pdu: Pdu, frame: bytes, found: list[Event]) -> None:
        number = pdu.sequence_number
        if (settled := self._window.settle(number, pdu.command_id)) is not None:
            found.append(events.ResponseReceived(settled[0], pdu, settled[1], frame))
        elif not self._on_session_response(pdu, found):
            late = self._window.settle_late(number, pdu.command_id)
            if late is not None:
                found.append(events.LateResponse(late[0], pdu, late[1], frame))
            else:
                found.append(events.UnexpectedResponse(pdu))

    def _on_session_response(self, pdu: Pdu, found: list[Event]) -> bool:
        """Handle the answer to our bind, enquire_link or unbind; return False if it is none of these."""
        number = pdu.sequence_number
        if self._our_enquiry is not None and number == self._our_enquiry[0]:
            self._our_enquiry = None
        elif self._our_unbind is not None and number == self._our_unbind[0]:
            self._close(CloseReason.UNBOUND_BY_US, found)
        elif self._our_bind is not None and (number == self._our_bind[0] or _may_answer_a_bind(pdu)):
            # A response of another command, or a generic_nack, refuses the bind as well as its status would.
            state = self._our_bind[2]
            self._our_bind = None
            if pdu.command_status == 0 and BOUND_BY.get(pdu.command_id & ~RESPONSE_BIT) is state:
                self._enter(state)
                found.append(events.Bound(pdu))
            else:
                self._opened = self._last_received
                found.append(events.BindRefused(pdu))
        else:
            return False
        return True

    def _on_session_request(self, pdu: Pdu, frame: bytes, found: list[Event]) -> None:
        """Handle a request about the session itself, or refuse one that this state does not allow."""
        if isinstance(pdu, pdus.EnquireLink):
            self.answer(pdu)
        elif isinstance(pdu, pdus.Unbind):
            self.answer(pdu)
            self._close(CloseReason.UNBOUND_BY_PEER, found)
        elif pdu.command_id in self._binds_accepted():
            self._peer_bind = (pdu.sequence_number, BOUND_BY[pdu.command_id])
            found.append(events.RequestReceived(pdu, frame))
        elif isinstance(pdu, pdus.Outbind) and self.role is SessionRole.ESME and self.state is SessionState.OPEN:
            self._enter(SessionState.OUTBOUND)
            found.append(events.RequestReceived(pdu, frame))
        else:
            rebinding = self.role is SessionRole.SMSC and pdu.command_id in BOUND_BY
            status = CommandStatus.ESME_RALYBND if rebinding else CommandStatus.ESME_RINVBNDSTS
            self.answer(pdu, status=status)
            reason = f"{pdu.command_name} is not allowed while {self.state.name}"
            found.append(events.PduRefused(pdu.command_id, pdu.sequence_number, status, reason))

    def _binds_accepted(self) -> frozenset[int]:
        if self.role is SessionRole.ESME or self._peer_bind is not None:
            return frozenset()
        return allowed_requests(SessionRole.ESME, self.state) & BOUND_BY.keys()

    def _salvaged(self, error: PduError, frame: bytes) -> tuple[Pdu, str] | None:
        """Read a malformed request of an SMSC; a malformed request of an ESME is refused, because an ESME can be
        mended."""
        expected = error.command_id in self._may_receive or error.command_id in _ABOUT_THE_LINK
        if self.role is not SessionRole.ESME or isinstance(error, UnknownCommand) or not expected:
            return None
        return salvage(frame)

    def _refuse(self, error: PduError, found: list[Event]) -> None:
        """Answer a PDU that could not be read: its own response, or generic_nack if it was not recognised."""
        if not error.command_id & RESPONSE_BIT:
            if isinstance(error, UnknownCommand):
                self._emit(pdus.GenericNack(command_status=error.status), error.sequence_number)
            elif (response_type := pdus.response_type(error.command_id)) is not None:
                self._emit(response_type(command_status=error.status), error.sequence_number)
        found.append(events.PduRefused(error.command_id, error.sequence_number, error.status, str(error)))

    # Time

    def _timers(self) -> list[_Timer]:
        """List every running timer: its deadline and what to do then."""
        if self.is_closed:
            return []
        settings = self.settings
        timers: list[_Timer] = []
        if (oldest := self._window.next_deadline()) is not None:
            timers.append((oldest, self._expire_requests))
        if self._our_bind is not None:
            timers.append((self._our_bind[1], self._closer(CloseReason.BIND_TIMEOUT)))
        elif settings.session_init_seconds is not None and not (self.is_bound or self._our_unbind):
            closer = self._closer(CloseReason.SESSION_INIT_TIMEOUT)
            timers.append((self._opened + settings.session_init_seconds, closer))
        if self._our_unbind is not None:
            timers.append((self._our_unbind[1], self._closer(CloseReason.UNBOUND_BY_US)))
        if self._our_enquiry is not None:
            timers.append((self._our_enquiry[1] + settings.response_seconds, self._expire_enquiry))
        elif settings.enquire_link_seconds is not None and self.is_bound:
            timers.append((self._last_received + settings.enquire_link_seconds, self._enquire))
        if settings.inactivity_seconds is not None and self.is_bound:
            timers.append((self._active + settings.inactivity_seconds, self._end_inactive))
        return timers

    def _expire_requests(self, now: float, found: list[Event]) -> None:
        for number, context, frame in self._window.expire(now):
            found.append(events.RequestTimedOut(context, number, frame))

    def _enquire(self, now: float, found: list[Event]) -> None:
        self._our_enquiry = (self._emit(pdus.EnquireLink()), now)

    def _expire_enquiry(self, now: float, found: list[Event]) -> None:
        if self._our_enquiry is not None and self._last_received > self._our_enquiry[1]:
            self._our_enquiry = None
        else:
            self._close(CloseReason.LINK_DEAD, found)

    def _end_inactive(self, now: float, found: list[Event]) -> None:
        self._emit(pdus.Unbind())
        self._close(CloseReason.INACTIVE, found)

    def _closer(self, reason: CloseReason) -> Callable[[float, list[Event]], None]:
        return lambda now, found: self._close(reason, found)

    # States

    def _enter(self, state: SessionState) -> None:
        self.state = state
        self.is_bound = state in BOUND_STATES
        self.is_closed = state is SessionState.CLOSED
        self._may_send = allowed_requests(self.role, state)
        self._may_receive = allowed_requests(self._peer, state) if self.is_bound else frozenset()

    def _close(self, reason: CloseReason, found: list[Event]) -> None:
        if self.is_closed:
            return
        self._enter(SessionState.CLOSED)
        left = self._window.clear()
        contexts, frames = tuple(context for context, _ in left), tuple(frame for _, frame in left)
        found.append(events.Closed(reason, contexts, frames))


def _may_answer_a_bind(pdu: Pdu) -> bool:
    """Return True if this answers a bind whatever its number: while a bind waits, no other request does.

    An SMSC that cannot make sense of a bind answers generic_nack (SMPP 3.4 section 4.3.1), often with number 0.
    """
    return isinstance(pdu, pdus.GenericNack) or (pdu.command_id & ~RESPONSE_BIT) in BOUND_BY
