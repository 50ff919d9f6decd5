"""The line: urgent first, bulk in its turn, and nothing lost when messages are taken out."""

from palomar.ports import OutgoingPart
from palomar.sending.send_queue import BULK_EVERY, QUEUE_PARTS, SendQueue
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId, part_id


def part(serial: int, rank: Rank = Rank.NORMAL) -> OutgoingPart:
    message_id = MessageId(serial << 8)
    return OutgoingPart(
        part_id=part_id(message_id, 1),
        message_id=message_id,
        attempt=1,
        number=1,
        parts=1,
        reference=0,
        sender="ACME",
        msisdn="34600000000",
        alphabet=Alphabet.GSM,
        payload=b"hola",
        rank=rank,
    )


def popped(line: SendQueue) -> list[int]:
    found = []
    while line.waiting:
        found.append(line.pop().message_id >> 8)
    return found


def test_parts_of_a_rank_leave_in_order_and_what_is_put_in_front_before_them() -> None:
    line = SendQueue("c", None)
    for serial in (1, 2, 3):
        line.push(part(serial))
    line.push_front(part(0))
    assert popped(line) == [0, 1, 2, 3]


def test_the_urgent_go_first_whenever_they_came() -> None:
    line = SendQueue("c", None)
    for serial, rank in ((1, Rank.BULK), (2, Rank.NORMAL), (3, Rank.URGENT), (4, Rank.URGENT)):
        line.push(part(serial, rank))
    assert popped(line) == [3, 4, 2, 1]


def test_bulk_has_its_turn_while_normal_ones_wait() -> None:
    line = SendQueue("c", None)
    for serial in range(12):
        line.push(part(100 + serial))
        line.push(part(serial, Rank.BULK))
    first = popped(line)[: 3 * BULK_EVERY]
    assert [serial for serial in first if serial < 100] == [0, 1, 2]


def test_a_new_message_stands_first_only_where_nobody_of_its_rank_or_before_waits() -> None:
    line = SendQueue("c", None)
    assert not line.is_first(Rank.URGENT)
    for queue in line.queues.values():
        queue.backlog = False
    assert all(line.is_first(rank) for rank in Rank)
    line.push(part(1))
    assert [line.is_first(rank) for rank in Rank] == [True, False, False]
    line.of(Rank.URGENT).backlog = True
    assert not line.is_first(Rank.URGENT)


def test_messages_are_taken_out_of_every_queue() -> None:
    line = SendQueue("c", None)
    for serial, rank in ((1, Rank.BULK), (2, Rank.NORMAL), (3, Rank.URGENT), (1, Rank.BULK)):
        line.push(part(serial, rank))
    assert line.take_out({MessageId(1 << 8), MessageId(3 << 8)}) == 3
    assert popped(line) == [2]


def test_a_queue_s_room_counts_what_waits_and_what_is_pledged() -> None:
    queue = SendQueue("c", None).of(Rank.NORMAL)
    queue.ready.append(part(1))
    queue.pledged = 9
    assert queue.room == QUEUE_PARTS - 10


def test_a_cleared_line_is_empty() -> None:
    line = SendQueue("c", None)
    line.push(part(1))
    line.clear()
    assert line.waiting == 0
