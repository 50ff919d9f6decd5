"""Read a send and a status query, in CONVERGIA's order of checks.

Source: CONVERGIA's page, "INSTRUCCIONES" and its codes. First come missing parameters (101 to 104; an empty parameter
is missing), then the caller (201, 202, 205: ``calls``), then 307 and 105 here; 204 is the gateway's.
"""

import re
from typing import Final

from palomar.acceptance.compose import Recipient, Request
from palomar.dialects.convergia import NAME
from palomar.dialects.convergia.errors import Code, code_of
from palomar.dialects.convergia.parameters import Parameters
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.dialects.convergia.texts import fit
from palomar.numbers.phone import Msisdn, strip_invisible
from palomar.vocabulary.account import Account
from palomar.vocabulary.refusals import Refusal

EXTRA_LONGEST: Final = 255
NUMBER_RAW_LONGEST: Final = 1_000
"""The longest text, spaces included, that is read as a number."""
LAST_ID: Final = 2**31 - 1


def missing_parameter(parameters: Parameters) -> Code | None:
    """Return the code (101 to 104) of the first required parameter that is missing, in the order of the page; else
    None."""
    for name, code in _REQUIRED:
        if not parameters.get(name):
            return code
    return None


def read_send(
    parameters: Parameters, *, account: Account, request_ref: str, sender: str | None, settings: ConvergiaSettings
) -> Request | Code:
    """Read the request for the gateway, or return a code; required parameters are present. A ``sender`` of None is
    refused."""
    is_national = settings.national_numbers or account.settings.country == _MEXICO
    number = read_number(parameters["number"], national=is_national)
    if number is None:
        return Code.WRONG_NUMBER
    message = parameters["message"]
    if len(message) > settings.raw_longest or len(message := account.expand_templates(message)) > settings.raw_longest:
        return Code.TOO_LONG
    fitted = fit(message, settings)
    if isinstance(fitted, Refusal):
        return code_of(fitted)
    if sender is None:
        return code_of(Refusal.SENDER)
    return Request(
        account=account,
        dialect=NAME,
        request_ref=request_ref,
        sender=sender,
        recipients=[Recipient(msisdn=number, text=fitted.text, alphabet=fitted.alphabet, parts=fitted.parts)],
        extra=parameters.get("extra", "").replace("\0", "")[:EXTRA_LONGEST],
        short_ids=True,
    )


def read_number(raw: str, *, national: bool) -> Msisdn | None:
    """Read a Mexican number with its 52. With ``national``, ten digits alone are read too, and the 521 that was used
    until 2019."""
    if len(raw) > NUMBER_RAW_LONGEST:
        return None
    digits = strip_invisible(raw)
    is_marked = digits.startswith("+")
    digits = digits.removeprefix("+")
    if _INTERNATIONAL(digits):
        return Msisdn(digits)
    if national:
        if _OLD_MOBILE(digits):
            return Msisdn("52" + digits[3:])
        if _NATIONAL(digits) and not is_marked:
            return Msisdn("52" + digits)
    return None


def read_id(raw: str) -> int | None:
    """Read a message's id: decimal digits below 2^31; None for anything else."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(LAST_ID))):
        return None
    number = int(raw)
    return number if number <= LAST_ID else None


_MEXICO: Final = "MX"
_REQUIRED: Final = (
    ("username", Code.NO_USERNAME),
    ("password", Code.NO_PASSWORD),
    ("message", Code.NO_MESSAGE),
    ("number", Code.NO_NUMBER),
)
_INTERNATIONAL: Final = re.compile("52[0-9]{10}").fullmatch
_OLD_MOBILE: Final = re.compile("521[0-9]{10}").fullmatch
_NATIONAL: Final = re.compile("[1-9][0-9]{9}").fullmatch
