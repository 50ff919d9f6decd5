"""The states of a session, and which side may send which request in each (the table of SMPP 3.4 section 2.3).

Two tolerances beyond the table, both common in the field: replace_sm also as a transceiver (the table forgets it), and
an ESME that got an outbind may bind as a transceiver too. enquire_link, unbind and the responses are not in the table:
the session handles them itself, in any state.
"""

from enum import Enum, auto

from palomar.smpp import pdus


class SessionRole(Enum):
    """The side of the session that we are."""

    ESME = auto()
    SMSC = auto()


class SessionState(Enum):
    """The states of SMPP 3.4 section 2.2, and two of our own: OUTBOUND (2.2.1) and UNBINDING."""

    OPEN = auto()
    OUTBOUND = auto()
    BOUND_TX = auto()
    BOUND_RX = auto()
    BOUND_TRX = auto()
    UNBINDING = auto()
    CLOSED = auto()


BOUND_STATES = frozenset((SessionState.BOUND_TX, SessionState.BOUND_RX, SessionState.BOUND_TRX))

#: The state that a bind request leads to.
BOUND_BY = {
    pdus.BindTransmitter.command_id: SessionState.BOUND_TX,
    pdus.BindReceiver.command_id: SessionState.BOUND_RX,
    pdus.BindTransceiver.command_id: SessionState.BOUND_TRX,
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

_TABLE: dict[tuple[SessionRole, SessionState], tuple[type[pdus.Pdu], ...]] = {
    (SessionRole.ESME, SessionState.OPEN): _BINDING,
    (SessionRole.ESME, SessionState.OUTBOUND): (pdus.BindReceiver, pdus.BindTransceiver),
    (SessionRole.ESME, SessionState.BOUND_TX): _SUBMITTING,
    (SessionRole.ESME, SessionState.BOUND_RX): (),
    (SessionRole.ESME, SessionState.BOUND_TRX): _SUBMITTING,
    (SessionRole.SMSC, SessionState.OPEN): (pdus.Outbind,),
    (SessionRole.SMSC, SessionState.OUTBOUND): (),
    (SessionRole.SMSC, SessionState.BOUND_TX): (),
    (SessionRole.SMSC, SessionState.BOUND_RX): _DELIVERING,
    (SessionRole.SMSC, SessionState.BOUND_TRX): _DELIVERING,
}


def allowed_requests(role: SessionRole, state: SessionState) -> frozenset[int]:
    """Return the command ids that `role` may send in `state`; those of the peer are the set of its own role."""
    return frozenset(pdu_type.command_id for pdu_type in _TABLE.get((role, state), ()))
