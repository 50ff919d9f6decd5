"""Texts as phones and carriers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.smpp.coding import decode


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"Hola \x00\x1be", 0x00, "Hola @€"),
        (b"Hola", 0x01, "Hola"),
        ("añb".encode("latin-1"), 0x03, "añb"),
        ("ñ😀".encode("utf-16-be"), 0x08, "ñ😀"),
        (b"\xd8\x3d", 0x08, "\ufffd"),
        (b"\x00a\x00", 0x08, "a\ufffd"),
        (b"flash", 0x10, "flash"),
        ("ñ".encode("utf-16-be"), 0x18, "ñ"),
        (b"class", 0xF1, "class"),
        (b"\x00\x00", 0x04, ""),
    ],
)
def test_texts_by_data_coding(octets: bytes, data_coding: int, text: str) -> None:
    assert decode(octets, data_coding) == text


@given(st.binary(max_size=140), st.integers(0, 255))
def test_every_text_can_be_stored(octets: bytes, data_coding: int) -> None:
    text = decode(octets, data_coding)
    assert "\x00" not in text
    text.encode("utf-8")
