"""The table of SMPP 3.4 section 2.3, written out once more from the side of the commands."""

import pytest

from palomar.smpp import PDU_TYPES, SessionRole, SessionState
from palomar.smpp.states import BOUND_BY, BOUND_STATES, allowed_requests

TX, RX, TRX = SessionState.BOUND_TX, SessionState.BOUND_RX, SessionState.BOUND_TRX

TABLE = {
    "bind_transmitter": (SessionRole.ESME, {SessionState.OPEN}),
    "bind_receiver": (SessionRole.ESME, {SessionState.OPEN, SessionState.OUTBOUND}),
    "bind_transceiver": (SessionRole.ESME, {SessionState.OPEN, SessionState.OUTBOUND}),
    "outbind": (SessionRole.SMSC, {SessionState.OPEN}),
    "submit_sm": (SessionRole.ESME, {TX, TRX}),
    "submit_multi": (SessionRole.ESME, {TX, TRX}),
    "query_sm": (SessionRole.ESME, {TX, TRX}),
    "cancel_sm": (SessionRole.ESME, {TX, TRX}),
    "replace_sm": (SessionRole.ESME, {TX, TRX}),
    "deliver_sm": (SessionRole.SMSC, {RX, TRX}),
    "alert_notification": (SessionRole.SMSC, {RX, TRX}),
}


@pytest.mark.parametrize("command_name", TABLE)
def test_a_command_may_be_sent_by_its_side_in_its_states_only(command_name: str):
    role, states = TABLE[command_name]
    (command_id,) = (i for i, pdu_type in PDU_TYPES.items() if pdu_type.command_name == command_name)
    found = {(r, s) for r in SessionRole for s in SessionState if command_id in allowed_requests(r, s)}
    assert found == {(role, state) for state in states}


def test_data_sm_goes_both_ways():
    found = {(r, s) for r in SessionRole for s in SessionState if 0x103 in allowed_requests(r, s)}
    assert found == {(SessionRole.ESME, TX), (SessionRole.ESME, TRX), (SessionRole.SMSC, RX), (SessionRole.SMSC, TRX)}


def test_nothing_else_is_in_the_table():
    everything = frozenset().union(*(allowed_requests(r, s) for r in SessionRole for s in SessionState))
    assert {PDU_TYPES[i].command_name for i in everything} == {*TABLE, "data_sm"}


def test_each_bind_leads_to_a_state_of_its_own():
    assert set(BOUND_BY.values()) == BOUND_STATES
