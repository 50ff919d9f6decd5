"""Phones as people see them: numbers and screens in scope, unread messages, and who may write or set behavior."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place

from palomar.inbound.numbers import Keyword, VirtualNumber, add_keyword, add_number
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound
from palomar.sandbox.phones import Phones, PhoneView, WriteResult
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import State

OURS, SHARED = "34900100200", "34900300400"


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place, sandbox="whole") as built:
        yield built


async def phones(house: House, login: str) -> Phones:
    """The phones of a user or account who has just logged in."""
    sandbox = (await house.viewer(login)).sandbox
    assert sandbox is not None
    return sandbox.phones


async def give(house: House, number: str, account: Account, word: str = "") -> None:
    async def script(tx: Transaction) -> bool:
        if word:
            return await add_keyword(tx, Keyword(number=number, word=word, account_id=account.id))
        return await add_number(tx, VirtualNumber(number=number, account_id=account.id))

    assert await house.world.database.write(script)


def texts(view: PhoneView) -> list[tuple[str, bool]]:
    """List the texts on the screen, and which have arrived."""
    return [(bubble.text, bubble.has_arrived) for bubble in view.bubbles]


async def test_a_number_that_got_something_is_listed_with_its_screen(house: House) -> None:
    await house.user("admin")
    acme = await house.account("acme")
    mine = await phones(house, "admin")
    nothing = await mine.view("")
    assert (nothing.lines, nothing.number, nothing.bubbles, nothing.behavior) == ([], "", [], "")
    first = await house.sent(acme, "hello", number=1, reference="a")
    second = await house.sent(acme, "bye", number=2, reference="b")
    view = await mine.view("")
    assert ([line.number for line in view.lines], view.number) == ([second, first], second)
    assert texts(view) == [("bye", False)]
    await house.arrives(first, "hello", reference="a1")
    assert texts(await mine.view(first)) == [("hello", True)]
    assert texts(await mine.view("34999")) == []


async def test_an_account_sees_only_its_own_messages_on_a_phone(house: House) -> None:
    parent = await house.account("parent")
    child = await house.account("child", parent=parent, credit=10_000_000)
    stranger = await house.account("stranger")
    phone = await house.sent(child, "of the child", reference="c")
    for account, text, reference in ((stranger, "of the stranger", "s"), (parent, "the same", "p")):
        await house.sent(account, text, reference=reference)
    await house.sent(stranger, "the same", reference="t")
    for text, reference in (("of the child", "c1"), ("of the stranger", "s1"), ("the same", "t1")):
        await house.arrives(phone, text, reference=reference)
    assert texts(await (await phones(house, "child")).view(phone)) == [("of the child", True)]
    assert texts(await (await phones(house, "parent")).view(phone)) == [("of the child", True), ("the same", False)]
    assert len((await (await phones(house, "stranger")).view(phone)).bubbles) == 2
    lonely = await house.account("lonely")
    assert lonely.login == "lonely"
    assert (await (await phones(house, "lonely")).view("")).lines == []


async def test_an_arrived_text_without_a_known_message_is_seen_by_the_platform_only(house: House) -> None:
    await house.user("admin")
    acme = await house.account("acme")
    phone = await house.sent(acme, "hello", reference="a")
    await house.arrives(phone, "its answer was lost", reference="nobody knows it")
    assert texts(await (await phones(house, "acme")).view(phone)) == [("hello", False)]
    view = await (await phones(house, "admin")).view(phone)
    assert [(bubble.text, bubble.account_id) for bubble in view.bubbles] == [
        ("hello", acme.id),
        ("its answer was lost", None),
    ]


async def test_messages_since_the_last_look_at_a_number_are_unread(house: House) -> None:
    acme = await house.account("acme")
    old = await house.sent(acme, "before", number=1, reference="o")
    mine = await phones(house, "acme")

    async def unread(number: str = old) -> dict[str, int]:
        return {line.number: line.unread for line in (await mine.view(number)).lines}

    assert await unread() == {old: 0}
    for turn in range(2):
        new = await house.sent(acme, "after", number=2, reference=f"n{turn}")
    assert await unread() == {old: 0, new: 2}
    assert await unread(new) == {old: 0, new: 0}
    assert await unread() == {old: 0, new: 0}
    other_session = await phones(house, "acme")
    await house.sent(acme, "later", number=2, reference="l")
    assert {line.unread for line in (await other_session.view(old)).lines} == {0}, "it begins with nothing new"


async def test_a_failed_message_is_on_the_screen_as_not_arrived(house: House) -> None:
    acme = await house.account("acme")
    phone = await house.sent(acme, "hello", reference="a")
    await house.world.receipt("a1", State.UNDELIVERED)
    (bubble,) = (await (await phones(house, "acme")).view(phone)).bubbles
    assert (bubble.has_arrived, bubble.state) == (False, State.UNDELIVERED)


async def test_a_phone_writes_to_the_account_that_has_the_number_or_its_word(house: House) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    await give(house, OURS, acme)
    await give(house, SHARED, other)
    await give(house, SHARED, acme, word="acme")
    of_acme = await phones(house, "acme")
    assert [(address.number, address.word) for address in await of_acme.addresses()] == [(OURS, ""), (SHARED, "acme")]
    assert await of_acme.write("+34 600 000 001", OURS, "hola") is WriteResult.SENT
    assert await of_acme.write("34600000001", SHARED, "ACME please") is WriteResult.SENT
    for text in ("hola", "other please"):
        assert await of_acme.write("34600000001", SHARED, text) is WriteResult.NO_ACCOUNT, "that is the other's"
    assert await of_acme.write("34600000001", "34911111111", "hola") is WriteResult.NO_ACCOUNT
    assert house.smsc is not None
    written = [(message.number, message.peer, message.text) for message in house.smsc.phones.recent()]
    assert written == [("34600000001", OURS, "hola"), ("34600000001", SHARED, "ACME please")]
    await house.user("admin")
    assert await (await phones(house, "admin")).write("34600000001", "34911111111", "to nobody") is WriteResult.SENT


async def test_a_phone_can_write_the_same_text_again(house: House) -> None:
    acme = await house.account("acme")
    await give(house, OURS, acme)
    of_acme = await phones(house, "acme")
    inbound = CarrierInbound(carrier="c", source="34600000001", destination=OURS, text="hola")
    await house.world.do(receive, inbound)
    assert await of_acme.write("34600000001", OURS, "hola") is WriteResult.SENT
    view = await of_acme.view("34600000001")
    assert [(bubble.text, bubble.is_written, bubble.peer) for bubble in view.bubbles] == [("hola", True, OURS)]
    assert view.lines[0].state is None


@pytest.mark.parametrize(
    ("number", "to", "text"),
    [
        ("", OURS, "x"),
        ("ACME", OURS, "x"),
        ("34600000001", "", "x"),
        ("34600000001", OURS, ""),
        ("34600000001", OURS, "x" * 2_001),
        ("34600000001", "ñ", "x"),
        ("3" * 21, OURS, "x"),
    ],
)
async def test_an_invalid_number_address_or_text_is_not_written(house: House, number: str, to: str, text: str) -> None:
    acme = await house.account("acme")
    await give(house, OURS, acme)
    assert await (await phones(house, "acme")).write(number, to, text) is WriteResult.INVALID
    assert house.smsc is not None
    assert house.smsc.phones.recent() == []


async def test_writing_needs_the_right_to_play_and_behavior_also_the_whole_platform(house: House) -> None:
    acme = await house.account("acme")
    await give(house, OURS, acme)
    phone = await house.sent(acme, "hello", reference="a")
    for role in Role:
        await house.user(f"platform-{role}", role=role)
        await house.user(f"acme-{role}", role=role, account=acme)
    may_write, may_change = set(), set()
    for login in ("acme", *(f"{place}-{role}" for place in ("platform", "acme") for role in Role)):
        sandbox = (await house.viewer(login)).sandbox
        if sandbox is not None:
            if await sandbox.phones.write(phone, OURS, f"by {login}") is WriteResult.SENT:
                may_write.add(login)
            if sandbox.phones.set_behavior(phone, "fail") == "":
                may_change.add(login)
    assert may_write == {"acme", "platform-owner", "platform-operator", "acme-owner", "acme-operator"}
    assert may_change == {"platform-owner", "platform-operator"}


async def test_a_phones_behavior_is_set_and_cleared(house: House) -> None:
    await house.user("admin")
    acme = await house.account("acme")
    phone = await house.sent(acme, "hello", reference="a")
    admin, mine = await phones(house, "admin"), await phones(house, "acme")
    assert admin.set_behavior(phone, "lose-receipts=50%") == ""
    assert (await admin.view(phone)).behavior == (await mine.view(phone)).behavior == "lose-receipts=50%"
    assert "there is no 'faill'" in admin.set_behavior(phone, "faill")
    assert admin.set_behavior("nonsense", "fail") == "no such number"
    assert (await admin.view(phone)).behavior == "lose-receipts=50%"
    assert (await mine.view("34611111111")).behavior == "", "of a phone that got nothing of mine I learn nothing"
    assert admin.set_behavior(phone, "") == ""
    assert (await admin.view(phone)).behavior == ""


async def test_beside_real_carriers_only_the_platform_sees_the_simulated_phones(place: Place) -> None:
    async with house_in(place, sandbox="beside") as house:
        await house.user("admin")
        acme = await house.account("acme")
        await house.world.sent(acme, reference="real", carrier="d")
        simulated = await house.sent(acme, "hello", number=7, reference="a")
        assert (await house.viewer("acme")).sandbox is None
        view = await (await phones(house, "admin")).view("")
        assert [line.number for line in view.lines] == [simulated]


async def test_a_person_from_whom_texts_are_hidden_has_no_sandbox(house: House) -> None:
    await house.user("sara", role=Role.SUPPORT)
    assert (await house.viewer("sara")).sandbox is None
