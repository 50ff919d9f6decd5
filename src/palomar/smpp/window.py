"""Our requests that wait for an answer, and those that have timed out.

Both tables are bounded: the first by the window, the second by how many time-outs are remembered. All requests have the
same time to be answered, so the order of sending is the order of the deadlines; a dict keeps it.
"""

from itertools import takewhile

from palomar.smpp.pdus import RESPONSE_BIT, GenericNack

# The command id of the response, the context, the deadline, the frame of the request.
_Entry = tuple[int, object, float, bytes]


class Window:
    """Outstanding requests by sequence number (SMPP 3.4 section 2.8)."""

    __slots__ = ("_timed_out", "outstanding", "remembered", "size")

    def __init__(self, size: int, *, remembered: int) -> None:
        self.size = size
        self.remembered = remembered
        #: Public only to be counted: a method of our own would cost one more call each time.
        self.outstanding: dict[int, _Entry] = {}
        self._timed_out: dict[int, _Entry] = {}

    def add(self, sequence_number: int, command_id: int, context: object, deadline: float, frame: bytes) -> None:
        """Remember a request just sent; deadlines never go back from one to the next."""
        self.outstanding[sequence_number] = (command_id | RESPONSE_BIT, context, deadline, frame)

    def settle(self, sequence_number: int, command_id: int) -> tuple[object, bytes] | None:
        """Take the request that a response answers; return its context and frame, or None if there is none.

        A generic_nack answers any request; a response of another command answers none.
        """
        return self._take(self.outstanding, sequence_number, command_id)

    def settle_late(self, sequence_number: int, command_id: int) -> tuple[object, bytes] | None:
        """Do the same for the requests that have timed out."""
        return self._take(self._timed_out, sequence_number, command_id)

    def next_deadline(self) -> float | None:
        """Return the deadline of the oldest outstanding request."""
        for entry in self.outstanding.values():
            return entry[2]
        return None

    def expire(self, now: float) -> list[tuple[int, object, bytes]]:
        """Move the requests whose deadline has passed to those timed out; return their numbers, contexts and frames."""
        expired = list(takewhile(lambda item: item[1][2] <= now, self.outstanding.items()))
        for number, entry in expired:
            del self.outstanding[number]
            self._timed_out[number] = entry
        while len(self._timed_out) > self.remembered:
            del self._timed_out[next(iter(self._timed_out))]
        return [(number, context, frame) for number, (_, context, _, frame) in expired]

    def clear(self) -> tuple[tuple[object, bytes], ...]:
        """Forget everything; return contexts and frames of the outstanding requests in the order of sending."""
        left = tuple((context, frame) for _, context, _, frame in self.outstanding.values())
        self.outstanding.clear()
        self._timed_out.clear()
        return left

    @staticmethod
    def _take(table: dict[int, _Entry], number: int, command_id: int) -> tuple[object, bytes] | None:
        entry = table.get(number)
        if entry is None or (command_id != entry[0] and command_id != GenericNack.command_id):
            return None
        del table[number]
        return entry[1], entry[3]
