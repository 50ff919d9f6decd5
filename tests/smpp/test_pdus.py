"""The list of PDUs, against the command ids of SMPP 3.4 section 5.1.2.1."""

import pytest

from palomar.smpp import (
    PDU_TYPES,
    AlertNotification,
    BindTransceiver,
    EnquireLinkResp,
    Outbind,
    SubmitSm,
    SubmitSmResp,
    command_name,
    response_type,
)

COMMANDS = {
    0x80000000: "generic_nack",
    0x00000001: "bind_receiver",
    0x80000001: "bind_receiver_resp",
    0x00000002: "bind_transmitter",
    0x80000002: "bind_transmitter_resp",
    0x00000003: "query_sm",
    0x80000003: "query_sm_resp",
    0x00000004: "submit_sm",
    0x80000004: "submit_sm_resp",
    0x00000005: "deliver_sm",
    0x80000005: "deliver_sm_resp",
    0x00000006: "unbind",
    0x80000006: "unbind_resp",
    0x00000007: "replace_sm",
    0x80000007: "replace_sm_resp",
    0x00000008: "cancel_sm",
    0x80000008: "cancel_sm_resp",
    0x00000009: "bind_transceiver",
    0x80000009: "bind_transceiver_resp",
    0x0000000B: "outbind",
    0x00000015: "enquire_link",
    0x80000015: "enquire_link_resp",
    0x00000021: "submit_multi",
    0x80000021: "submit_multi_resp",
    0x00000102: "alert_notification",
    0x00000103: "data_sm",
    0x80000103: "data_sm_resp",
}


def test_every_command_of_the_specification_has_its_class():
    assert {command_id: pdu_type.command_name for command_id, pdu_type in PDU_TYPES.items()} == COMMANDS


def test_class_names_are_the_commands_names():
    for pdu_type in PDU_TYPES.values():
        assert pdu_type.__name__.lower() == pdu_type.command_name.replace("_", "")


def test_every_request_but_two_has_a_response():
    requests = [t for t in PDU_TYPES.values() if t.command_id < 0x80000000]
    assert [t for t in requests if response_type(t.command_id) is None] == [Outbind, AlertNotification]
    assert response_type(SubmitSm.command_id) is SubmitSmResp
    assert response_type(0) is None
    assert response_type(0x77) is None


@pytest.mark.parametrize(
    ("command_id", "name"), [(4, "submit_sm"), (0x80000015, "enquire_link_resp"), (0x77, "0x00000077")]
)
def test_command_names(command_id: int, name: str):
    assert command_name(command_id) == name


def test_a_password_is_not_shown():
    assert "hunter2" not in repr(BindTransceiver(system_id="x", password="hunter2"))


def test_pdus_take_no_attribute_that_they_do_not_have():
    with pytest.raises(AttributeError):
        EnquireLinkResp().system_id = "x"
