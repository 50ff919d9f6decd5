"""The ids of parts, as carriers spell them in their answers and in their receipts.

The same id may be hexadecimal in the answer and decimal in the receipt, or the other way round, with or without leading
zeros, in upper or lower case. Case and leading zeros alone never make two ids different; which base a carrier's
receipts use is learned once for each carrier (``receipts.lessons``). An id with letters of both cases is
compared as it stands, and a word such as ``null`` is not an id.
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
    """Normalize an id: without spaces around it, in upper case, without leading zeros."""
    return reference.strip().upper().lstrip("0")


def is_id(reference: str) -> bool:
    """Return True if this is an id: not blank, quotes, dashes, or a word by which programs write that there is none."""
    if reference[:1].isdecimal():
        return True  # as nearly all are
    return reference.strip(_BLANK + "\"'-").casefold() not in _NO_IDS


def is_zero(reference: str) -> bool:
    """Return True if an id consists of zeros only, ``0x0`` too. Some carriers write that if they have none."""
    return reference[:1] in _MAY_BE_ZERO and not reference.strip().lower().removeprefix("0x").lstrip("0")


def differs_by_case(answer_id: str, receipt_id: str) -> bool:
    """Return True if two ids differ in case only, and at least one of them has letters of both cases."""
    if answer_id == receipt_id or answer_id.strip().lstrip("0") == receipt_id.strip().lstrip("0"):
        return False
    return any(text != text.upper() and text != text.lower() for text in (answer_id, receipt_id))


def possible_answer_ids(
    receipt_id: str, spellings: tuple[ReceiptIdFormat, ...] = tuple(ReceiptIdFormat)
) -> dict[ReceiptIdFormat, str]:
    """Return, by format, the canonical id of the answer that a receipt with this id belongs to."""
    return _under(canonical(receipt_id), spellings, ReceiptIdFormat.DECIMAL_OF_HEX, ReceiptIdFormat.HEX_OF_DECIMAL)


def possible_receipt_ids(
    answer_id: str, spellings: tuple[ReceiptIdFormat, ...] = tuple(ReceiptIdFormat)
) -> dict[ReceiptIdFormat, str]:
    """Return, by format, the canonical id that the receipt of a part may have if its answer had this one."""
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
