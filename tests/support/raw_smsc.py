"""An SMSC of plain sockets, in a thread of the test, that says whatever octets it is told to: as odd as they come.

It knows a PDU's length, command and sequence number, and nothing else of our code.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.waiting import eventually

GENERIC_NACK = 0x80000000
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK = 0x04, 0x05, 0x06, 0x15
BINDS = (0x01, 0x02, 0x09)
RESPONSE = 0x80000000
SECONDS = 15


@dataclass(frozen=True)
class Frame:
    """One PDU as it came."""

    command: int
    status: int
    sequence: int
    body: bytes


def pdu(command: int, sequence: int, body: bytes = b"", *, status: int = 0) -> bytes:
    """Encode a PDU."""
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def delivery(
    text: bytes,
    *,
    source: str = "34600000001",
    destination: str = "85355",
    esm_class: int = 0,
    data_coding: int = 0,
    behind: bytes = b"",
    sm_length: int | None = None,
) -> bytes:
    """Encode the body of a deliver_sm; ``behind`` are the octets after short_message."""
    length = len(text) if sm_length is None else sm_length
    body = b"\0\1\1" + source.encode() + b"\0\1\1" + destination.encode() + b"\0" + bytes((esm_class, 0, 0))
    return body + b"\0\0" + bytes((0, 0, data_coding, 0, length)) + text + behind


def tlv(tag: int, value: bytes) -> bytes:
    """Encode one optional parameter."""
    return struct.pack(">HH", tag, len(value)) + value


@dataclass
class RawSmsc:
    """An SMSC whose answers are octets that a test chooses: ``on_bind`` and ``on_submit`` make those to such a PDU;
    None answers nothing."""

    on_bind: Callable[[Frame], bytes | None]
    on_submit: Callable[[Frame], bytes | None]
    port: int = 0
    submits: list[Frame] = field(default_factory=list)
    answers: dict[int, Frame] = field(default_factory=dict)
    """What was answered to our requests, by sequence number."""
    _connection: socket.socket | None = None
    _sequence: int = 1_000_000

    def bound(self) -> "RawSmsc":
        """Wait for a bind that was let in."""
        eventually(lambda: self._connection is not None, within_seconds=SECONDS, what="a bind")
        return self

    def deliver(self, body: bytes, *, command: int = DELIVER_SM) -> Frame:
        """Send a deliver_sm with this body, and give its answer."""
        return self.answered(self.send_delivery(body, command=command))

    def send_delivery(self, body: bytes, *, command: int = DELIVER_SM) -> int:
        """Send a deliver_sm with this body, and wait for nothing; its sequence number."""
        self._sequence += 1
        self.send(pdu(command, self._sequence, body))
        return self._sequence

    def answered(self, sequence: int) -> Frame:
        """Wait for the answer to a request of ours."""
        eventually(lambda: sequence in self.answers, within_seconds=SECONDS, what=f"the answer to {sequence}")
        return self.answers[sequence]

    def send(self, octets: bytes) -> None:
        """Send these octets as they are."""
        connection = self.bound()._connection
        assert connection is not None
        connection.sendall(octets)

    def drop(self) -> None:
        """End the connection, and wait for another bind with the next word that is sent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):  # the application may have ended it meanwhile
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, listener: socket.socket) -> None:
        """Take one connection after another until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                for frame in _frames(connection):
                    self._take(connection, frame)
            except OSError:
                pass
        if self._connection is connection:
            self._connection = None

    def _take(self, connection: socket.socket, frame: Frame) -> None:
        answer: bytes | None = None
        if frame.command & RESPONSE:
            self.answers[frame.sequence] = frame
        elif frame.command in BINDS:
            answer = self.on_bind(frame)
        elif frame.command == SUBMIT_SM:
            self.submits.append(frame)
            answer = self.on_submit(frame)
        elif frame.command in (ENQUIRE_LINK, UNBIND):
            answer = pdu(frame.command | RESPONSE, frame.sequence)
        if answer is not None:
            connection.sendall(answer)
        if frame.command in BINDS and answer is not None and answer[8:12] == bytes(4):
            self._connection = connection


def let_in(frame: Frame) -> bytes:
    """Make the answer that accepts any bind."""
    return pdu(frame.command | RESPONSE, frame.sequence, b"raw\0")


def numbered(frame: Frame) -> bytes:
    """Make the answer that accepts a submit with its sequence number as the id."""
    return pdu(frame.command | RESPONSE, frame.sequence, b"m%d\0" % frame.sequence)


@contextmanager
def raw_smsc(
    *, on_bind: Callable[[Frame], bytes | None] = let_in, on_submit: Callable[[Frame], bytes | None] = numbered
) -> Iterator[RawSmsc]:
    """Run one on a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        smsc = RawSmsc(on_bind=on_bind, on_submit=on_submit, port=listener.getsockname()[1])
        thread = threading.Thread(target=smsc.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield smsc
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            smsc.drop()
            thread.join(SECONDS)


def _frames(connection: socket.socket) -> Iterator[Frame]:
    data = b""
    while chunk := connection.recv(65_536):
        data += chunk
        while len(data) >= 4 and len(data) >= (length := int.from_bytes(data[:4], "big")):
            _, command, status, sequence = struct.unpack(">IIII", data[:16])
            yield Frame(command, status, sequence, data[16:length])
            data = data[length:]
