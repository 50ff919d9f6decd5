"""Short links from acceptance to click: codes are unique and stored with their message, clicks recorded and told."""

import asyncio
from typing import Any

import pytest
from tests.support.world import START_MS, World, recipient

from palomar.acceptance.accept import Accepted, accept
from palomar.acceptance.compose import AcceptedMessage, Recipient
from palomar.acceptance.scheduled import ScheduledChange, cancel
from palomar.short_links.clicks import Click, ShortLink, find_link, record_clicks
from palomar.short_links.shorten import shorten_urls
from palomar.storage.database import Conflict, Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import MessageId, State

URL = "http://shop.es/offer?a=b"


class ScriptedIds:
    """Ids of a world, with tokens that can be codes."""

    def __init__(self, world: World) -> None:
        self.serial, self.message_id, self.random = world.ids.serial, world.ids.message_id, world.ids.random
        self._made = 0

    def token(self) -> str:
        self._made += 1
        return f"new{self._made:04}"


@pytest.fixture
async def linking(world: World) -> World:
    world.ids = ScriptedIds(world)  # type: ignore[assignment]
    return world


def linked(number: int, *codes: str, **more: Any) -> Recipient:
    """Make a recipient whose text has a short link for each code."""
    text = " and ".join(URL for _ in codes)
    made = shorten_urls(f"see {text}", domain="go.es", make=iter(codes).__next__)
    return recipient(number, text=made.text, links=made.links, **more)


async def accepted(world: World, account: Account, *recipients: Recipient, **more: Any) -> list[AcceptedMessage]:
    result = await world.accept(account, recipients=recipients, **more)
    assert isinstance(result, Accepted)
    return result.messages


async def find(world: World, code: str) -> ShortLink | None:
    async def script(tx: Transaction) -> ShortLink | None:
        return await find_link(tx, code)

    return await world.database.read(script)


async def codes(world: World) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in await world.ask("SELECT code, message_id FROM links ORDER BY code")]


def click(link: ShortLink, *, agent: str = "Mozilla/5.0", robot: bool = False) -> Click:
    return Click(link=link, at_ms=START_MS + 5_000, address="192.0.2.7", agent=agent, robot=robot)


# --- acceptance


async def test_links_are_stored_with_their_message_and_found_by_code(linking: World) -> None:
    account = await linking.account()
    one, two = await accepted(
        linking, account, linked(1, "aaaaaa1", "aaaaaa2"), linked(2, "aaaaaa3"), click_url="http://c/"
    )
    assert await codes(linking) == [("aaaaaa1", one.row.id), ("aaaaaa2", one.row.id), ("aaaaaa3", two.row.id)]
    link = await find(linking, "aaaaaa3")
    assert link is not None
    assert link.message is not None
    assert (link.url, link.message_id, link.account_id) == (URL, two.row.id, account.id)
    assert (link.message.request_ref, link.message.msisdn, link.message.click_url) == (
        "sub",
        two.row.msisdn,
        "http://c/",
    )
    assert await find(linking, "AAAAAA3") is None


async def test_a_code_that_exists_already_is_replaced_in_text_and_table(linking: World) -> None:
    account = await linking.account()
    await accepted(linking, account, linked(1, "aaaaaa1"))
    one, two = await accepted(linking, account, linked(2, "aaaaaa1", "bbbbbb1"), linked(3, "bbbbbb1"))
    assert one.row.text == "see go.es/new0001 and go.es/bbbbbb1"
    assert two.row.text == "see go.es/new0002"
    assert (await linking.show(two.row.id)).message.text == two.row.text
    assert sorted(code for code, _ in await codes(linking)) == ["aaaaaa1", "bbbbbb1", "new0001", "new0002"]


async def test_two_nodes_that_make_the_same_code_at_once_do_not_share_it(linking: World) -> None:
    account = await linking.account()
    commands = [linking.compose(account, recipients=[linked(number, "aaaaaa1")]) for number in (1, 2)]
    conflicts = 0

    async def take(lane: int) -> None:
        nonlocal conflicts

        async def script(tx: Transaction) -> None:
            work = Work(tx, linking.context(), now_ms=linking.now_ms)
            await accept(work, [commands[lane]])
            await work.finish()

        while True:
            try:
                return await linking.database.write_in_lane(lane, script)
            except Conflict:
                conflicts += 1
                assert conflicts < 5

    await asyncio.gather(take(0), take(1))
    assert len({code for code, _ in await codes(linking)}) == 2
    texts = [row[0] for row in await linking.ask("SELECT text FROM messages ORDER BY id")]
    assert sorted(f"see go.es/{code}" for code, _ in await codes(linking)) == sorted(texts)


