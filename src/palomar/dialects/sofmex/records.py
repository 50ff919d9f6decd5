"""``POST /sms/v3/asignacion``: read each record as a recipient of ours, or refuse it with its code.

Sources: SOFMEX's page (up to 800 characters, longer than one SMS: concatenated) and what its clients write for a
telephone: numbers and strings, with or without the country, with the 1 that Mexico dropped in 2019.
"""

import re
from typing import Final

from msgspec import Raw

from palomar.acceptance.compose import Recipient
from palomar.dialects.sofmex.documents import text_of
from palomar.dialects.sofmex.errors import RecordCode
from palomar.dialects.sofmex.wire import TELEPHONE_RAW_MAX, TEXT_MAX, TEXT_RAW_MAX, Record
from palomar.numbers.phone import Msisdn, national_formats, to_international
from palomar.text.alphabets import has_unusable_characters, measure
from palomar.vocabulary.account import Account


def judge(record: Record, account: Account) -> Recipient | RecordCode:
    """Return the message that a record asks for, or the code of its first fault, number before text."""
    msisdn = read_number(record.telefono, country=account.settings.country)
    if msisdn is None:
        return RecordCode.BAD_NUMBER
    if len(record.mensaje) > TEXT_RAW_MAX:
        return RecordCode.TEXT_TOO_LONG
    text = account.expand_templates(record.mensaje)
    if len(text) > TEXT_RAW_MAX:
        return RecordCode.TEXT_TOO_LONG
    if not text or text.isspace():
        return RecordCode.EMPTY_TEXT
    if len(text) > TEXT_MAX:
        return RecordCode.TEXT_TOO_LONG
    if has_unusable_characters(text):
        return RecordCode.INTERNAL
    measured = measure(text)
    return Recipient(msisdn=msisdn, text=text, alphabet=measured.alphabet, parts=measured.parts)


def read_number(telefono: Raw, *, country: str = "") -> Msisdn | None:
    """Read the number in a JSON string or whole number of any length; None for every other value.

    ``country`` is the account's own, whose numbers need no country code; an empty one is Mexico.
    """
    octets = bytes(telefono)
    if len(octets) > TELEPHONE_RAW_MAX or (not octets.startswith(b'"') and not octets.isdigit()):
        return None
    msisdn = to_international(text_of(telefono).strip(), national_formats(country or _MEXICO), separators=_SEPARATORS)
    if msisdn is None:
        return None
    old = _OLD_MOBILE(msisdn)
    return Msisdn("52" + old[1]) if old else msisdn


_MEXICO: Final = "MX"
_SEPARATORS: Final = " -.()"
_OLD_MOBILE: Final = re.compile("521([0-9]{10})").fullmatch
"""A mobile number as it was written until 2019, with a 1 behind the country code."""
