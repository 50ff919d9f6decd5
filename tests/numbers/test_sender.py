"""Sender ids: their forms, kinds and SMPP types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.numbers.sender import Sender, SenderKind, parse_sender


@pytest.mark.parametrize(
    ("raw", "address", "kind"),
    [
        ("FOXSYS", "FOXSYS", SenderKind.ALPHANUMERIC),
        ("Shop24", "Shop24", SenderKind.ALPHANUMERIC),
        ("ABCDEFGHIJK", "ABCDEFGHIJK", SenderKind.ALPHANUMERIC),
        ("2x", "2x", SenderKind.ALPHANUMERIC),
        ("My Shop", "My Shop", SenderKind.ALPHANUMERIC),
        ("My-Shop.es", "My-Shop.es", SenderKind.ALPHANUMERIC),
        ("J. R_D&A 1", "J. R_D&A 1", SenderKind.ALPHANUMERIC),
        ("34600000062", "34600000062", SenderKind.INTERNATIONAL),
        ("+34600000062", "34600000062", SenderKind.INTERNATIONAL),
        ("12345678", "12345678", SenderKind.INTERNATIONAL),
        ("217217", "217217", SenderKind.SHORT_CODE),
        ("1234567", "1234567", SenderKind.SHORT_CODE),
        ("0600000062", "0600000062", SenderKind.OTHER_DIGITS),
        ("1234567890123456", "1234567890123456", SenderKind.OTHER_DIGITS),
    ],
)
def test_a_sender_id_has_a_kind(raw: str, address: str, kind: SenderKind) -> None:
    assert parse_sender(raw) == Sender(address=address, kind=kind)


@pytest.mark.parametrize(
    "raw",
    [
        *(
            " Shop",
            "Shop ",
            "-Shop",
            "Shop.",
            "_Shop",
            "Shop&",
            "My  Shop",
            "My--Shop",
            "A..B",
            "1-2",
            "1 2 3",
            "My/Shop",
        ),
        *("", "+", "ABCDEFGHIJKL", "My Long Shop", "Ñandú", "A\n", "12345678901234567", "+34 600", "a+b", "١٢٣"),
    ],
)
def test_anything_else_is_not_a_sender_id(raw: str) -> None:
    assert parse_sender(raw) is None


@pytest.mark.parametrize(
    ("raw", "ton", "npi"), [("FOXSYS", 5, 0), ("34600000062", 1, 1), ("217217", 3, 0), ("0600000062", 0, 1)]
)
def test_the_smpp_types_follow_from_the_kind(raw: str, ton: int, npi: int) -> None:
    sender = parse_sender(raw)
    assert sender is not None
    assert (sender.ton, sender.npi) == (ton, npi)


@given(st.text() | st.from_regex("[+]?[A-Za-z0-9 _.&-]{0,18}"))
def test_a_sender_s_address_is_ascii_and_is_read_again_as_the_same(raw: str) -> None:
    sender = parse_sender(raw)
    if sender is not None:
        assert sender.address.isascii()
        assert sender.address.replace(" ", "").isprintable()
        assert parse_sender(sender.address) == sender