async def test_a_message_that_is_not_sent_has_no_links(linking: World) -> None:
    account = await linking.account(countries=("ES",))
    await accepted(linking, account, linked(1, "aaaaaa1"), linked(2, "aaaaaa2", state=State.TEST))
    poor = await linking.account(credit=0)
    assert not isinstance(await linking.accept(poor, recipients=[linked(1, "aaaaaa3")]), Accepted)
    assert await codes(linking) == []


async def test_the_duplicates_filter_compares_texts_before_their_urls_are_shortened(linking: World) -> None:
    account = await linking.account(duplicates_filter=True)
    await accepted(linking, account, linked(1, "aaaaaa1"))
    (again,) = await accepted(linking, account, linked(1, "aaaaaa2"))
    assert again.state is State.DUPLICATED
    (literal,) = await accepted(linking, account, recipient(1, text="see go.es/aaaaaa1"))
    assert literal.state is State.QUEUED
    assert [code for code, _ in await codes(linking)] == ["aaaaaa1"]


async def test_a_cancelled_text_with_links_can_be_scheduled_again(linking: World) -> None:
    account = await linking.account(duplicates_filter=True)
    due_ms = linking.now_ms + 5 * 3_600_000
    (first,) = await accepted(linking, account, linked(1, "aaaaaa1"), due_ms=due_ms)
    assert await linking.do(cancel, ScheduledChange(account_id=account.id)) == [1]
    (again,) = await accepted(linking, account, linked(1, "aaaaaa2"), due_ms=due_ms)
    assert [first.state, again.state] == [State.SCHEDULED, State.SCHEDULED]


# --- clicks


async def clicked(world: World, *, robot: bool = False, agent: str = "Mozilla/5.0", **asked: Any) -> MessageId:
    """Store a message whose link was followed once."""
    account = await world.account(**asked.pop("settings", {}))
    (message,) = await accepted(world, account, linked(1, "aaaaaa1"), **asked)
    link = await find(world, "aaaaaa1")
    assert link is not None
    await world.do(record_clicks, click(link, robot=robot, agent=agent))
    return message.row.id


async def test_a_click_is_recorded_told_and_noted_in_the_timeline(linking: World) -> None:
    message_id = await clicked(linking, click_url="http://c/clicks")
    assert await linking.ask("SELECT code, message_id, at_ms, address, agent, robot FROM clicks") == [
        ("aaaaaa1", message_id, START_MS + 5_000, "192.0.2.7", "Mozilla/5.0", 0)
    ]
    assert await linking.ask("SELECT message_id, url FROM callbacks") == [(message_id, "http://c/clicks#Clicked")]
    moment = (await linking.show(message_id)).timeline[-1]
    assert moment.kind == "clicked"
    assert moment.detail == {
        "code": "aaaaaa1",
        "url": URL,
        "address": "192.0.2.7",
        "agent": "Mozilla/5.0",
        "robot": False,
    }


async def test_the_click_url_of_the_account_holds_if_the_message_has_none(linking: World) -> None:
    message_id = await clicked(linking, settings={"click_url": "http://own/clicks"})
    assert await linking.told(message_id) == ["Clicked"]


async def test_without_any_click_url_a_click_is_only_recorded(linking: World) -> None:
    message_id = await clicked(linking)
    assert await linking.told(message_id) == []
    assert len(await linking.ask("SELECT id FROM clicks")) == 1


async def test_a_robot_is_counted_apart_and_not_told(linking: World) -> None:
    message_id = await clicked(linking, robot=True, agent="WhatsApp/2.0", click_url="http://c/clicks")
    assert await linking.told(message_id) == []
    assert await linking.ask("SELECT robot FROM clicks") == [(1,)]
    assert (await linking.show(message_id)).timeline[-1].detail["robot"] is True


async def test_a_link_outlives_its_message(linking: World) -> None:
    await clicked(linking, click_url="http://c/clicks")

    async def forget(tx: Transaction) -> None:
        for table in ("parts", "queue", "messages", "callbacks"):
            await tx.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
        await tx.execute("UPDATE balances SET available_microcredits = available_microcredits + reserved_microcredits")
        await tx.execute("UPDATE balances SET reserved_microcredits = 0")
        await tx.execute("DELETE FROM ledger WHERE reason = 'reserve'")

    await linking.database.write(forget)
    link = await find(linking, "aaaaaa1")
    assert link is not None
    assert (link.url, link.message) == (URL, None)
    await linking.do(record_clicks, click(link))
    assert len(await linking.ask("SELECT id FROM clicks")) == 2
    assert await linking.ask("SELECT id FROM callbacks") == []
