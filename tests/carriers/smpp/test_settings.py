"""The limits of a carrier's settings."""

from typing import Any

import pytest

from palomar.carriers.smpp.settings import SmppCarrierSettings


def make(**settings: Any) -> SmppCarrierSettings:
    return SmppCarrierSettings(name="a", host="h", port=1, system_id="s", password="hush", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 0},
        {"window": 1_001},
        {"links": 0},
        {"parts_per_second": -1},
        {"reconnect_min_seconds": 0},
        {"reconnect_min_seconds": 9, "reconnect_max_seconds": 8},
        {"links": 101},
        {"link_parts_per_second": -0.5},
        {"address_ton": 256},
        {"gsm_coding": -1},
        {"source_ton": 256},
        {"protocol_id": 256},
        {"priority": 4},
        {"urgent_priority": -1},
        {"validity_seconds": -1},
        {"capture_octets": 10},
        {"service_type": "TOOLONG"},
        {"system_type": "ñ"},
        {"address_range": "x" * 41},
        {"outbind_port": 2776},
        {"outbind_port": 70_000},
        {"outbind_port": 2776, "outbind_system_id": "smsc", "outbind_password": "x", "tls": True},
        {"languages": ("klingon",)},
        {"languages": ("turkish",), "alphabet": "latin-1"},
        {"source_types": {"robot": "1/1"}},
        {"validity": "absolute", "submit": "data_sm"},
        {"tlvs": {"sar_msg_ref_num": "1"}},
        {"temporary_statuses": ("ESME_RNONSENSE",)},
        {"receipt_words": {"MISLUKT": "failed"}},
        {"receipt_words": {"--": "undelivered"}},
    ],
)
def test_a_value_out_of_range_is_an_error_that_names_the_setting(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        make(**settings)


def test_no_link_of_ours_is_needed_where_the_smsc_calls() -> None:
    assert make(links=0, outbind_port=2776, outbind_system_id="smsc", outbind_password="hush").links == 0


def test_the_passwords_are_never_shown() -> None:
    assert "hush" not in repr(make(window=1_000, outbind_password="hush too"))
