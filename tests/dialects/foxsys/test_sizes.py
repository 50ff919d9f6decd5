"""What a request may ask of memory and processor: each quantity has a bound, and the bound is seen before the work."""

import asyncio
import json
from typing import Any

import pytest
from tests.dialects.foxsys.fake_gateway import FakeGateway, api_of, ask, code_of
from tests.support.growth import cpu_seconds, peak_octets
from tests.support.settings import settings_of

from palomar.dialects.foxsys.requests import CALLBACK_URL_LONGEST, CHARACTERS_AT_MOST, LINKS_AT_MOST, PLACES_AT_MOST
from palomar.dialects.foxsys.texts import RAW_LONGEST
from palomar.short_links.shorten import URL_LONGEST
from palomar.vocabulary.account import Account, AccountId, AccountSettings

NUMBER = "34609033162"
MEBIBYTE = 1024 * 1024
SECONDS = 1.0
"""Far above what any of these takes, far below what it took."""


def body(message: str, *, recipients: int = 1, **more: Any) -> dict[str, Any]:
    numbers = [{"msisdn": f"346{number:08d}"} for number in range(recipients)]
    return {"message": message, "recipient": numbers, "long": 1, "ucs2": 1, **more}


def default(name: str, value: str) -> dict[str, Any]:
    return {name: {"msisdn": "default", "value": value}}


def run(document: dict[str, Any], gateway: FakeGateway | None = None) -> str:
    return asyncio.run(code_of(gateway or FakeGateway(), document))


def text_of(document: dict[str, Any]) -> str:
    """Return the text of a refusal."""

    async def asked() -> str:
        answer = await ask(api_of(FakeGateway()), json.dumps(document).encode())
        assert answer is not None
        return str(answer.json["message"])

    return asyncio.run(asked())


def test_a_text_is_refused_by_its_length_alone() -> None:
    assert "more than 40000 characters" in text_of(body("x" * (RAW_LONGEST + 1)))
    assert "needs 262 parts" in text_of(body("x" * RAW_LONGEST))


def test_a_text_with_its_templates_in_it_is_refused_by_its_length_too() -> None:
    templates = {"t": "x" * 2_000}
    account = Account(
        id=AccountId(1), login="demo", settings=AccountSettings(requests_per_second=0), templates=templates
    )
    gateway = FakeGateway(account=account)
    assert run(body("{t}" * 30), gateway) == "30"


@pytest.mark.parametrize("tail", [")", ".", "]", "）", "http://a", "@"])
def test_a_text_of_nothing_but_the_tail_of_a_url_takes_no_time(tail: str) -> None:
    for length in (200_000, RAW_LONGEST - 8):
        long = body("http://a" + tail * ((length - 8) // len(tail)), shortlink=1)
        assert cpu_seconds(lambda long=long: run(long)) < SECONDS  # type: ignore[misc]  # a default binds it


def test_many_names_of_a_long_value_are_refused_at_once_and_cost_no_memory() -> None:
    for count in (RAW_LONGEST // 3, 50_000):
        document = body("%a%" * count, parameters=[default("a", "x" * 20_000)])
        assert run(document) == "30"
        assert cpu_seconds(lambda document=document: run(document)) < SECONDS  # type: ignore[misc]
        assert peak_octets(lambda document=document: run(document)) < 20 * MEBIBYTE  # type: ignore[misc]


def test_several_names_of_long_values_are_refused_at_once() -> None:
    values = [default(f"n{number}", "x" * 20_000) for number in range(300)]
    document = body("".join(f"%n{number}%" for number in range(300)), parameters=values)
    assert run(document) == "30"
    assert peak_octets(lambda: run(document)) < 40 * MEBIBYTE, "the body alone is six million octets"


def test_a_value_that_fits_no_message_is_refused_at_the_first_of_ten_thousand() -> None:
    document = body("%a%", recipients=10_000, parameters=[default("a", "x" * 39_000)])
    assert run(document) == "30"
    assert cpu_seconds(lambda: run(document)) < SECONDS


def test_all_texts_of_a_request_together_have_a_bound() -> None:
    account = Account(id=AccountId(1), login="demo", settings=settings_of(requests_per_second=0, max_parts=255))
    gateway = FakeGateway(account=account)
    fits = CHARACTERS_AT_MOST // 30_000
    for message, more in (("x" * 30_000, {}), ("%a%", {"parameters": [default("a", "x" * 30_000)]})):
        assert run(body(message, recipients=fits, **more), gateway) == "0"
        assert run(body(message, recipients=fits + 1, **more), gateway) == "30"


def test_all_values_of_a_request_together_have_a_bound() -> None:
    names = "%a%%b%" * 50  # 201 pieces with what stands between them
    values = [default("a", "x"), default("b", "")]
    assert run(body(names, recipients=PLACES_AT_MOST // 201, parameters=values)) == "0"
    assert run(body(names, recipients=PLACES_AT_MOST // 201 + 1, parameters=values)) == "30"


def test_a_url_behind_a_short_link_has_a_bound() -> None:
    url = "http://example.com/" + "a" * (URL_LONGEST - 19)
    assert run(body(url, shortlink=1)) == "0"
    assert run(body(url + "a", shortlink=1)) == "30"
    assert run(body("%u%", shortlink=1, parameters=[default("u", url + "a")])) == "30"
    assert run(body("http://example.com/" + "a" * 700_000, shortlink=1)) == "30"


def test_all_short_links_of_a_request_together_have_a_bound() -> None:
    ten = "http://a.es " * 10
    assert run(body(ten, recipients=LINKS_AT_MOST // 10, shortlink=1)) == "0"
    assert run(body(ten, recipients=LINKS_AT_MOST // 10 + 1, shortlink=1)) == "30"


@pytest.mark.parametrize("name", ["ackurl", "clickurl"])
def test_a_callbacks_url_has_a_bound(name: str) -> None:
    url = "http://example.com/?" + "a" * (CALLBACK_URL_LONGEST - 20)
    assert run(body("Hi", **{name: url})) == "0"
    assert run(body("Hi", **{name: url + "a"})) == "30"


async def test_a_parameter_of_thousands_of_numbers_does_not_hold_up_the_loop() -> None:
    numbers = ",".join(f"346{number:08d}" for number in range(10_000))
    values = [{f"n{count}": {"msisdn": numbers, "value": 10**4000}} for count in range(20)]
    sending = asyncio.create_task(code_of(FakeGateway(), body("Hi %n1%", parameters=values)))
    turns = 0
    while not sending.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 20 * 10_000 / 500
    assert await sending == "30"


def test_a_number_as_a_value_is_written_once_for_all_its_numbers() -> None:
    numbers = ",".join(f"346{number:08d}" for number in range(9_000))
    values = [{"n": {"msisdn": numbers, "value": 10**4000}}] * 20
    assert cpu_seconds(lambda: run(body("Hi", parameters=values))) < 2 * SECONDS


@pytest.mark.parametrize("unit", ["[]", "{}", '{"msisdn":1}', "1", "null", "[[]]"])
def test_a_body_of_millions_of_values_is_too_large(unit: str) -> None:
    inside = ",".join([unit] * (6 * MEBIBYTE // (len(unit) + 1)))
    posted = f'{{"message":"Hi","recipient":[{inside}]}}'.encode()
    assert asyncio.run(code_of(FakeGateway(), posted)) == "413"
    assert peak_octets(lambda: asyncio.run(code_of(FakeGateway(), posted))) < 16 * MEBIBYTE, (
        "the body, and once more without its texts"
    )
