"""Ids in answers and receipts: however a carrier spells them, both directions agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.vocabulary.receipt_ids import (
    ReceiptIdFormat,
    canonical,
    differs_by_case,
    is_id,
    is_zero,
    possible_answer_ids,
    possible_receipt_ids,
)

NUMBERS = st.integers(1, 2**64)


def test_case_leading_zeros_and_spaces_do_not_make_two_ids_different() -> None:
    assert {canonical(text) for text in ("1f", "1F", "001F", " 1f ")} == {"1F"}


@given(NUMBERS, st.integers(0, 6))
def test_a_decimal_receipt_may_belong_to_a_hexadecimal_answer(number: int, zeros: int) -> None:
    answer, receipt = f"{number:x}", "0" * zeros + str(number)
    assert possible_answer_ids(receipt)[ReceiptIdFormat.DECIMAL_OF_HEX] == canonical(answer)
    assert possible_receipt_ids(answer)[ReceiptIdFormat.DECIMAL_OF_HEX] == canonical(receipt)


@given(NUMBERS)
def test_a_hexadecimal_receipt_may_belong_to_a_decimal_answer(number: int) -> None:
    answer, receipt = str(number), f"{number:08X}"
    assert possible_answer_ids(receipt)[ReceiptIdFormat.HEX_OF_DECIMAL] == canonical(answer)
    assert possible_receipt_ids(answer)[ReceiptIdFormat.HEX_OF_DECIMAL] == canonical(receipt)


def test_an_id_that_is_not_a_number_has_one_format() -> None:
    assert possible_answer_ids("a1-b2") == {ReceiptIdFormat.SAME: "A1-B2"}
    assert possible_receipt_ids("0a1-b2") == {ReceiptIdFormat.SAME: "A1-B2"}
    assert possible_answer_ids("9" * 60) == {ReceiptIdFormat.SAME: "9" * 60}


def test_an_id_of_zeros_has_one_format() -> None:
    assert possible_answer_ids("000") == possible_receipt_ids("0") == {ReceiptIdFormat.SAME: ""}


def test_an_id_with_letters_is_not_decimal() -> None:
    assert set(possible_answer_ids("1F")) == {ReceiptIdFormat.SAME, ReceiptIdFormat.HEX_OF_DECIMAL}


def test_only_the_given_formats_are_tried() -> None:
    assert possible_answer_ids("31", (ReceiptIdFormat.DECIMAL_OF_HEX,)) == {ReceiptIdFormat.DECIMAL_OF_HEX: "1F"}


@given(st.text(max_size=70))
def test_any_text_can_be_read_as_an_id(text: str) -> None:
    assert ReceiptIdFormat.SAME in possible_answer_ids(text)
    assert ReceiptIdFormat.SAME in possible_receipt_ids(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\t\u00a0", "null", "NULL", "(null)", "N/A", "None", "-", '""', "undefined"]
)
def test_words_for_no_id_are_not_ids(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize("text", ["0", "00", "7", "nullable", "a-b", "1F"])
def test_any_other_text_is_an_id(text: str) -> None:
    assert is_id(text)


def test_ids_of_zeros_only_are_recognized() -> None:
    assert [is_zero(text) for text in ("0", "000", " 0", "", "10", "0a")] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("answer", "receipt", "differs"),
    [
        ("aB3x", "ab3x", True),
        ("ab3x", "aB3x", True),
        ("aB3x", "aB3x", False),
        ("00aB3x", "aB3x", False),
        ("1F", "1f", False),
        ("ABC", "abc", False),
        ("007", "7", False),
    ],
)
def test_ids_with_letters_of_both_cases_are_compared_as_they_stand(answer: str, receipt: str, differs: bool) -> None:
    assert differs_by_case(answer, receipt) is differs
