"""What waits for one system_id: receipts and inbound messages, until one of its binds has acknowledged them.

In memory and bounded. Not here: when something is due (``smsc``) and the octets (``connection``).
"""

from collections import deque
from typing import Protocol

from palomar.carriers.simulator.receipts import Delivery


class Receiver(Protocol):
    """A bind that can take deliveries."""

    def free_slots(self) -> int:
        """How many it would take at this moment."""
        ...

    def deliver(self, pdu: Delivery) -> None: ...


class Mailbox:
    """The deliveries of one system_id, oldest first."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Delivery] = deque()
        self._receivers: deque[Receiver] = deque()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, pdu: Delivery) -> None:
        """Keep one more; beyond the limit the oldest is given up."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(pdu)

    def put_back(self, pdus: list[Delivery]) -> None:
        """Return what a bind took with it when it ended, in front and in order."""
        self._waiting.extendleft(reversed(pdus))

    def add_receiver(self, receiver: Receiver) -> None:
        """From now on this bind takes deliveries."""
        self._receivers.append(receiver)

    def remove_receiver(self, receiver: Receiver) -> None:
        """This bind takes no more."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def deliver_waiting(self) -> None:
        """Hand out what there is room for, each bind in its turn."""
        waiting = self._waiting
        if not waiting:
            return
        for receiver in self._receivers:
            for _ in range(min(receiver.free_slots(), len(waiting))):
                receiver.deliver(waiting.popleft())
            if not waiting:
                break
        self._receivers.rotate(-1)
