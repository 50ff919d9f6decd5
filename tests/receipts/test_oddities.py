"""Oddities of carriers are counted, a bounded number of each kind, and kept for a month."""

from tests.support.world import START_MS, World, receipt

from palomar.app.housekeeping import RETENTIONS, delete_old
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound
from palomar.receipts.oddities import OF_A_KIND_AT_MOST, CountedOddity, list_oddities
from palomar.receipts.record import record_receipts
from palomar.vocabulary.message import State
from palomar.vocabulary.oddity import OTHERS, Oddity, OddityKind


async def counted(world: World) -> list[CountedOddity]:
    return await world.database.read(lambda tx: list_oddities(tx, since_ms=0))


async def test_an_unknown_word_is_counted_whether_its_receipt_finds_its_part_or_not(world: World) -> None:
    message_id = await world.sent(await world.account())
    word = (Oddity(OddityKind.WORD, "MISLUKT"),)
    await world.do(record_receipts, receipt("r1", None, oddities=word), receipt("nobody", None, oddities=word))
    world.now_ms += 5
    await world.receipt("r1", None, oddities=word)
    assert await counted(world) == [CountedOddity(carrier="c", oddity=word[0], times=3, last_ms=START_MS + 5)]
    assert await world.state(message_id) is State.SENT


async def test_an_oddity_of_a_text_from_a_phone_is_counted_too(world: World) -> None:
    odd = (Oddity(OddityKind.PDU, "octets behind the end"),)
    await world.do(receive, CarrierInbound(carrier="c", source="1", destination="2", text="hi", oddities=odd))
    assert [(one.oddity, one.times) for one in await counted(world)] == [(odd[0], 1)]


async def test_oddities_beyond_a_number_of_a_kind_are_counted_together(world: World) -> None:
    for number in range(OF_A_KIND_AT_MOST + 5):
        await world.receipt("x", None, oddities=(Oddity(OddityKind.WORD, f"word {number}"),))
    await world.receipt("x", None, oddities=(Oddity(OddityKind.WORD, "word 1"),))
    await world.receipt("x", None, carrier="other", oddities=(Oddity(OddityKind.WORD, "word 1"),))
    found = {(one.carrier, one.oddity.what): one.times for one in await counted(world)}
    assert len(found) == OF_A_KIND_AT_MOST + 2
    assert (found["c", OTHERS], found["c", "word 1"], found["other", "word 1"]) == (5, 2, 1)


async def test_oddities_are_deleted_a_month_after_they_came_last(world: World) -> None:
    (kept,) = [kept for kept in RETENTIONS if kept.what == "oddities of carriers"]
    await world.receipt("x", None, oddities=(Oddity(OddityKind.WORD, "old"),))
    for later_ms, left in ((kept.for_ms, 1), (kept.for_ms + 1, 0)):
        await world.database.write(lambda tx, later_ms=later_ms: delete_old(tx, kept, now_ms=START_MS + later_ms))
        assert len(await counted(world)) == left
