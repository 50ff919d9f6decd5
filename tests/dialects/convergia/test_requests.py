"""``requests.py``: numbers, ids, what is missing, and what a request becomes."""

import pytest

from palomar.acceptance.compose import Recipient, Request
from palomar.dialects.convergia.errors import Code
from palomar.dialects.convergia.requests import EXTRA_LONGEST, missing_parameter, read_id, read_number, read_send
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import Account, AccountId, AccountSettings

ACCOUNT = Account(id=AccountId(1), login="ana")
GOOD = {"username": "ana", "password": "x", "number": "525512345678", "message": "Hola"}


def read(**parameters: str) -> Request | Code:
    return read_send(
        GOOD | parameters, account=ACCOUNT, request_ref="s", sender="CONVERGIA", settings=ConvergiaSettings()
    )


@pytest.mark.parametrize(
    "raw", ["525512345678", "+525512345678", " 525512345678", "52 55 1234 5678", "+ 52 5512345678", "520123456789"]
)
def test_a_number_is_52_and_ten_digits(raw: str) -> None:
    for national in (False, True):
        assert read_number(raw, national=national) == raw.replace(" ", "").removeprefix("+")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "+",
        "++525512345678",
        "52551234567",
        "5255123456789",
        "00525512345678",
        "52-5512345678",
        "34600000000",
        "٥٢٥٥١٢٣٤٥٦٧٨",
        "52５512345678",
        "525512345678,525512345679",
        "5 2 5 5 a",
    ],
)
def test_anything_else_is_no_number(raw: str) -> None:
    for national in (False, True):
        assert read_number(raw, national=national) is None


@pytest.mark.parametrize(
    "raw", ["525512345678\r\n", "\t525512345678", "\u200e525512345678\u200f", "52\u00a055\u202f1234\u00ad5678\ufeff"]
)
def test_invisible_characters_of_a_number_are_ignored(raw: str) -> None:
    assert read_number(raw, national=False) == "525512345678"


@pytest.mark.parametrize("raw", ["5512345678", "55 1234 5678", "5215512345678", "+5215512345678"])
def test_national_forms_are_a_setting(raw: str) -> None:
    assert read_number(raw, national=False) is None
    assert read_number(raw, national=True) == "525512345678"


@pytest.mark.parametrize(("country", "number"), [("MX", "525512345678"), ("ES", None), ("", None)])
def test_ten_digits_are_a_number_of_an_account_that_is_at_home_in_mexico(country: str, number: str | None) -> None:
    account = Account(id=AccountId(1), login="ana", settings=AccountSettings(country=country))
    request = read_send(
        GOOD | {"number": "5512345678"}, account=account, request_ref="s", sender="x", settings=ConvergiaSettings()
    )
    assert (request.recipients[0].msisdn if isinstance(request, Request) else None) == number


def test_a_number_with_a_plus_is_never_read_as_a_national_one() -> None:
    assert read_number("+5512345678", national=True) is None
    assert read_number("0123456789", national=True) is None


@pytest.mark.parametrize(("raw", "number"), [("1001", 1001), ("2147483647", 2**31 - 1), ("0001001", 1001)])
def test_an_id_is_digits(raw: str, number: int) -> None:
    assert read_id(raw) == number


@pytest.mark.parametrize("raw", ["", "2147483648", "9" * 5000, "-1", "1e3", "٣", "²", "100|1001"])
def test_anything_else_is_no_id(raw: str) -> None:
    assert read_id(raw) is None


def test_missing_parameters_are_reported_in_the_order_of_the_page() -> None:
    order = []
    given = {"extra": "x", "unknown": "y"}
    while (code := missing_parameter(given)) is not None:
        order.append(code.value)
        name = ["username", "password", "message", "number"][len(order) - 1]
        assert missing_parameter(given | {name: ""}) is code
        given[name] = "0"
    assert order == ["101", "102", "103", "104"]


def test_a_send_becomes_one_message_with_a_short_id() -> None:
    request = read(extra="pedido 7")
    assert isinstance(request, Request)
    assert request.recipients == [Recipient(msisdn="525512345678", text="Hola", alphabet=Alphabet.GSM, parts=1)]
    assert (request.dialect, request.sender, request.request_ref) == ("convergia", "CONVERGIA", "s")
    assert (request.short_ids, request.extra, request.status_url) == (True, "pedido 7", "")


def test_extra_is_cut_and_keeps_everything_that_can_be_kept() -> None:
    request = read(extra="ñ" * 300)
    assert isinstance(request, Request)
    assert request.extra == "ñ" * EXTRA_LONGEST
    request = read(extra=" <b>\0\n")
    assert isinstance(request, Request)
    assert request.extra == " <b>\n"


def test_the_number_is_checked_before_the_text() -> None:
    assert read(number="1", message="a" * 161) is Code.WRONG_NUMBER
    assert read(message="a" * 161) is Code.TOO_LONG
