"""Who may send what, and when: the states of a session and the table of SMPP 3.4 section 2.3.

Two tolerances beyond the table, both common in the field: replace_sm also as a transceiver (the table forgets
it), and an ESME that got an outbind may bind as a transceiver too. enquire_link, unbind and the responses
stand outside the table: the session handles them itself, in any state.
"""

from enum import Enum, auto

from palomar.smpp import pdus


class Role(Enum):
    """Which side of the session we are."""

    ESME = auto()
    SMSC = auto()


class State(Enum):
    """The states of SMPP 3.4 section 2.2, and two of our own: OUTBOUND (2.2.1) and UNBINDING."""

    OPEN = auto()
    OUTBOUND = auto()
    BOUND_TX = auto()
    BOUND_RX = auto()
    BOUND_TRX = auto()
    UNBINDING = auto()
    CLOSED = auto()


BOUND_STATES = frozenset((State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX))

#: The state that a bind request leads to.
BOUND_BY = {
    pdus.BindTransmitter.command_id: State.BOUND_TX,
    pdus.BindReceiver.command_id: State.BOUND_RX,
    pdus.BindTransceiver.command_id: State.BOUND_TRX,
}

_SUBMITTING = (
    pdus.SubmitSm,
    pdus.SubmitMulti,
    pdus.DataSm,
    pdus.QuerySm,
    pdus.CancelSm,
    pdus.ReplaceSm,
)
_DELIVERING = (pdus.DeliverSm, pdus.DataSm, pdus.AlertNotification)
_BINDING = (pdus.BindTransmitter, pdus.BindReceiver, pdus.BindTransceiver)

_TABLE: dict[tuple[Role, State], tuple[type[pdus.Pdu], ...]] = {
    (Role.ESME, State.OPEN): _BINDING,
    (Role.ESME, State.OUTBOUND): (pdus.BindReceiver, pdus.BindTransceiver),
    (Role.ESME, State.BOUND_TX): _SUBMITTING,
    (Role.ESME, State.BOUND_RX): (),
    (Role.ESME, State.BOUND_TRX): _SUBMITTING,
    (Role.SMSC, State.OPEN): (pdus.Outbind,),
    (Role.SMSC, State.OUTBOUND): (),
    (Role.SMSC, State.BOUND_TX): (),
    (Role.SMSC, State.BOUND_RX): _DELIVERING,
    (Role.SMSC, State.BOUND_TRX): _DELIVERING,
}


def allowed_requests(role: Role, state: State) -> frozenset[int]:
    """Give the command ids that `role` may send in `state`; what the peer may send is its own role's set."""
    return frozenset(pdu_type.command_id for pdu_type in _TABLE.get((role, state), ()))
