"""One SMPP 3.4 link of the bench's SMSC: frames, PDUs, binds, and the receipts in flight.

Made from the specification with ``struct`` alone. Not here: the SMSC as a whole (``smsc``).
"""

import asyncio
import time
from argparse import Namespace
from collections import deque
from struct import Struct
from typing import Protocol

HEADER = Struct(">IIII")  # command_length, command_id, command_status, sequence_number (3.4 section 3.2)
PDU_MAX = 65_536

RESPONSE = 0x80000000
GENERIC_NACK = RESPONSE
BIND_RECEIVER, BIND_TRANSMITTER, QUERY_SM, SUBMIT_SM, DELIVER_SM = 0x1, 0x2, 0x3, 0x4, 0x5
UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 0x6, 0x9, 0x15
BINDS = (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER)

ESME_ROK, ESME_RINVCMDLEN, ESME_RINVCMDID, ESME_RINVBNDSTS = 0x0, 0x2, 0x3, 0x4
ESME_RSYSERR, ESME_RINVPASWD, ESME_RMSGQFUL, ESME_RTHROTTLED = 0x8, 0xE, 0x14, 0x58
ESME_RX_T_APPN, ESME_RQUERYFAIL = 0x64, 0x67
TRY_LATER = (ESME_RMSGQFUL, ESME_RTHROTTLED, ESME_RX_T_APPN)

MESSAGE_STATE_DELIVERED = b"\x04\x27\x00\x01\x02"  # TLV 0x0427, 3.4 section 5.3.2.35
RECEIPTED_MESSAGE_ID = Struct(">HH")  # TLV 0x001E and its length, 3.4 section 5.3.2.12
RECEIPT_TEXT = b"id:%b sub:001 dlvrd:001 submit date:%b done date:%b stat:DELIVRD err:000 text:%b"

Receipt = bytes  # the body of its deliver_sm, ready to go under any sequence number


class LinkOwner(Protocol):
    """The SMSC, as its links see it."""

    options: Namespace
    receivers: list["Link"]
    waiting: deque[Receipt]
    connections: int
    binds: int
    unreadable: int
    acknowledged: int
    refused: int
    stray_answers: int

    def take(self, body: bytes, link: "Link", now: float) -> bytes:
        """Take the body of a ``submit_sm``, return its id; raises ValueError or IndexError for a bad body."""

    def distribute(self) -> None:
        """Give queued receipts to the receivers that have room."""

    def retry_later(self, receipt: Receipt) -> None:
        """Queue a receipt again later that was answered with "try later"."""

    def put_back(self, receipts: list[Receipt]) -> None:
        """Queue the unacknowledged receipts of a lost link again, in front."""


