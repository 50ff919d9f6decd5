"""Masking leaves no text, number or secret, and hides every detail whose name is not known."""

from dataclasses import replace

import pytest
from msgspec import structs
from tests.support.world import World, outgoing, receipt

from palomar.console.viewer.masking import (
    HIDDEN,
    UrlVisibility,
    masked_message,
    masked_number,
    masked_story,
    masked_url,
    reduced_story,
    reduced_url,
)
from palomar.ports import Submitted
from palomar.receipts.record import record_receipts
from palomar.reports.story import Story, load_story
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Principal, Role
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import Moment, MomentKind

TEXT = "the code is 4711"


@pytest.fixture
async def story(sqlite_place: object) -> Story:
    """Of a message with a receipt, two callbacks that wait, and details that others may add."""
    database: Database = await sqlite_place.open()  # type: ignore[attr-defined]
    world = World(database=database)
    account = await world.account()
    message = await world.accepted(account, claim=State.SUBMITTING, status_url="https://shop.example/x?token=s3cret")
    (part,) = outgoing(message)
    await world.answer(part, Submitted(reference="r1"))
    told = structs.replace(receipt("r1", State.DELIVERED), raw=f"id:r1 stat:DELIVRD text:{TEXT}")
    await world.do(record_receipts, told)

    async def script(tx: Transaction) -> Story | None:
        return await load_story(tx, message.row.id)

    found = await database.read(script)
    await database.close()
    assert found is not None
    shown = replace(found.view, message=structs.replace(found.view.message, text=TEXT))
    found = replace(found, view=shown)
    number = found.view.message.msisdn
    found.view.timeline.extend(
        Moment(message_id=message.row.id, at_ms=0, kind=kind, detail=detail)
        for kind, detail in (
            (MomentKind.CALLBACK, {"url": f"https://shop.example/x?to={number}", "body": TEXT, "answer": f"ok {TEXT}"}),
            (MomentKind.REFUSED, {"reason": f"{number} is nobody", "request": "00ff", "response": "00"}),
            (MomentKind.RECEIPT, {"pdu": "00ff", "raw": TEXT}),
            (MomentKind.CLICKED, {"address": "192.0.2.1", "agent": "Firefox", "something_new": number}),
        )
    )
    return found


def test_no_text_and_no_number_is_left(story: Story) -> None:
    number = story.view.message.msisdn
    assert number in repr(story)
    assert TEXT in repr(story)
    masked = repr(masked_story(story))
    assert number not in masked
    assert TEXT not in masked
    assert "s3cret" not in masked
    assert "192.0.2.1" not in masked
    assert "Firefox" not in masked


def test_harmless_details_are_left(story: Story) -> None:
    masked = masked_story(story)
    kept = [moment.detail for moment in masked.view.timeline]
    assert kept[0]["price_microcredits"] == story.view.timeline[0].detail["price_microcredits"]
    assert {"stat": "delivered", "carrier": "c"}.items() <= kept[2].items()
    assert masked.view.message.state is State.DELIVERED
    assert masked.entries == story.entries
    assert [callback.id for callback in masked.view.callbacks] == [callback.id for callback in story.view.callbacks]
    assert masked.view.callbacks[0].url == f"https://shop.example/{HIDDEN}"


def test_details_of_a_part_in_doubt_are_left(story: Story) -> None:
    doubt = {"cause": "unanswered", "copies": 2, "again_in_seconds": 10}
    story.view.timeline.append(
        Moment(message_id=story.view.message.id, at_ms=0, kind=MomentKind.IN_DOUBT, detail={**doubt})
    )
    assert masked_story(story).view.timeline[-1].detail == doubt


def test_hidden_octets_are_replaced_and_not_left_out(story: Story) -> None:
    details = [moment.detail for moment in masked_story(story).view.timeline]
    assert {name for detail in details for name, value in detail.items() if value == HIDDEN} >= {
        *("request", "response", "pdu", "raw", "body", "answer", "something_new"),
    }


def test_a_row_keeps_its_state_and_four_digits(story: Story) -> None:
    row = masked_message(story.view.message)
    assert (row.text, row.msisdn) == (HIDDEN, "52•••••00")
    assert row.state is story.view.message.state


@pytest.mark.parametrize(
    ("number", "masked"), [("34600000001", "34•••••01"), ("1234", HIDDEN), ("", HIDDEN), ("12345", "12•••••45")]
)
def test_numbers(number: str, masked: str) -> None:
    assert masked_number(number) == masked


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://user:pw@shop.example:8443/a/b?c=d#e", "https://shop.example/•••••"),
        ("http://[::1", HIDDEN),
        ("", ""),
    ],
)
def test_addresses(url: str, masked: str) -> None:
    assert masked_url(url) == masked


SECRET_URL = "http://u:p4ss@host:81/hook/s3cr3t?who=t0ken&t0ken&acklevel=handset&msisdn=34600000001#fr4g"


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OWNER, SECRET_URL),
        (Role.OPERATOR, "http://*@host:81/hook/s3cr3t?who=*&*&acklevel=handset&msisdn=34600000001#*"),
        (Role.SUPPORT, "http://*@host:81/hook/s3cr3t?who=*&*&acklevel=handset&msisdn=34600000001#*"),
        (Role.READ_ONLY, "http://*@host:81/*?who=*&*&acklevel=handset&msisdn=34600000001#*"),
    ],
)
def test_secrets_in_a_url_need_the_right_to_keys(role: Role, seen: str) -> None:
    who = Principal(login="x", name="", role=role, user_id=1, account_id=None)
    assert reduced_url(SECRET_URL, UrlVisibility.of(who)) == seen.replace("*", HIDDEN)


@pytest.mark.parametrize("url", ["https://x.example/", "https://x.example", "http://[::1]:8080/?subid=a&desc=", ""])
def test_a_url_without_secrets_is_unchanged(url: str) -> None:
    assert reduced_url(url, UrlVisibility.HOST) == url


@pytest.mark.parametrize("url", ["//u:p@host/", "u:p@host", "http://[u:p@host/"])
def test_an_invalid_url_is_hidden(url: str) -> None:
    assert reduced_url(url, UrlVisibility.HOST) == HIDDEN


def test_no_secret_of_a_url_is_left_anywhere_in_a_story(story: Story) -> None:
    assert "s3cret" in repr(story)
    seen = repr(reduced_story(story, UrlVisibility.HOST))
    assert "s3cret" not in seen
    assert TEXT in seen
    assert reduced_story(story, UrlVisibility.WHOLE) is story
