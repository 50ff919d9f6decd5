"""An SMSC that follows a test's script, to the point of breaking the protocol."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from msgspec import structs
from tests.contracts.carrier import RecordingSink, outgoing
from tests.contracts.virtual_time import LoopClock

from palomar.carriers.simulator.memory_transport import join
from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Clock
from palomar.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CommandStatus,
    DataSm,
    DataSmResp,
    DeliverSm,
    Event,
    GenericNack,
    Pdu,
    QuerySm,
    RequestReceived,
    ResponseReceived,
    Session,
    SessionRole,
    SessionSettings,
    SubmitSm,
    SubmitSmResp,
    encode,
)


class ScriptedSmsc:
    """A connector whose every connection follows the attributes below."""

    def __init__(self) -> None:
        self.connections: list[ScriptedConnection] = []
        self.bind_status: int | None = 0
        """The status of the answer to a bind; None: no answer."""
        self.refuse_connections = False
        self.on_submit: Callable[[ScriptedConnection, SubmitSm | DataSm], None] = accept
        self.on_query: Callable[[ScriptedConnection, QuerySm], None] = answer_unknown
        self._answers_calls: Callable[[], asyncio.Protocol] | None = None
        self.ignores_input = False
        """Read nothing that comes, as a half-open connection does."""

    async def connect(self, factory: Callable[[], asyncio.Protocol]) -> object:
        """Connect the carrier."""
        if self.refuse_connections:
            raise ConnectionRefusedError("connection refused")
        connection = ScriptedConnection(self)
        self.connections.append(connection)
        return join(factory(), connection)

    async def listen(self, factory: Callable[[], asyncio.Protocol]) -> "ScriptedSmsc":
        """Listen for the carrier: :meth:`call` reaches it until it is closed."""
        if self.refuse_connections:
            raise OSError(98, "Address already in use")
        self._answers_calls = factory
        return self

    def close(self) -> None:
        """Let the carrier listen no more."""
        self._answers_calls = None

    @property
    def is_listening(self) -> bool:
        return self._answers_calls is not None

    def call(self, outbind: Pdu | None) -> "ScriptedConnection":
        """Connect to the carrier and send ``outbind``, or nothing."""
        assert self._answers_calls is not None
        connection = ScriptedConnection(self)
        self.connections.append(connection)
        join(connection, self._answers_calls())
        if outbind is not None:
            connection.session.send(outbind, connection.now())
            connection.flush()
        return connection

    @property
    def last(self) -> "ScriptedConnection":
        """Return the newest connection."""
        return self.connections[-1]

    @property
    def binds(self) -> list[Pdu]:
        """List every bind that came."""
        kinds = (BindTransceiver, BindTransmitter, BindReceiver)
        return [pdu for connection in self.connections for pdu in connection.requests if isinstance(pdu, kinds)]


class ScriptedConnection(asyncio.Protocol):
    """One connection to it."""

    def __init__(self, smsc: ScriptedSmsc) -> None:
        self.smsc = smsc
        loop = asyncio.get_running_loop()
        self.now = loop.time
        self.session = Session(SessionRole.SMSC, self.now(), settings=SessionSettings(window=100_000))
        self.transport: asyncio.Transport | None = None
        self.requests: list[Pdu] = []
        self.responses: list[Pdu] = []
        self.lost = False
        self.reads = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        self.reads += 1
        if not self.smsc.ignores_input:
            for event in self.session.receive(data, self.now()):
                self._on_event(event)
            self.flush()

    def submits(self) -> list[SubmitSm]:
        """List the submits that came, in order."""
        return [pdu for pdu in self.requests if isinstance(pdu, SubmitSm)]

    def queries(self) -> list[QuerySm]:
        """List the queries that came, in order."""
        return [pdu for pdu in self.requests if isinstance(pdu, QuerySm)]

    def answer(self, request: Pdu, response: Pdu | None = None, *, status: int = 0) -> None:
        self.session.answer(request, response, status=status)

    def deliver(self, **fields: Any) -> None:
        """Send a deliver_sm."""
        self.send(DeliverSm(**fields))

    def send(self, pdu: Pdu) -> None:
        """Send any request."""
        self.session.send(pdu, self.now())
        self.flush()

    def flush(self) -> None:
        self.raw(self.session.take_outgoing())

    def raw(self, octets: bytes) -> None:
        """Send any octets."""
        assert self.transport is not None
        self.transport.write(octets)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self.responses.append(event.pdu)
        if not isinstance(event, RequestReceived):
            return
        pdu = event.pdu
        self.requests.append(pdu)
        if isinstance(pdu, SubmitSm | DataSm):
            self.smsc.on_submit(self, pdu)
        elif isinstance(pdu, QuerySm):
            self.smsc.on_query(self, pdu)
        elif self.smsc.bind_status is not None:
            self.answer(pdu, status=self.smsc.bind_status)


def accept(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
    """Answer a submit with an id."""
    answer = SubmitSmResp if isinstance(pdu, SubmitSm) else DataSmResp
    connection.answer(pdu, answer(message_id=f"id-{pdu.sequence_number}"))


def stay_silent(connection: ScriptedConnection, pdu: Pdu) -> None:
    """Never answer."""


def answer_unknown(connection: ScriptedConnection, pdu: QuerySm) -> None:
    """Answer that no such message is known."""
    connection.answer(pdu, status=CommandStatus.ESME_RINVMSGID)


def throttle(connection: ScriptedConnection, pdu: Pdu) -> None:
    """Answer that it is too fast."""
    connection.answer(pdu, status=CommandStatus.ESME_RTHROTTLED)


def nack(connection: ScriptedConnection, pdu: Pdu) -> None:
    """Answer with a generic_nack that says the command is unknown."""
    connection.raw(
        encode(GenericNack(sequence_number=pdu.sequence_number, command_status=CommandStatus.ESME_RINVCMDID))
    )


class Rig:
    """A carrier beside a scripted SMSC; an asynchronous context."""

    def __init__(self, *, clock: Clock | None = None, **settings: Any) -> None:
        self.smsc = ScriptedSmsc()
        self.sink = RecordingSink()
        given: dict[str, Any] = {
            "name": "acme",
            "host": "smsc.example",
            "port": 2775,
            "system_id": "esme",
            "password": "secret",
            "window": 10,
            "reconnect_min_seconds": 1,
            "reconnect_max_seconds": 16,
        } | settings
        self.carrier = SmppCarrier(
            SmppCarrierSettings(**given),
            clock=clock or LoopClock(),
            chance=lambda: 0.5,
            connect=self.smsc.connect,
            listen=self.smsc.listen,
        )

    async def __aenter__(self) -> "Rig":
        await self.carrier.start(self.sink)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.carrier.stop(1)

    async def live(self) -> None:
        """Wait until every link is bound."""
        await self.sink.until(lambda: all(link.bound for link in self.carrier.links()))

    def send(self, count: int = 1, **fields: Any) -> None:
        """Reserve and submit so many parts, with these fields."""
        for serial in range(1, count + 1):
            assert self.carrier.reserve(1)
            self.send_one(serial=serial, **fields)

    def send_one(self, *, serial: int, **fields: Any) -> None:
        """Submit one part in a slot that is reserved."""
        part = structs.replace(outgoing("573001234567", serial=serial), **fields)
        self.carrier.submit(part)
