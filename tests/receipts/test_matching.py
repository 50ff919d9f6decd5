"""A receipt finds its part by id, in whatever format the carrier spells ids."""

import pytest
from tests.support.world import World, outgoing, recipient

from palomar.ports import Submitted
from palomar.receipts.lessons import RECEIPT_IDS, list_lessons, load_receipt_id_formats, unlearn
from palomar.receipts.overdue import OverduePart, list_overdue_parts
from palomar.receipts.record import OrphanSweep, sweep_orphans
from palomar.storage.database import Transaction
from palomar.vocabulary.message import MessageId, State
from palomar.vocabulary.receipt_ids import ReceiptIdFormat

PHONE = recipient().msisdn
OTHER = recipient(1).msisdn


async def sent_as(world: World, reference: str, *, number: int = 0) -> MessageId:
    """Send a message to a phone, which the carrier takes under this id."""
    message = await world.accepted(await world.account(), claim=State.SUBMITTING, recipients=[recipient(number)])
    await world.answer(outgoing(message)[0], Submitted(reference=reference))
    return message.row.id


async def receipt_id_formats(world: World) -> dict[str, ReceiptIdFormat]:
    return dict(await world.database.read(load_receipt_id_formats))


@pytest.mark.parametrize(
    ("answer", "receipt", "spelling"),
    [
        ("1A2B3C4D", "1a2b3c4d", ReceiptIdFormat.SAME),
        ("0001A2B3", "1A2B3", ReceiptIdFormat.SAME),
        ("1a2b3c4d", str(0x1A2B3C4D), ReceiptIdFormat.DECIMAL_OF_HEX),
        ("001a2b3c", f"0000{0x1A2B3C}", ReceiptIdFormat.DECIMAL_OF_HEX),
        (str(0x1A2B3C4D), "1A2B3C4D", ReceiptIdFormat.HEX_OF_DECIMAL),
        (str(0x12345678), "12345678", ReceiptIdFormat.HEX_OF_DECIMAL),
    ],
)
async def test_ids_match_in_every_format_and_the_format_is_learned(
    world: World, answer: str, receipt: str, spelling: ReceiptIdFormat
) -> None:
    message_id = await sent_as(world, answer)
    assert await world.receipt(receipt, State.DELIVERED, msisdn=PHONE)
    assert await world.state(message_id) is State.DELIVERED
    assert await receipt_id_formats(world) == {"c": spelling}


async def test_only_the_learned_format_is_tried(world: World) -> None:
    world.receipt_id_formats = {"c": ReceiptIdFormat.DECIMAL_OF_HEX}
    hexadecimal = await sent_as(world, "10")
    decimal = await sent_as(world, "16")
    assert await world.receipt("16", State.DELIVERED, msisdn=PHONE)
    assert (await world.state(hexadecimal), await world.state(decimal)) == (State.DELIVERED, State.SENT)


async def test_between_readings_the_phone_decides(world: World) -> None:
    as_it_stands = await sent_as(world, "16", number=1)
    as_hexadecimal = await sent_as(world, "10", number=0)
    assert await world.receipt("16", State.DELIVERED, msisdn=PHONE)
    assert (await world.state(as_it_stands), await world.state(as_hexadecimal)) == (State.SENT, State.DELIVERED)
    assert await receipt_id_formats(world) == {"c": ReceiptIdFormat.DECIMAL_OF_HEX}


async def test_without_the_phone_only_the_unchanged_id_is_accepted_and_nothing_is_learned(world: World) -> None:
    message_id = await sent_as(world, "10")
    assert not await world.receipt("16", State.DELIVERED)
    assert not await world.receipt("16", State.DELIVERED, msisdn=OTHER)
    assert await world.receipt("10", State.DELIVERED)
    assert await world.state(message_id) is State.DELIVERED
    assert await receipt_id_formats(world) == {}


