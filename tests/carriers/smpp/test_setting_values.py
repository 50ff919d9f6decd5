"""The values in the lists and tables of a carrier's settings."""

from collections.abc import Callable
from typing import Any

import pytest

from palomar.carriers.smpp import setting_values
from palomar.numbers.sender import SenderKind
from palomar.smpp import CommandStatus
from palomar.text.languages import Language


def test_languages_are_read_by_their_names() -> None:
    assert setting_values.languages(()) == frozenset()
    assert setting_values.languages(("turkish", "spanish")) == {Language.TURKISH, Language.SPANISH}


def test_types_are_read_by_the_kind_of_sender() -> None:
    assert setting_values.source_types(None) == {}
    assert setting_values.source_types({"alphanumeric": "5/0", "international": "1/1"}) == {
        SenderKind.ALPHANUMERIC: (5, 0),
        SenderKind.INTERNATIONAL: (1, 1),
    }


@pytest.mark.parametrize(
    ("name", "text", "pair"),
    [
        ("0x1400", "hex:0a0B", (0x1400, b"\x0a\x0b")),
        ("0x1400", "campaign 7", (0x1400, b"campaign 7")),
        ("5120", "", (0x1400, b"")),
        ("source_port", "5000", (0x020A, b"\x13\x88")),
        ("0x020A", "5000", (0x020A, b"\x13\x88")),
        ("additional_status_info_text", "hi", (0x001D, b"hi\0")),
        ("its_session_info", "hex:0102", (0x1383, b"\x01\x02")),
        ("privacy_indicator", "hex:03", (0x0201, b"\x03")),
    ],
)
def test_parameters_are_read_by_tag_or_name(name: str, text: str, pair: tuple[int, bytes]) -> None:
    assert setting_values.static_tlvs({name: text}) == (pair,)


def test_statuses_are_read_by_name_or_number() -> None:
    assert setting_values.statuses(("ESME_RSUBMITFAIL", "0x0400", "1025")) == {
        CommandStatus.ESME_RSUBMITFAIL,
        0x400,
        1025,
    }


@pytest.mark.parametrize(
    ("parse", "value", "begins"),
    [
        (setting_values.languages, ("klingon",), "languages: turkish, spanish"),
        (setting_values.source_types, {"robot": "1/1"}, "source_types: alphanumeric, "),
        (setting_values.source_types, {"alphanumeric": "5"}, "source_types: TON/NPI"),
        (setting_values.source_types, {"alphanumeric": "5/256"}, "source_types: TON/NPI"),
        (setting_values.source_types, {"alphanumeric": "5/²"}, "source_types: TON/NPI"),
        (setting_values.static_tlvs, {"0x10000": "a"}, "tlvs: a tag"),
        (setting_values.static_tlvs, {"no_such_parameter": "a"}, "tlvs: a tag"),
        (setting_values.static_tlvs, {"message_payload": "a"}, "tlvs: message_payload is set for each part"),
        (setting_values.static_tlvs, {"source_port": "70000"}, "tlvs: source_port cannot be '70000'"),
        (setting_values.static_tlvs, {"source_port": "a"}, "tlvs: source_port cannot be 'a'"),
        (setting_values.static_tlvs, {"0x1400": "hex:0"}, "tlvs: 0x1400 cannot be"),
        (setting_values.static_tlvs, {"0x1400": "ш"}, "tlvs: 0x1400 cannot be"),
        (setting_values.static_tlvs, {"its_session_info": "abc"}, "tlvs: its_session_info cannot be"),
        (setting_values.statuses, ("ESME_RNONSENSE",), "temporary_statuses: names"),
        (setting_values.statuses, ("0",), "temporary_statuses: names"),
    ],
)
def test_a_meaningless_value_is_an_error_that_names_the_setting(
    parse: Callable[[Any], object], value: object, begins: str
) -> None:
    with pytest.raises(ValueError) as raised:
        parse(value)
    assert str(raised.value).startswith(begins)
