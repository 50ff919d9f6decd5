"""The deliveries of one system_id: receipts and inbound messages that wait until one of its binds has acknowledged
them.

In memory and bounded. Not here: when a delivery is due (``mobile_network``) and its octets (``connection``).
"""

from collections import deque
from typing import Protocol

from palomar.carriers.simulator.receipts import Delivery


class Receiver(Protocol):
    """A bind that can take deliveries."""

    def free_slots(self) -> int:
        """Count the deliveries that it would take now."""
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
        """Add a delivery; beyond the limit the oldest is dropped."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(pdu)

    def put_back(self, pdus: list[Delivery]) -> None:
        """Return deliveries that an ended bind had not acknowledged to the front, in order."""
        self._waiting.extendleft(reversed(pdus))

    def add_receiver(self, receiver: Receiver) -> None:
        """Let this bind take deliveries from now on."""
        self._receivers.append(receiver)

    def remove_receiver(self, receiver: Receiver) -> None:
        """Give this bind no more deliveries."""
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def deliver_waiting(self) -> None:
        """Give each bind in turn as many deliveries as it has room for."""
        waiting = self._waiting
        if not waiting:
            return
        for receiver in self._receivers:
            for _ in range(min(receiver.free_slots(), len(waiting))):
                receiver.deliver(waiting.popleft())
            if not waiting:
                break
        self._receivers.rotate(-1)