async def test_an_id_that_reads_alike_in_every_format_teaches_nothing(world: World) -> None:
    await sent_as(world, "7")
    assert await world.receipt("7", State.DELIVERED, msisdn=PHONE)
    assert await receipt_id_formats(world) == {}


@pytest.mark.parametrize("address", [PHONE, f"+{PHONE}", PHONE[2:], f"00{PHONE}"])
async def test_the_phone_is_known_however_its_number_is_written(world: World, address: str) -> None:
    message_id = await sent_as(world, "1f")
    assert await world.receipt("31", State.DELIVERED, msisdn=address)
    assert await world.state(message_id) is State.DELIVERED


async def test_a_carrier_that_swaps_the_addresses_is_understood(world: World) -> None:
    message_id = await sent_as(world, "1f")
    assert await world.receipt("31", State.DELIVERED, msisdn="FOXSYS", sender=PHONE)
    assert await world.state(message_id) is State.DELIVERED


async def test_an_early_receipt_in_another_format_waits_for_its_answer(world: World) -> None:
    assert not await world.receipt("31", State.DELIVERED, msisdn=PHONE)
    message_id = await sent_as(world, "1F")
    assert await world.state(message_id) is State.DELIVERED


async def test_an_early_receipt_for_another_phone_is_not_joined(world: World) -> None:
    assert not await world.receipt("31", State.DELIVERED, msisdn=OTHER)
    assert await world.state(await sent_as(world, "1F")) is State.SENT


async def test_the_sweep_learns_anew_when_a_carrier_changes_its_format(world: World) -> None:
    world.receipt_id_formats = {"c": ReceiptIdFormat.SAME}
    message_id = await sent_as(world, "1f")
    assert not await world.receipt("31", State.DELIVERED, msisdn=PHONE)
    (swept,) = await world.do(sweep_orphans, OrphanSweep(limit=10))
    assert swept.joined == 1
    assert await world.state(message_id) is State.DELIVERED
    assert await receipt_id_formats(world) == {"c": ReceiptIdFormat.DECIMAL_OF_HEX}


async def test_the_sweep_goes_on_where_it_stopped_and_begins_anew(world: World) -> None:
    for number in range(3):
        await world.receipt(f"nobody-{number}", State.DELIVERED)
    sweep, looked_at = OrphanSweep(limit=2), []
    for _ in range(3):
        (swept,) = await world.do(sweep_orphans, sweep)
        looked_at.append(bool(swept.last))
        sweep = OrphanSweep(limit=2, after_ms=swept.last_ms, after=swept.last)
    assert looked_at == [True, True, False]


async def test_a_lesson_can_be_unlearned(world: World) -> None:
    await sent_as(world, "1f")
    await world.receipt("31", State.DELIVERED, msisdn=PHONE)

    async def script(tx: Transaction) -> tuple[int, bool, bool]:
        return len(await list_lessons(tx)), await unlearn(tx, "c", RECEIPT_IDS), await unlearn(tx, "c", RECEIPT_IDS)

    assert await world.database.write(script) == (1, True, False)
    assert await receipt_id_formats(world) == {}


# --- ids that name nobody


@pytest.mark.parametrize("answer", ["", " ", "null", "N/A", "(null)"])
@pytest.mark.parametrize("receipt", ["", "0", "000", " ", "null", "N/A", "none"])
async def test_an_answer_without_an_id_matches_no_receipt_of_another_phone(
    world: World, answer: str, receipt: str
) -> None:
    strangers = await sent_as(world, answer)
    assert not await world.receipt(receipt, State.DELIVERED, msisdn=OTHER)
    assert not await world.receipt(receipt, State.DELIVERED)
    assert await world.state(strangers) is State.SENT


@pytest.mark.parametrize("receipt", ["", " ", "null", "N/A"])
async def test_a_receipt_without_an_id_is_not_that_of_an_id_of_zeros(world: World, receipt: str) -> None:
    message_id = await sent_as(world, "0")
    assert not await world.receipt(receipt, State.DELIVERED, msisdn=PHONE)
    assert await world.state(message_id) is State.SENT


