"""Urgent parts leave first, bulk ones in their turn, and messages can be removed."""

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


def popped(queue: SendQueue) -> list[int]:
    found = []
    while queue.waiting:
        found.append(queue.pop().message_id >> 8)
    return found


def test_parts_of_a_rank_leave_in_order_after_those_put_in_front() -> None:
    queue = SendQueue("c", None)
    for serial in (1, 2, 3):
        queue.push(part(serial))
    queue.push_front(part(0))
    assert popped(queue) == [0, 1, 2, 3]


def test_urgent_parts_go_first_whenever_they_came() -> None:
    queue = SendQueue("c", None)
    for serial, rank in ((1, Rank.BULK), (2, Rank.NORMAL), (3, Rank.URGENT), (4, Rank.URGENT)):
        queue.push(part(serial, rank))
    assert popped(queue) == [3, 4, 2, 1]


def test_bulk_parts_have_their_turn_while_normal_ones_wait() -> None:
    queue = SendQueue("c", None)
    for serial in range(12):
        queue.push(part(100 + serial))
        queue.push(part(serial, Rank.BULK))
    first = popped(queue)[: 3 * BULK_EVERY]
    assert [serial for serial in first if serial < 100] == [0, 1, 2]


def test_a_new_message_is_first_only_if_none_of_its_rank_or_a_higher_one_waits() -> None:
    queue = SendQueue("c", None)
    assert not queue.is_first(Rank.URGENT)
    for ranked in queue.ranks.values():
        ranked.may_have_backlog = False
    assert all(queue.is_first(rank) for rank in Rank)
    queue.push(part(1))
    assert [queue.is_first(rank) for rank in Rank] == [True, False, False]
    queue.of(Rank.URGENT).may_have_backlog = True
    assert not queue.is_first(Rank.URGENT)


def test_messages_are_removed_from_every_rank() -> None:
    queue = SendQueue("c", None)
    for serial, rank in ((1, Rank.BULK), (2, Rank.NORMAL), (3, Rank.URGENT), (1, Rank.BULK)):
        queue.push(part(serial, rank))
    assert queue.remove({MessageId(1 << 8), MessageId(3 << 8)}) == 3
    assert popped(queue) == [2]


def test_the_room_of_a_rank_counts_waiting_and_reserved_parts() -> None:
    ranked = SendQueue("c", None).of(Rank.NORMAL)
    ranked.ready.append(part(1))
    ranked.reserved = 9
    assert ranked.room == QUEUE_PARTS - 10


def test_a_cleared_queue_is_empty() -> None:
    queue = SendQueue("c", None)
    queue.push(part(1))
    queue.clear()
    assert queue.waiting == 0
