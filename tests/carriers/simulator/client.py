"""A bare SMPP client for the simulator's tests: a session over memory that keeps everything."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from tests.contracts.virtual_time import LoopClock

from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.smpp import (
    BindTransceiver,
    Closed,
    CommandStatus,
    DataSm,
    DeliverSm,
    Event,
    LateResponse,
    Pdu,
    RequestReceived,
    ResponseReceived,
    Session,
    SessionRole,
    SessionSettings,
    SubmitSm,
    message_octets,
)


class Client(asyncio.Protocol):
    """One bind, and what came over it."""

    def __init__(self) -> None:
        self.now = asyncio.get_running_loop().time
        self.session = Session(
            SessionRole.ESME, self.now(), settings=SessionSettings(window=10_000, enquire_link_seconds=None)
        )
        self.transport: asyncio.Transport | None = None
        self.log: list[Pdu] = []
        self.closed = False
        self.answer_with: int | None = 0
        """The status of our deliver_sm_resp; None: no answer."""
        self.events: list[Event] = []
        """What the session said, PDUs included."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True

    def data_received(self, data: bytes) -> None:
        for event in self.session.receive(data, self.now()):
            self.events.append(event)
            if isinstance(event, ResponseReceived | LateResponse):
                self.log.append(event.pdu)
            elif isinstance(event, RequestReceived):
                self.log.append(event.pdu)
                if self.answer_with is not None:
                    self.session.answer(event.pdu, status=self.answer_with)
            elif not isinstance(event, Closed) and hasattr(event, "pdu"):
                self.log.append(event.pdu)
        self.flush()

    def send(self, pdu: Pdu) -> None:
        self.session.send(pdu, self.now())
        self.flush()

    def flush(self) -> None:
        assert self.transport is not None
        self.transport.write(self.session.take_outgoing())

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()

    def of(self, kind: type[Pdu]) -> list[Any]:
        """List the PDUs of one kind that came."""
        return [pdu for pdu in self.log if type(pdu) is kind]

    def stats(self) -> list[str]:
        """List the words of the receipts that came, in order."""
        words = []
        for pdu in self.log:
            if isinstance(pdu, DeliverSm | DataSm) and pdu.esm_class == 4:
                words.append(message_octets(pdu).decode("latin-1").partition("stat:")[2].partition(" ")[0])
        return words

    def statuses(self, kind: type[Pdu]) -> list[int]:
        """List the statuses of the answers of one kind, in order."""
        return [pdu.command_status for pdu in self.of(kind)]


async def connect(
    smsc: SimulatorSmsc,
    *,
    kind: Callable[..., Pdu] = BindTransceiver,
    system_id: str = "esme",
    password: str | None = None,
) -> Client:
    """Make a client that has sent its bind and got the answer."""
    client = Client()
    await smsc.connect_memory(lambda: client)
    client.send(kind(system_id=system_id, password=password or "secret"))
    await asyncio.sleep(0.01)
    return client


def make_smsc(**settings: Any) -> SimulatorSmsc:
    return SimulatorSmsc(
        SimulatorSettings(**({"passwords": {"esme": "secret", "other": "hidden"}} | settings)),
        clock=LoopClock(),
        chance=lambda: 0.25,
    )


def message(number: str = "573001234567", text: bytes = b"hola", **fields: Any) -> SubmitSm:
    return SubmitSm(
        **(
            {
                "source_addr_ton": 5,
                "source_addr": "PALOMAR",
                "dest_addr_ton": 1,
                "dest_addr_npi": 1,
                "destination_addr": number,
                "registered_delivery": 1,
                "short_message": text,
            }
            | fields
        )
    )


TEMPORARY = CommandStatus.ESME_RX_T_APPN
