"""The ids that carriers give to parts, as their answers and their receipts spell them.

The same number may come in hexadecimal in the answer and in decimal in the receipt, or the other way round, with or
without leading zeros, in either case. Letters of either case and zeros in front never tell two ids apart; which base a
carrier's receipts use is learned once a carrier (``receipts.matching``). An id that has letters of both cases is read
as it stands, and a word such as ``null`` is no id.
"""

import re
from enum import StrEnum
from typing import Final

_LONGEST: Final = 40
_DECIMAL: Final = re.compile("[0-9]+").fullmatch
_HEXADECIMAL: Final = re.compile("[0-9A-F]+").fullmatch
_NO_IDS: Final = frozenset({"", "null", "(null)", "<null>", "nil", "none", "n/a", "undefined", "unknown", "empty"})
_MAY_BE_ZERO: Final = tuple("0 \t")
_BLANK: Final = " \t\r\n\v\f\0\u00a0"


class ReceiptIdFormat(StrEnum):
    """How a carrier's receipts spell the ids of its answers."""

    SAME = "same"
    DECIMAL_OF_HEX = "decimal_of_hex"
    """The answer says 1F, the receipt 31."""
    HEX_OF_DECIMAL = "hex_of_decimal"
    """The answer says 31, the receipt 1F."""


def canonical(reference: str) -> str:
    """An id without what never tells two apart: spaces around it, the case of letters, zeros in front."""
    return reference.strip().upper().lstrip("0")


def is_id(reference: str) -> bool:
    """Say whether this names anything: blanks, quotes, dashes and the words of programs that had no value do not."""
    if reference[:1].isdecimal():
        return True  # as nearly all are
    return reference.strip(_BLANK + "\"'-").casefold() not in _NO_IDS


def is_zero(reference: str) -> bool:
    """Say whether an id is of zeros alone, ``0x0`` too. Some carriers write that where they have none."""
    return reference[:1] in _MAY_BE_ZERO and not reference.strip().lower().removeprefix("0x").lstrip("0")


def differs_by_case(answer_id: str, receipt_id: str) -> bool:
    """Say whether two ids are told apart by their case alone, where at least one of them has letters of both."""
    if answer_id == receipt_id or answer_id.strip().lstrip("0") == receipt_id.strip().lstrip("0"):
        return False
    return any(text != text.upper() and text != text.lower() for text in (answer_id, receipt_id))


def possible_answer_ids(
    receipt_id: str, spellings: tuple[ReceiptIdFormat, ...] = tuple(ReceiptIdFormat)
) -> dict[ReceiptIdFormat, str]:
    """The canonical ids that the answer may have had, by the spelling under which the receipt's id means it."""
    return _under(canonical(receipt_id), spellings, ReceiptIdFormat.DECIMAL_OF_HEX, ReceiptIdFormat.HEX_OF_DECIMAL)


def possible_receipt_ids(
    answer_id: str, spellings: tuple[ReceiptIdFormat, ...] = tuple(ReceiptIdFormat)
) -> dict[ReceiptIdFormat, str]:
    """The canonical ids that receipts of a part may carry whose answer had this one."""
    return _under(canonical(answer_id), spellings, ReceiptIdFormat.HEX_OF_DECIMAL, ReceiptIdFormat.DECIMAL_OF_HEX)


def _under(
    plain: str, spellings: tuple[ReceiptIdFormat, ...], to_hex: ReceiptIdFormat, to_decimal: ReceiptIdFormat
) -> dict[ReceiptIdFormat, str]:
    found: dict[ReceiptIdFormat, str] = {}
    for spelling in spellings:
        if spelling is ReceiptIdFormat.SAME:
            found[spelling] = plain
        elif len(plain) > _LONGEST:
            continue
        elif spelling is to_hex and _DECIMAL(plain):
            found[spelling] = f"{int(plain):X}"
        elif spelling is to_decimal and _HEXADECIMAL(plain):
            found[spelling] = str(int(plain, 16))
    return found
