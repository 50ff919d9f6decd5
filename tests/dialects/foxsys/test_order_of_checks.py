"""A request with every fault there is: each answer names the first of them, in the order of FOXSYS's codes."""

from dataclasses import replace
from typing import Any

from tests.dialects.foxsys.fake_gateway import DEMO, FakeGateway, api_of, ask, code_of

from palomar.vocabulary.refusals import Refusal

SETTINGS = replace(DEMO.settings, dialect_settings={"batch_limit": 2}, requests_per_second=1)
ACCOUNT = replace(DEMO, settings=SETTINGS)


async def test_the_caller_is_checked_before_the_body() -> None:
    gateway = FakeGateway(account=replace(ACCOUNT, may_send=False), wait=0.5)
    answer = await ask(api_of(gateway), b"", headers=[(b"authorization", b"Basic eA==")])
    assert answer is not None
    assert answer.code == "401"
    assert await code_of(gateway, b"") == "403"
    gateway = FakeGateway(account=ACCOUNT, wait=0.5)
    assert await code_of(gateway, b"") == "429"
    gateway.limits.seconds = 0.0
    assert await code_of(gateway, b"") == "10"
    assert await code_of(gateway, b"{") == "11"


async def test_each_fault_hides_those_after_it() -> None:
    gateway = FakeGateway(account=ACCOUNT, refusal=Refusal.NO_CREDIT)
    faults: dict[str, dict[str, Any]] = {
        "20": {"message": None},
        "21": {"message": ""},
        "28": {"subid": "x" * 21},
        "23": {"recipient": [{"msisdn": "1"}]},
        "24": {"recipient": [{"msisdn": f"3460000000{digit}"} for digit in range(3)]},
        "30": {"label": "x" * 256},
        "39": {"scheduled": "tomorrow"},
        "41": {"scheduled": "2020-01-01 00:00:00", "test": 1},
        "27": {"message": "日本"},
    }
    right = {"message": "Hi", "recipient": [{"msisdn": "34609033162"}]}
    seen = []
    for position in range(len(faults)):
        body: dict[str, Any] = dict(right)
        for fault in reversed(list(faults.values())[position:]):
            body |= fault
        seen.append(await code_of(gateway, body))
    assert seen == list(faults)
    assert await code_of(gateway, right) == "35"


async def test_a_text_too_long_is_reported_before_its_characters() -> None:
    gateway = FakeGateway()
    body = {"message": "ж" * 161, "recipient": [{"msisdn": "34609033162"}]}
    assert await code_of(gateway, body) == "30"
