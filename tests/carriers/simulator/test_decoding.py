"""The text that a phone shows: any octets, in any coding, show something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.simulator.chaos.faults import Alphabet
from palomar.carriers.simulator.decoding import is_flash, plain_coding, shown_text
from palomar.text import gsm7


@pytest.mark.parametrize(
    ("octets", "data_coding", "alphabet", "text"),
    [
        (gsm7.encode("¿Qué? 1€"), 0, "gsm", "¿Qué? 1€"),
        ("¿Qué?".encode("latin-1"), 0, "latin-1", "¿Qué?"),
        (b"plain", 0, "ascii", "plain"),
        (b"\xe9", 0, "ascii", "\ufffd"),
        (b"plain", 1, "gsm", "plain"),
        ("¿Qué?".encode("latin-1"), 3, "gsm", "¿Qué?"),
        ("Привет".encode("iso8859-5"), 6, "gsm", "Привет"),
        ("世界 🐦".encode("utf-16-be"), 8, "latin-1", "世界 🐦"),
        ("世界".encode("utf-16-be"), 0x18, "gsm", "世界"),
        (gsm7.encode("¡Ya!"), 0x10, "gsm", "¡Ya!"),
        (gsm7.encode("¡Ya!"), 0xF0, "gsm", "¡Ya!"),
        (b"\x01\xff", 4, "gsm", "01 ff"),
        (b"\x01\xff", 0xF4, "gsm", "01 ff"),
        ("世".encode("utf-16-be"), 0xE0, "gsm", "世"),
    ],
)
def test_texts_are_decoded_by_their_data_coding(octets: bytes, data_coding: int, alphabet: Alphabet, text: str) -> None:
    assert shown_text(octets, data_coding, alphabet) == text


@pytest.mark.parametrize(
    ("data_coding", "flash"), [(0, 0), (8, 0), (0x10, 1), (0x11, 0), (0x18, 1), (0xF0, 1), (0xF1, 0), (0xC0, 0)]
)
def test_class_0_is_flash(data_coding: int, flash: int) -> None:
    assert is_flash(data_coding) is bool(flash)


@given(st.binary(max_size=200), st.integers(0, 255), st.sampled_from(["gsm", "latin-1", "ascii"]))
def test_any_octets_show_some_text(octets: bytes, data_coding: int, alphabet: Alphabet) -> None:
    assert isinstance(shown_text(octets, data_coding, alphabet), str)
    assert 0 <= plain_coding(data_coding) < 16
