"""Messages to and from simulated phones are read newest first, bounded, and by account."""

from typing import Any

from msgspec import structs
from tests.support.world import World, outgoing, recipient

from palomar.inbound.numbers import Keyword, VirtualNumber, add_keyword, add_number
from palomar.inbound.owners import load_owners
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound, InDoubt, Submitted
from palomar.sandbox import phone_messages
from palomar.sandbox.phone_messages import ACCOUNTS_BY_INDEX, InboundAddress
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import State

PHONE, NUMBER = "525512340001", "34900100200"


async def ask(world: World, flow: Any, *arguments: Any, **named: Any) -> Any:
    async def script(tx: Transaction) -> Any:
        return await flow(tx, *arguments, **named)

    return await world.database.write(script)


def inbound(text: str, *, to: str = NUMBER, source: str = PHONE) -> CarrierInbound:
    return CarrierInbound(carrier="c", source=source, destination=to, text=text)


async def test_sent_messages_are_read_by_account_newest_first(world: World) -> None:
    one, other = await world.account(), await world.account()
    first = await world.sent(one, recipients=[recipient(1, text="first")])
    second = await world.sent(other, reference="o", recipients=[recipient(1, text="second")])
    third = await world.sent(one, reference="t", recipients=[recipient(2, text="third")])
    assert [m.id for m in await ask(world, phone_messages.read_sent, None)] == [third, second, first]
    found = await ask(world, phone_messages.read_sent, {one.id})
    assert [(m.id, m.text, m.msisdn, m.state, m.carrier) for m in found] == [
        (third, "third", "525512340002", State.SENT, "c"),
        (first, "first", PHONE, State.SENT, "c"),
    ]
    assert await ask(world, phone_messages.read_sent, set()) == []


async def test_for_many_accounts_all_rows_are_read_and_others_left_out(world: World) -> None:
    one, other = await world.account(), await world.account()
    mine = await world.sent(one)
    await world.sent(other, reference="o")
    many = {one.id, *(AccountId(1_000_000 + number) for number in range(ACCOUNTS_BY_INDEX))}
    assert [m.id for m in await ask(world, phone_messages.read_sent, many)] == [mine]


async def test_messages_that_never_leave_are_left_out(world: World) -> None:
    account = await world.account()
    await world.accepted(account, recipients=[recipient(1, state=State.NOFORMAT)])
    await world.accepted(account, recipients=[recipient(1)], due_ms=world.now_ms + 60_000)
    assert await ask(world, phone_messages.read_sent, None) == []


async def test_parts_and_their_accounts_are_found_by_carrier_and_reference(world: World) -> None:
    one, other = await world.account(), await world.account()
    long = await world.sent(one, reference="0ab", parts=2)
    await world.sent(other, reference="o")
    known = await ask(world, phone_messages.known_parts, [long], {("c", "AB1"), ("c", "O1"), ("c", "LOST")})
    assert known.by_reference == {("c", "AB1"): long, ("c", "AB2"): long}
    assert (known.unanswered, known.of_others) == (frozenset(), frozenset({("c", "O1")}))
    owners = phone_messages.owners_of_parts
    assert await ask(world, owners, [("c", "ab2")]) == {one.id}
    assert await ask(world, owners, [("c", "AB1"), ("c", "o1")]) == {one.id, other.id}
    assert await ask(world, owners, [("d", "AB1"), ("c", "nobody's")]) == set()


async def test_a_message_is_unanswered_until_its_answer_and_for_good_once_it_was_sent_again(world: World) -> None:
    account = await world.account()
    message = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(message)

    async def unanswered() -> bool:
        return message.row.id in (await ask(world, phone_messages.known_parts, [message.row.id], ())).unanswered

    assert await unanswered()
    await world.answer(part, InDoubt(reason="no answer"))
    assert await unanswered()
    again = structs.replace(part, attempt=2)
    assert await world.mark(again) == [True]
    await world.answer(again, Submitted(reference="r2"))
    assert await unanswered(), "the first attempt may have arrived under a name that nobody knows"
    other = await world.sent(account, reference="o")
    assert (await ask(world, phone_messages.known_parts, [other], ())).unanswered == frozenset()


async def test_written_messages_are_read_by_account_and_those_without_one_with_all(world: World) -> None:
    account = await world.account()
    await ask(world, add_number, VirtualNumber(number=NUMBER, account_id=account.id))
    await world.do(receive, inbound("to the account"))
    await world.do(receive, inbound("to nobody", to="34900999999"))
    found = await ask(world, phone_messages.read_written, {account.id})
    assert [(w.number, w.to, w.text, w.account_id) for w in found] == [(PHONE, NUMBER, "to the account", account.id)]
    everybodys = await ask(world, phone_messages.read_written, None)
    assert [(w.text, w.account_id) for w in everybodys] == [("to nobody", None), ("to the account", account.id)]


async def test_a_transaction_names_the_accounts_that_phones_wrote_to(world: World) -> None:
    account = await world.account()
    await ask(world, add_number, VirtualNumber(number=NUMBER, account_id=account.id))
    touched = []

    async def script(tx: Transaction) -> None:
        work = Work(tx, world.context(), now_ms=world.now_ms)
        await receive(work, [inbound("hola"), inbound("to nobody", to="34900999999")])
        await work.finish()
        touched.append(work.changed_accounts)

    await world.database.write(script)
    assert touched == [{account.id, None}]


async def test_phones_can_write_to_the_numbers_and_words_of_an_account(world: World) -> None:
    one, other = await world.account(), await world.account()
    await ask(world, add_number, VirtualNumber(number=NUMBER, account_id=one.id))
    await ask(world, add_keyword, Keyword(number=NUMBER, word="sale", account_id=other.id))
    assert await ask(world, phone_messages.read_addresses, {one.id}) == [
        InboundAddress(number=NUMBER, account_id=one.id)
    ]
    assert await ask(world, phone_messages.read_addresses, {other.id}) == [
        InboundAddress(number=NUMBER, account_id=other.id, word="sale")
    ]
    assert len(await ask(world, phone_messages.read_addresses, None)) == 2
    owners = await ask(world, load_owners, [NUMBER])
    assert [owners.owner_of_text(NUMBER, text).account_id for text in ("hola", "sale now")] == [one.id, other.id]
    assert (await ask(world, load_owners, [])).owner_of_text(NUMBER, "hola") is None