class Link(asyncio.Protocol):
    """A connection from a gateway, before and after its bind."""

    def __init__(self, smsc: LinkOwner) -> None:
        self._smsc = smsc
        self._rest = b""
        self._out: list[bytes] = []
        self._receipts: list[bytes] = []
        self._in_flight: dict[int, Receipt] = {}
        self._sequence = 0
        self._bound = 0
        self._closed = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._smsc.connections += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._unbind()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        now, place, end = time.monotonic(), 0, len(data)
        while end - place >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(data, place)
            if not HEADER.size <= length <= PDU_MAX:
                self._reply(GENERIC_NACK, ESME_RINVCMDLEN, sequence)
                self._close()
                return
            if end - place < length:
                break
            self._take(command, status, sequence, data[place + HEADER.size : place + length], now)
            place += length
        self._rest = data[place:]
        if self._smsc.waiting:
            self._smsc.distribute()
        self.flush()

    def _take(self, command: int, status: int, sequence: int, body: bytes, now: float) -> None:
        if command == SUBMIT_SM:
            self._submit(sequence, body, now)
        elif command == DELIVER_SM | RESPONSE:
            self._acknowledged(sequence, status)
        elif command == ENQUIRE_LINK:
            self._reply(command | RESPONSE, ESME_ROK, sequence)
        elif command in BINDS:
            self._bind(command, sequence, body)
        elif command == UNBIND:
            self._reply(command | RESPONSE, ESME_ROK, sequence)
            self._close()
        elif command == QUERY_SM:
            self._reply(command | RESPONSE, ESME_RQUERYFAIL, sequence)
        elif not command & RESPONSE:
            self._reply(GENERIC_NACK, ESME_RINVCMDID, sequence)

    def _submit(self, sequence: int, body: bytes, now: float) -> None:
        if self._bound not in (BIND_TRANSMITTER, BIND_TRANSCEIVER):
            self._reply(SUBMIT_SM | RESPONSE, ESME_RINVBNDSTS, sequence)
            return
        try:
            message_id = self._smsc.take(body, self, now)
        except (ValueError, IndexError):
            self._smsc.unreadable += 1
            self._reply(SUBMIT_SM | RESPONSE, ESME_RSYSERR, sequence)
            return
        self._reply(SUBMIT_SM | RESPONSE, ESME_ROK, sequence, message_id + b"\0")

    def _acknowledged(self, sequence: int, status: int) -> None:
        receipt = self._in_flight.pop(sequence, None)
        if receipt is None:
            self._smsc.stray_answers += 1
        elif status == ESME_ROK:
            self._smsc.acknowledged += 1
        elif status in TRY_LATER:
            self._smsc.retry_later(receipt)
        else:
            self._smsc.refused += 1

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        system_id, password = body.split(b"\0", 2)[:2]
        options = self._smsc.options
        answer = options.system_id.encode() + b"\0"
        if (system_id.decode(), password.decode()) != (options.system_id, options.password):
            self._reply(command | RESPONSE, ESME_RINVPASWD, sequence, b"\0")
            return
        self._reply(command | RESPONSE, ESME_ROK, sequence, answer)
        self._bound = command
        self._smsc.binds += 1
        if command != BIND_TRANSMITTER:
            self._smsc.receivers.append(self)
            self._smsc.distribute()

    def has_room(self) -> bool:
        """Return True if a receipt may be sent here now."""
        if self._closed or self._bound not in (BIND_RECEIVER, BIND_TRANSCEIVER):
            return False
        return len(self._in_flight) < self._smsc.options.receipt_window

    def push(self, receipt: Receipt) -> None:
        """Send a receipt with the next ``flush``; the caller has seen ``has_room``."""
        self._sequence += 1
        self._in_flight[self._sequence] = receipt
        size = HEADER.size + len(receipt)
        self._receipts.append(HEADER.pack(size, DELIVER_SM, ESME_ROK, self._sequence) + receipt)

    def flush(self) -> None:
        """Write what has gathered: answers first, then receipts, so that no receipt overtakes its answer."""
        if (self._out or self._receipts) and not self._closed:
            self._transport.write(b"".join(self._out + self._receipts))
        self._out.clear()
        self._receipts.clear()

    def _reply(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        self._out.append(HEADER.pack(HEADER.size + len(body), command, status, sequence) + body)

    def _close(self) -> None:
        self.flush()
        self._unbind()
        self._transport.close()

    def _unbind(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self in self._smsc.receivers:
            self._smsc.receivers.remove(self)
        unacknowledged, self._in_flight = list(self._in_flight.values()), {}
        self._smsc.put_back(unacknowledged)


def parse_submit(body: bytes) -> tuple[bytes, bytes, int, bytes]:
    """Return the addresses as a receipt has them (swapped), the destination, registered_delivery and the text (3.4
    4.4.1)."""
    source = body.index(0) + 1
    source_end = body.index(0, source + 2) + 1
    destination_end = body.index(0, source_end + 2) + 1
    place = body.index(0, body.index(0, destination_end + 3) + 1) + 1
    text = body[place + 5 : place + 5 + body[place + 4]]
    destination = body[source_end:destination_end]
    return destination + body[source:source_end], destination[2:-1], body[place], text


def receipt_body(addresses: bytes, message_id: bytes, date: bytes, text: bytes) -> Receipt:
    """Return the body of a ``deliver_sm`` with DELIVRD (3.4 section 4.6.1 and appendix B)."""
    short = RECEIPT_TEXT % (message_id, date, date, text[:20])
    return b"\0%b\4\0\0\0\0\0\0\0\0%c%b%b%b\0%b" % (
        addresses,
        len(short),
        short,
        RECEIPTED_MESSAGE_ID.pack(0x001E, len(message_id) + 1),
        message_id,
        MESSAGE_STATE_DELIVERED,
    )
