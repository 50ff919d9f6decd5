"""Texts as phones and carriers write them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.text_decoding import coding_finder
from palomar.carriers.smpp.text_encoding import Elements
from palomar.smpp import IEI_LOCKING_SHIFT, IEI_SINGLE_SHIFT
from palomar.text import gsm7
from palomar.text.languages import Language, septet_tables
from palomar.text.phone_text import read_text


def settings(**given: Any) -> SmppCarrierSettings:
    return SmppCarrierSettings(name="a", host="h", port=1, system_id="s", password="p", **given)


def reader(of: SmppCarrierSettings) -> Callable[[bytes, int, Elements], str]:
    """Make the function that reads a carrier's texts."""
    coding = coding_finder(of)
    return lambda octets, data_coding, elements: read_text(octets, coding(data_coding, elements))


READ = reader(settings())


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"Hola \x00\x1be", 0x00, "Hola @€"),
        (b"Hola", 0x01, "Hola"),
        ("añb".encode("latin-1"), 0x03, "añb"),
        ("ñ😀".encode("utf-16-be"), 0x08, "ñ😀"),
        (b"\xd8\x3d", 0x08, "\ufffd"),
        (b"\x00a\x00", 0x08, "a"),
        (b"flash", 0x10, "flash"),
        ("ñ".encode("utf-16-be"), 0x18, "ñ"),
        (b"class", 0xF1, "class"),
        (b"\x00\x00", 0x04, ""),
    ],
)
def test_texts_by_data_coding(octets: bytes, data_coding: int, text: str) -> None:
    assert READ(octets, data_coding, ()) == text


@given(
    st.binary(max_size=140),
    st.integers(0, 255),
    st.lists(st.tuples(st.sampled_from([0x00, 0x24, 0x25]), st.binary(max_size=2)), max_size=3).map(tuple),
)
def test_every_text_can_be_stored(octets: bytes, data_coding: int, elements: Elements) -> None:
    text = READ(octets, data_coding, elements)
    assert "\x00" not in text
    text.encode("utf-8")


def test_the_carriers_own_alphabet_is_read_as_it_is_written() -> None:
    assert reader(settings(alphabet="latin-1"))(b"\xe1@", 0, ()) == "á@"
    assert reader(settings(alphabet="latin-1"))(b"\xe1@", 0x10, ()) == "á@"
    assert reader(settings(alphabet="ascii", gsm_coding=1))(b"\x40\x00", 0, ()) == "¡@"
    assert reader(settings(gsm_coding=1))(b"\x00", 1, ()) == "@"
    assert reader(settings(ucs2_coding=4))("ш".encode("utf-16-be"), 4, ()) == "ш"


@pytest.mark.parametrize("language", [Language.TURKISH, Language.PORTUGUESE, Language.URDU])
def test_a_text_with_national_shifts_is_read_by_its_tables(language: Language) -> None:
    number = bytes((language.value,))
    for locking, single in ((language, None), (None, language), (language, language)):
        tables = septet_tables(locking, single)
        text = "".join(dict.fromkeys(c for c in tables.basic + "".join(tables.extension.values()) if c != "\ufffd"))
        text = text.replace("\x1b", "")
        elements: Elements = ((0x00, b"\x01\x02\x01"),)
        elements += ((IEI_LOCKING_SHIFT, number),) if locking else ()
        elements += ((IEI_SINGLE_SHIFT, number),) if single else ()
        assert READ(gsm7.encode(text, tables), 0, elements) == text


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x63", b"\x01\x01"])
def test_a_shift_that_names_no_language_is_ignored(octets: bytes) -> None:
    assert READ(b"\x07", 0, ((IEI_LOCKING_SHIFT, octets),)) == "ì"


def test_shifts_say_nothing_of_other_alphabets() -> None:
    assert READ("ш".encode("utf-16-be"), 8, ((IEI_SINGLE_SHIFT, b"\x01"),)) == "ш"
