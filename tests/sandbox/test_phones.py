"""Phones as people see them: numbers and screens in scope, what is new, who may write, who says what a phone does."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place

from palomar.inbound.numbers import Keyword, VirtualNumber, add_keyword, add_number
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound
from palomar.sandbox.phones import Phones, PhoneView, Wrote
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import State

OURS, SHARED = "34900100200", "34900300400"


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place, sandbox="whole") as built:
        yield built


async def phones_of(house: House, login: str) -> Phones:
    """Those of somebody who logs in anew."""
    play = (await house.viewer(login)).play
    assert play is not None
    return play.phones


async def give(house: House, number: str, account: Account, word: str = "") -> None:
    async def script(tx: Transaction) -> bool:
        if word:
            return await add_keyword(tx, Keyword(number=number, word=word, account_id=account.id))
        return await add_number(tx, VirtualNumber(number=number, account_id=account.id))

    assert await house.world.database.write(script)


def talk(view: PhoneView) -> list[tuple[str, bool]]:
    """What is on the screen, and whether it is there."""
    return [(bubble.text, bubble.is_here) for bubble in view.bubbles]


async def test_a_number_that_got_something_is_listed_with_its_screen(house: House) -> None:
    await house.user("admin")
    acme = await house.account("acme")
    looking = await phones_of(house, "admin")
    nothing = await looking.look("")
    assert (nothing.lines, nothing.number, nothing.bubbles, nothing.how) == ([], "", [], "")
    first = await house.sent(acme, "hello", number=1, reference="a")
    second = await house.sent(acme, "bye", number=2, reference="b")
    view = await looking.look("")
    assert ([line.number for line in view.lines], view.number) == ([second, first], second)
    assert talk(view) == [("bye", False)]
    await house.arrives(first, "hello", reference="a1")
    assert talk(await looking.look(first)) == [("hello", True)]
    assert talk(await looking.look("34999")) == []


async def test_an_account_sees_what_it_sent_itself_whatever_else_the_phone_got(house: House) -> None:
    parent = await house.account("parent")
    child = await house.account("child", parent=parent, credit=10_000_000)
    stranger = await house.account("stranger")
    phone = await house.sent(child, "of the child", reference="c")
    for account, text, reference in ((stranger, "of the stranger", "s"), (parent, "the same", "p")):
        await house.sent(account, text, reference=reference)
    await house.sent(stranger, "the same", reference="t")
    for text, reference in (("of the child", "c1"), ("of the stranger", "s1"), ("the same", "t1")):
        await house.arrives(phone, text, reference=reference)
    assert talk(await (await phones_of(house, "child")).look(phone)) == [("of the child", True)]
    assert talk(await (await phones_of(house, "parent")).look(phone)) == [("of the child", True), ("the same", False)]
    assert len((await (await phones_of(house, "stranger")).look(phone)).bubbles) == 2
    lonely = await house.account("lonely")
    assert lonely.login == "lonely"
    assert (await (await phones_of(house, "lonely")).look("")).lines == []


async def test_what_arrived_and_is_nobodys_is_seen_by_the_platform_only(house: House) -> None:
    await house.user("admin")
    acme = await house.account("acme")
    phone = await house.sent(acme, "hello", reference="a")
    await house.arrives(phone, "its answer was lost", reference="nobody knows it")
    assert talk(await (await phones_of(house, "acme")).look(phone)) == [("hello", False)]
    view = await (await phones_of(house, "admin")).look(phone)
    assert [(bubble.text, bubble.account_id) for bubble in view.bubbles] == [
        ("hello", acme.id),
        ("its answer was lost", None),
    ]


async def test_what_came_since_a_number_was_looked_at_is_new(house: House) -> None:
    acme = await house.account("acme")
    old = await house.sent(acme, "before", number=1, reference="o")
    looking = await phones_of(house, "acme")

    async def unread(number: str = old) -> dict[str, int]:
        return {line.number: line.unread for line in (await looking.look(number)).lines}

    assert await unread() == {old: 0}
    for turn in range(2):
        new = await house.sent(acme, "after", number=2, reference=f"n{turn}")
    assert await unread() == {old: 0, new: 2}
    assert await unread(new) == {old: 0, new: 0}
    assert await unread() == {old: 0, new: 0}
    other_session = await phones_of(house, "acme")
    await house.sent(acme, "later", number=2, reference="l")
    assert {line.unread for line in (await other_session.look(old)).lines} == {0}, "it begins with nothing new"


async def test_a_message_that_failed_is_on_the_screen_and_not_on_the_phone(house: House) -> None:
    acme = await house.account("acme")
    phone = await house.sent(acme, "hello", reference="a")
    await house.world.receipt("a1", State.UNDELIVERED)
    (bubble,) = (await (await phones_of(house, "acme")).look(phone)).bubbles
    assert (bubble.is_here, bubble.state) == (False, State.UNDELIVERED)


async def test_a_phone_writes_to_whoever_has_the_number_or_its_word(house: House) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    await give(house, OURS, acme)
    await give(house, SHARED, other)
    await give(house, SHARED, acme, word="acme")
    of_acme = await phones_of(house, "acme")
    assert [(address.number, address.word) for address in await of_acme.addresses()] == [(OURS, ""), (SHARED, "acme")]
    assert await of_acme.write("+34 600 000 001", OURS, "hola") is Wrote.SENT
    assert await of_acme.write("34600000001", SHARED, "ACME please") is Wrote.SENT
    for text in ("hola", "other please"):
        assert await of_acme.write("34600000001", SHARED, text) is Wrote.NOBODYS, "that is the other's"
    assert await of_acme.write("34600000001", "34911111111", "hola") is Wrote.NOBODYS
    assert house.smsc is not None
    written = [(message.number, message.peer, message.text) for message in house.smsc.phones.recent()]
    assert written == [("34600000001", OURS, "hola"), ("34600000001", SHARED, "ACME please")]
    await house.user("admin")
    assert await (await phones_of(house, "admin")).write("34600000001", "34911111111", "to nobody") is Wrote.SENT


async def test_the_same_words_again_are_written_again(house: House) -> None:
    acme = await house.account("acme")
    await give(house, OURS, acme)
    of_acme = await phones_of(house, "acme")
    inbound = CarrierInbound(carrier="c", source="34600000001", destination=OURS, text="hola")
    await house.world.do(receive, inbound)
    assert await of_acme.write("34600000001", OURS, "hola") is Wrote.SENT
    view = await of_acme.look("34600000001")
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
async def test_nonsense_is_not_written(house: House, number: str, to: str, text: str) -> None:
    acme = await house.account("acme")
    await give(house, OURS, acme)
    assert await (await phones_of(house, "acme")).write(number, to, text) is Wrote.NONSENSE
    assert house.smsc is not None
    assert house.smsc.phones.recent() == []


async def test_only_who_plays_writes_and_only_who_sees_everything_says_what_a_phone_does(house: House) -> None:
    acme = await house.account("acme")
    await give(house, OURS, acme)
    phone = await house.sent(acme, "hello", reference="a")
    for role in Role:
        await house.user(f"platform-{role}", role=role)
        await house.user(f"acme-{role}", role=role, account=acme)
    may_write, may_change = set(), set()
    for login in ("acme", *(f"{place}-{role}" for place in ("platform", "acme") for role in Role)):
        play = (await house.viewer(login)).play
        if play is not None:
            if await play.phones.write(phone, OURS, f"by {login}") is Wrote.SENT:
                may_write.add(login)
            if play.phones.behave(phone, "fail") == "":
                may_change.add(login)
    assert may_write == {"acme", "platform-owner", "platform-operator", "acme-owner", "acme-operator"}
    assert may_change == {"platform-owner", "platform-operator"}


async def test_a_phone_does_what_it_is_told_until_it_is_told_nothing(house: House) -> None:
    await house.user("admin")
    acme = await house.account("acme")
    phone = await house.sent(acme, "hello", reference="a")
    admin, mine = await phones_of(house, "admin"), await phones_of(house, "acme")
    assert admin.behave(phone, "lose-receipts=50%") == ""
    assert (await admin.look(phone)).how == (await mine.look(phone)).how == "lose-receipts=50%"
    assert "there is no 'faill'" in admin.behave(phone, "faill")
    assert admin.behave("nonsense", "fail") == "no such number"
    assert (await admin.look(phone)).how == "lose-receipts=50%"
    assert (await mine.look("34611111111")).how == "", "of a phone that got nothing of mine I learn nothing"
    assert admin.behave(phone, "") == ""
    assert (await admin.look(phone)).how == ""


async def test_beside_real_carriers_only_the_simulated_ones_are_shown_and_only_to_the_platform(place: Place) -> None:
    async with house_in(place, sandbox="beside") as house:
        await house.user("admin")
        acme = await house.account("acme")
        await house.world.sent(acme, reference="real", carrier="d")
        simulated = await house.sent(acme, "hello", number=7, reference="a")
        assert (await house.viewer("acme")).play is None
        view = await (await phones_of(house, "admin")).look("")
        assert [line.number for line in view.lines] == [simulated]


async def test_whoever_texts_are_hidden_from_has_no_sandbox(house: House) -> None:
    await house.user("sara", role=Role.SUPPORT)
    assert (await house.viewer("sara")).play is None
