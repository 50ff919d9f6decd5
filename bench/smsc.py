"""The carrier's side: a stand-alone SMPP 3.4 SMSC that takes every message and delivers it.

Made from the specification, without any code of ``palomar.smpp``, so that it is a peer of the gateway and not its
mirror. It binds every client with the right password, answers ``submit_sm`` at once, sends DELIVRD receipts at once or
after a delay, holds them while no receiver is bound, and sends those again that were not acknowledged when a link was
lost or that were answered with "try later" (ESME_RX_T_APPN). It never refuses, throttles or loses a message. Not here:
its links (``smsc_wire``).
"""

import argparse
import asyncio
import sys
import time
from collections import deque
from typing import Any

import numbering
import peer
from smsc_wire import Link, Receipt, parse_submit, receipt_body

RETRY_SECONDS = 0.2
RECEIPT_ASKED = 0x03  # the two low bits of registered_delivery, 3.4 section 5.2.17


class Smsc:
    """The state that all links share: ids, counts, and the receipts that wait."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.receivers: list[Link] = []
        self.waiting: deque[Receipt] = deque()
        self._delayed: deque[tuple[float, Link, Receipt]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._turn = 0
        self._date = (-60.0, b"")
        self._counts = bytearray(10_000)
        self.submitted = self.strangers = self.unreadable = self.connections = self.binds = 0
        self.acknowledged = self.resent = self.retried_later = self.refused = self.stray_answers = 0
        self.last = 0.0

    async def open(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Link(self), self.options.host, self.options.port)
        return {"port": server.sockets[0].getsockname()[1]}

    def go(self) -> None:
        return None

    def take(self, body: bytes, link: Link, now: float) -> bytes:
        """Count one ``submit_sm``, plan its receipt, return its id; raises ValueError or IndexError for a bad body."""
        addresses, number, registered, text = parse_submit(body)
        self.submitted += 1
        self.last = now
        message_id = b"%010d" % self.submitted
        self._count(number)
        if registered & RECEIPT_ASKED:
            receipt = receipt_body(addresses, message_id, self._minute(now), text)
            if self.options.receipt_delay:
                self._delay(receipt, link, now)
            else:
                self._send_or_queue(receipt, link)
        return message_id

    def _count(self, number: bytes) -> None:
        try:
            index = numbering.index_of(int(number))
        except ValueError:
            self.strangers += 1
            return
        if index >= len(self._counts):
            self._counts.extend(bytes(index + 1))
        self._counts[index] = min(self._counts[index] + 1, 255)

    def _minute(self, now: float) -> bytes:
        """Return the date of a receipt, YYMMDDhhmm (3.4 appendix B), formatted once a second."""
        if now - self._date[0] > 1.0:
            self._date = (now, time.strftime("%y%m%d%H%M", time.gmtime()).encode())
        return self._date[1]

    def _delay(self, receipt: Receipt, link: Link, now: float) -> None:
        self._delayed.append((now + self.options.receipt_delay, link, receipt))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._delayed[0][0], self._send_due)

    def _send_due(self) -> None:
        soon = time.monotonic() + 0.001
        touched: dict[Link, None] = {}
        while self._delayed and self._delayed[0][0] <= soon:
            _, link, receipt = self._delayed.popleft()
            self._send_or_queue(receipt, link)
            touched[link] = None
        for link in touched:
            link.flush()
        self._timer = None
        if self._delayed:
            self._timer = asyncio.get_running_loop().call_at(self._delayed[0][0], self._send_due)

    def _send_or_queue(self, receipt: Receipt, link: Link) -> None:
        """Send the receipt on the link that its message came by, if that has room; else queue it for any link."""
        if link.has_room():
            link.push(receipt)
        else:
            self.waiting.append(receipt)

    def put_back(self, receipts: list[Receipt]) -> None:
        """Queue the unacknowledged receipts of a lost link again, in front."""
        self.resent += len(receipts)
        self.waiting.extendleft(reversed(receipts))
        self.distribute()

    def retry_later(self, receipt: Receipt) -> None:
        """Queue a receipt again later that was answered with "try later"."""
        self.retried_later += 1
        asyncio.get_running_loop().call_later(RETRY_SECONDS, self._again, receipt)

    def _again(self, receipt: Receipt) -> None:
        self.waiting.append(receipt)
        self.distribute()

    def distribute(self) -> None:
        """Give queued receipts to the receivers that have room, in turns."""
        free = [link for link in self.receivers if link.has_room()]
        while self.waiting and free:
            self._turn += 1
            link = free[self._turn % len(free)]
            link.push(self.waiting.popleft())
            if not link.has_room():
                free.remove(link)
        for link in self.receivers:
            link.flush()

    def progress(self) -> dict[str, Any]:
        return {"submitted": self.submitted, "receipts": self.acknowledged, "binds": len(self.receivers)}

    def summary(self) -> dict[str, Any]:
        distinct = len(self._counts) - self._counts.count(0)
        return {
            "submitted": self.submitted,
            "distinct": distinct,
            "doubled": self.submitted - self.strangers - distinct,
            "strangers": self.strangers,
            "unreadable": self.unreadable,
            "connections": self.connections,
            "binds": self.binds,
            "receipts_acknowledged": self.acknowledged,
            "receipts_waiting": len(self.waiting),
            "receipts_resent": self.resent,
            "receipts_put_off": self.retried_later,
            "receipts_refused": self.refused,
            "stray_answers": self.stray_answers,
        }

    def records(self) -> dict[str, Any]:
        return {"submits": list(self._counts)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--system-id", default="palomar")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--receipt-delay", type=float, default=0.0, metavar="SECONDS", help="0: with the answer")
    parser.add_argument("--receipt-window", type=int, default=500, help="unacknowledged receipts a link")
    peer.add_options(parser)
    options = parser.parse_args()
    return peer.run(Smsc(options), options)


if __name__ == "__main__":
    sys.exit(main())