async def test_an_id_of_zeros_is_accepted_only_with_the_phone(world: World) -> None:
    mine, strangers = await sent_as(world, "0"), await sent_as(world, "0", number=1)
    assert not await world.receipt("0", State.UNDELIVERED)
    assert not await world.receipt("0", State.UNDELIVERED, msisdn="34699999999")
    assert await world.receipt("00", State.DELIVERED, msisdn=PHONE)
    assert (await world.state(mine), await world.state(strangers)) == (State.DELIVERED, State.SENT)


@pytest.mark.parametrize("zeros", ["00", "0000000000", "0x0", "0X00"])
async def test_any_spelling_of_zero_is_accepted_only_with_the_phone(world: World, zeros: str) -> None:
    message_id = await sent_as(world, zeros)
    assert not await world.receipt(zeros, State.DELIVERED)
    assert not await world.receipt(zeros, State.DELIVERED, msisdn=OTHER)
    assert await world.state(message_id) is State.SENT
    assert await world.receipt(zeros, State.DELIVERED, msisdn=PHONE)
    assert await world.state(message_id) is State.DELIVERED


async def test_an_early_receipt_without_an_id_is_joined_with_no_answer(world: World) -> None:
    for early in ("", "null", "0"):
        assert not await world.receipt(early, State.DELIVERED, msisdn=OTHER)
    for answer in ("", "null", "0"):
        assert await world.state(await sent_as(world, answer)) is State.SENT
    (swept,) = await world.do(sweep_orphans, OrphanSweep(limit=10))
    assert swept.joined == 0


async def test_an_empty_id_that_was_stored_before_matches_nothing_and_is_never_queried(world: World) -> None:
    message_id = await sent_as(world, "7")

    async def as_it_was_stored(tx: Transaction) -> list[OverduePart]:
        await tx.execute("UPDATE parts SET carrier_reference = '' WHERE carrier_reference = '7'")
        return await list_overdue_parts(tx, "c", sent_before_ms=world.now_ms + 1, after=0, limit=10)

    assert await world.database.write(as_it_was_stored) == []
    assert not await world.receipt("0", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message_id) is State.SENT


@pytest.mark.parametrize("answer", ["", "null"])
@pytest.mark.parametrize("receipt", ["", "0", "77", "null"])
async def test_a_part_that_was_taken_without_an_id_is_found_by_phone_and_text(
    world: World, answer: str, receipt: str
) -> None:
    mine, strangers = await sent_as(world, answer), await sent_as(world, answer, number=1)
    assert not await world.receipt(receipt, State.DELIVERED, msisdn=PHONE, text="not what was sent")
    assert await world.receipt(receipt, State.DELIVERED, msisdn=PHONE, text="hello")
    assert (await world.state(mine), await world.state(strangers)) == (State.DELIVERED, State.SENT)
    assert await world.receipt(receipt, State.UNDELIVERED, msisdn=OTHER)
    assert await world.state(strangers) is State.UNDELIVERED


async def test_of_two_like_parts_without_an_id_neither_is_chosen(world: World) -> None:
    alike = [await sent_as(world, "") for _ in range(2)]
    assert not await world.receipt("", State.DELIVERED, msisdn=PHONE)
    assert [await world.state(each) for each in alike] == [State.SENT, State.SENT]


async def test_ids_that_differ_by_case_where_case_tells_are_two(world: World) -> None:
    strangers = await sent_as(world, "aB3x", number=1)
    assert not await world.receipt("Ab3X", State.DELIVERED, msisdn=PHONE)
    mine = await sent_as(world, "Ab3X")
    assert (await world.state(strangers), await world.state(mine)) == (State.SENT, State.DELIVERED)
    assert await world.receipt("AB3X", State.DELIVERED, msisdn=OTHER)
    assert await world.state(strangers) is State.DELIVERED
