"""The real clock and the real maker of ids: the only place where Palomar reads the time and makes random numbers."""

import random
import secrets
import string
import time

from palomar.vocabulary.message import COMMAND_LINE_NODE, EPOCH_MS, MessageId, make_message_id

_EPOCH_US = EPOCH_MS * 1_000
_TOKEN_LENGTH = 32
_ALPHABET = (string.ascii_letters + string.digits).encode("ascii")
# Each octet below 248 stands for one of 62 characters, all alike; the others are left out.
_LETTERS = bytes(_ALPHABET[octet % 62] for octet in range(256))
_UNFAIR = bytes(range(248, 256))


class RealClock:
    """Wall time that can jump ahead (for the sandbox), and monotonic time that cannot."""

    def __init__(self) -> None:
        self.ahead_ms = 0
        """How far the wall is ahead of the machine's; :meth:`jump` moves it."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    def monotonic(self) -> float:
        return time.monotonic()

    def jump(self, milliseconds: int) -> None:
        """Move the wall time ahead; timers are not affected."""
        self.ahead_ms += milliseconds


class RealIds:
    """Ids that rise and never repeat while ``node`` (0 to 63) belongs to one process at a time.

    If the clock is set back, or more than 256 are made in a millisecond, they run ahead of it.
    """

    def __init__(
        self, node: int, *, clock: RealClock | None = None, after_ms: int = 0, serials_after_ms: int = 0
    ) -> None:
        """Make ids by the wall time of ``clock``.

        ``after_ms`` is the time of the youngest id in the database, in case the clock was set back since. Serials may
        have been made already until ``serials_after_ms``.
        """
        self._node = node
        self._wall = clock or RealClock()
        self._random = random.Random(secrets.randbits(128))  # jitter, no secret
        # Commands share one number, so each begins its milliseconds somewhere else.
        self._first = secrets.randbelow(256) if node == COMMAND_LINE_NODE else 0
        self._ms = after_ms
        self._sequence = 255
        self._serial = max(after_ms - EPOCH_MS, serials_after_ms - EPOCH_MS, 0) * 1_000

    def renumber(self, node: int) -> None:
        """Make ids of this node from now on."""
        self._node = node

    def message_id(self) -> MessageId:
        now_ms = self._wall.wall_ms()
        if now_ms > self._ms:
            self._ms, self._sequence = now_ms, self._first
        elif self._sequence < 255:
            self._sequence += 1
        else:
            self._ms, self._sequence = self._ms + 1, 0
        return make_message_id(at_ms=self._ms, node=self._node, sequence=self._sequence)

    def serial(self) -> int:
        """Return microseconds since 2025, shifted above 6 bits of node: 57 bits last until 4500."""
        serial = time.time_ns() // 1_000 - _EPOCH_US + self._wall.ahead_ms * 1_000
        if serial <= self._serial:
            serial = self._serial + 1
        self._serial = serial
        return serial << 6 | self._node

    def random(self) -> float:
        return self._random.random()

    def token(self) -> str:
        while True:
            token = secrets.token_bytes(48).translate(_LETTERS, _UNFAIR)
            if len(token) >= _TOKEN_LENGTH:
                return token[:_TOKEN_LENGTH].decode("ascii")
