"""Recorded API calls are kept by account, shown without secrets, and published as changes."""

import asyncio
from typing import Any

from tests.support.console_house import SetClock

from palomar.sandbox.api_calls import CALLS_PER_ACCOUNT, CallRecorder
from palomar.sandbox.change_feed import ChangeFeed
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.http_record import HttpRecord

ACME = Account(id=AccountId(1), login="acme")
OTHER = Account(id=AccountId(2), login="other")
EVERYBODY = Scope(account_ids=None)


def of(account: Account) -> Scope:
    return Scope(account_ids=frozenset({account.id}))


def record(**fields: Any) -> HttpRecord:
    return HttpRecord(**({"method": "POST", "target": b"/json/send", "status": 200, "elapsed_ms": 5} | fields))


async def test_a_call_belongs_to_its_account_and_one_without_an_account_to_the_platform() -> None:
    calls = CallRecorder(SetClock(), ChangeFeed())
    kept = calls.recorder_of("foxsys")
    kept(record(account=ACME))
    kept(record(account=OTHER))
    kept(record(status=401))
    assert [(call.login, call.status, call.dialect) for call in calls.recent(EVERYBODY)] == [
        ("", 401, "foxsys"),
        ("other", 200, "foxsys"),
        ("acme", 200, "foxsys"),
    ]
    (mine,) = calls.recent(of(ACME))
    assert calls.find(of(ACME), mine.id) == mine
    assert calls.find(of(OTHER), mine.id) is None


async def test_a_call_shows_its_start_and_what_was_cut_but_no_secret() -> None:
    clock = SetClock()
    calls = CallRecorder(clock, ChangeFeed())
    calls.recorder_of("foxsys")(
        record(
            account=ACME,
            headers=((b"authorization", b"Bearer s3cr3t-key"),),
            body=b"hello",
            body_octets=9,
            answer=b"ok",
            answer_octets=2,
        )
    )
    (call,) = calls.recent(EVERYBODY)
    assert (call.at_ms, call.elapsed_ms, call.method) == (clock.now_ms - 5, 5, "POST")
    assert (call.request_is_cut, call.answer_is_cut) == (True, False)
    assert "s3cr3t-key" not in call.shown.request_head
    assert call.shown.request_body == "hello"


async def test_reads_of_the_documentation_are_not_recorded_but_every_other_call_is() -> None:
    calls = CallRecorder(SetClock(), ChangeFeed())
    kept = calls.recorder_of("convergia")
    kept(record(method="GET", target=b"/json/docs", is_documentation=True))
    kept(record(method="GET", target=b"/json/docs", is_documentation=True, status=304))
    assert calls.recent(EVERYBODY) == []
    kept(record(method="GET", target=b"/?password=x", password="x", status=200))
    kept(record(method="GET", target=b"/?user=x", status=200))
    kept(record(method="GET", target=b"/nowhere", status=404))
    kept(record(method="POST", target=b"/json/docs", is_documentation=True, status=405))
    kept(record(method="GET", status=0))
    assert len(calls.recent(EVERYBODY)) == 5


async def test_a_call_is_published_and_only_the_last_ones_are_kept() -> None:
    changes = ChangeFeed()
    calls = CallRecorder(SetClock(), changes)
    subscriber = changes.subscribe(of(ACME), person="me")
    assert subscriber is not None
    calls.recorder_of("foxsys")(record(account=OTHER))
    for _ in range(CALLS_PER_ACCOUNT + 5):
        calls.recorder_of("foxsys")(record(account=ACME))
    async with asyncio.timeout(5):
        assert await subscriber.next(within_seconds=5) == {"calls"}
    assert len(calls.recent(of(ACME))) == CALLS_PER_ACCOUNT
