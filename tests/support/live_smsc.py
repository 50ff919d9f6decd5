"""An SMSC in a thread of the test: what reached its phones can be read, and its phones can write."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from tests.support.smscs import PASSWORD, SYSTEM_ID

from palomar.carriers.simulator.listen import serve
from palomar.carriers.simulator.receipts import inbound_pdu
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import ArrivedPart, SimulatorSmsc
from palomar.clock import RealClock, RealIds
from palomar.smpp import Concatenation, concatenation_header, parameters
from palomar.text import gsm7
from palomar.vocabulary.phone_message import PhoneMessage

T = TypeVar("T")

PART_SEPTETS = 153


class LiveSmsc:
    """Listens on a free port of the loopback while it is entered."""

    def __init__(self, *, chaos: str = "") -> None:
        """``chaos`` is what it does wrong on purpose."""
        self._chaos = chaos
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._arrivals: list[ArrivedPart] = []
        self._references = 0

    def __enter__(self) -> "LiveSmsc":
        self._thread.start()
        self._smsc = self._do(self._made)
        self._smsc.subscribe(self._arrivals.append)
        serving = asyncio.run_coroutine_threadsafe(serve(self._smsc, host="127.0.0.1", port=0), self._loop)
        self._server = serving.result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exception: object) -> None:
        self._do(self._server.close)
        self._do(self._smsc.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def texts(self, number: str) -> list[str]:
        """Read the texts of a phone's parts, in GSM."""
        return [gsm7.decode(arrival.octets) for arrival in list(self._arrivals) if arrival.number == number]

    @property
    def arrived(self) -> list[str]:
        """List the numbers of all messages that have arrived, in order."""
        return [arrival.number for arrival in list(self._arrivals)]

    @property
    def submitted(self) -> int:
        """Count the parts that were submitted, whether they have reached their phones or not."""
        return self._smsc.stats.submitted

    @property
    def taken(self) -> int:
        """Count the parts that were accepted, without throttled ones."""
        return self._smsc.stats.taken

    def report(self, text: str, *, source: str) -> None:
        """Send a receipt with this text, for a message that may be unknown."""

        def put() -> None:
            pdu = inbound_pdu(source=source, destination="PALOMAR", octets=text.encode(), data_coding=0)
            pdu.esm_class = parameters.ESM_TYPE_DELIVERY_RECEIPT
            mailbox = self._smsc.mailbox(SYSTEM_ID)
            mailbox.put(pdu)
            mailbox.deliver_waiting()

        self._do(put)

    def refuse(self) -> None:
        """Drop every connection, and take no new one."""
        self._do(self._server.close)
        self._do(self._smsc.drop_connections)

    def shown(self, number: str) -> list[PhoneMessage]:
        """List what a phone shows, parts joined, and what it wrote."""
        return self._do(lambda: self._smsc.phones.recent(number))

    def answer(self, number: str, to: str, text: str) -> None:
        """Let a phone answer the address that wrote to it from there, with a text of any length."""
        self._do(lambda: self._smsc.phones.write(number, to, text))

    def write(self, text: str, *, source: str, destination: str, backwards: bool = False) -> None:
        """Let a phone write; a long text goes in parts, the last first if ``backwards``."""
        octets = gsm7.encode(text)
        pieces = [octets[at : at + PART_SEPTETS] for at in range(0, len(octets), PART_SEPTETS)]
        self._references += 1
        pdus = []
        for sequence, piece in enumerate(pieces, 1):
            header = concatenation_header(
                Concatenation(reference=self._references, total=len(pieces), sequence=sequence)
            )
            several = len(pieces) > 1
            pdu = inbound_pdu(
                source=source, destination=destination, octets=header + piece if several else piece, data_coding=0
            )
            if several:
                pdu.esm_class = parameters.ESM_UDHI
            pdus.append(pdu)

        def put() -> None:
            mailbox = self._smsc.mailbox(SYSTEM_ID)
            for pdu in reversed(pdus) if backwards else pdus:
                mailbox.put(pdu)
            mailbox.deliver_waiting()

        self._do(put)

    def _made(self) -> SimulatorSmsc:
        settings = SimulatorSettings(passwords={SYSTEM_ID: PASSWORD}, chaos=self._chaos)
        return SimulatorSmsc(settings, clock=RealClock(), chance=RealIds(0).random)

    def _do(self, work: Callable[[], T]) -> T:
        async def inside() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(5)
