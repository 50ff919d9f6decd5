"""The mailbox: in order, by the free slots of its receivers, and nothing is lost when one ends."""

from palomar.carriers.simulator.mailbox import Mailbox
from palomar.smpp import DeliverSm


class FakeReceiver:
    """A receiver with a number of free slots."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[DeliverSm] = []

    def free_slots(self) -> int:
        return self.room - len(self.taken)

    def deliver(self, pdu: DeliverSm) -> None:
        self.taken.append(pdu)


def filled(*texts: bytes, limit: int = 100) -> Mailbox:
    mailbox = Mailbox(limit=limit)
    for text in texts:
        mailbox.put(DeliverSm(short_message=text))
    return mailbox


def texts(pdus: list[DeliverSm]) -> list[bytes]:
    return [pdu.short_message for pdu in pdus]


def test_without_a_receiver_everything_waits() -> None:
    mailbox = filled(b"1", b"2")
    mailbox.deliver_waiting()
    assert len(mailbox) == 2


def test_a_receiver_takes_as_many_as_it_has_room_for_in_order() -> None:
    mailbox, receiver = filled(b"1", b"2", b"3"), FakeReceiver(2)
    mailbox.add_receiver(receiver)
    mailbox.deliver_waiting()
    assert texts(receiver.taken) == [b"1", b"2"]
    assert len(mailbox) == 1


def test_returned_deliveries_go_first_and_in_order() -> None:
    mailbox, gone, next_one = filled(b"1", b"2", b"3"), FakeReceiver(2), FakeReceiver(9)
    mailbox.add_receiver(gone)
    mailbox.deliver_waiting()
    mailbox.remove_receiver(gone)
    mailbox.put_back(gone.taken)
    mailbox.add_receiver(next_one)
    mailbox.deliver_waiting()
    assert texts(next_one.taken) == [b"1", b"2", b"3"]


def test_receivers_take_turns() -> None:
    mailbox, one, two = filled(), FakeReceiver(9), FakeReceiver(9)
    mailbox.add_receiver(one)
    mailbox.add_receiver(two)
    for serial in range(6):
        mailbox.put(DeliverSm(short_message=b"%d" % serial))
        mailbox.deliver_waiting()
    assert len(one.taken) == len(two.taken) == 3


def test_beyond_the_limit_the_oldest_is_dropped_and_counted() -> None:
    mailbox, receiver = filled(b"1", b"2", b"3", limit=2), FakeReceiver(9)
    mailbox.add_receiver(receiver)
    mailbox.deliver_waiting()
    assert texts(receiver.taken) == [b"2", b"3"]
    assert mailbox.dropped == 1
