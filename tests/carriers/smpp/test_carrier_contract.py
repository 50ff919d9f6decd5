"""The SMPP carrier keeps the contract of carriers: over memory, over TCP, and as a transmitter with a receiver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from tests.contracts.carrier import WINDOW, Bench, CarrierContract, Numbers, RecordingSink
from tests.contracts.virtual_time import LoopClock

from palomar.carriers.simulator.listen import serve
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.settings import SmppCarrierSettings

NUMBERS = Numbers(
    ordinary="573001234567",
    refused="573001299904",
    throttled="573001299922",
    silent="573001299907",
    late="573001299908",
    undelivered="573001299901",
    replies="573001299914",
)


@asynccontextmanager
async def carrier_bench(
    *,
    window: int,
    parts_per_second: float,
    over: Literal["memory", "tcp"],
    bind: Literal["transceiver", "transmitter+receiver"] = "transceiver",
    links: int = 1,
) -> AsyncIterator[Bench]:
    """Run a carrier beside the simulator."""
    clock = LoopClock()
    smsc = SimulatorSmsc(SimulatorSettings(passwords={"esme": "secret"}), clock=clock, chance=lambda: 0.5)
    server: asyncio.Server | None = None
    port = 2775
    if over == "tcp":
        server = await serve(smsc, host="127.0.0.1", port=0)
        port = server.sockets[0].getsockname()[1]
    carrier = SmppCarrier(
        SmppCarrierSettings(
            name="sim",
            host="127.0.0.1",
            port=port,
            system_id="esme",
            password="secret",
            bind=bind,
            links=links,
            window=window,
            parts_per_second=parts_per_second,
        ),
        clock=clock,
        chance=lambda: 0.5,
        connect=smsc.connect_memory if over == "memory" else None,
    )
    sink = RecordingSink()
    await carrier.start(sink)
    try:
        yield Bench(carrier=carrier, sink=sink, numbers=NUMBERS, break_links=smsc.drop_connections)
    finally:
        await carrier.stop(5)
        if server is not None:
            server.close()
        smsc.close()
        await asyncio.sleep(0.1)


class TestInMemory(CarrierContract):
    @asynccontextmanager
    async def set_up(self, *, window: int = WINDOW, parts_per_second: float = 0) -> AsyncIterator[Bench]:
        async with carrier_bench(window=window, parts_per_second=parts_per_second, over="memory") as made:
            yield made


class TestOverTcp(CarrierContract):
    @asynccontextmanager
    async def set_up(self, *, window: int = WINDOW, parts_per_second: float = 0) -> AsyncIterator[Bench]:
        async with carrier_bench(window=window, parts_per_second=parts_per_second, over="tcp") as made:
            yield made


class TestAsTransmitterAndReceiver(CarrierContract):
    @asynccontextmanager
    async def set_up(self, *, window: int = WINDOW, parts_per_second: float = 0) -> AsyncIterator[Bench]:
        async with carrier_bench(
            window=window, parts_per_second=parts_per_second, over="tcp", bind="transmitter+receiver"
        ) as made:
            yield made


class TestOverTwoLinks(CarrierContract):
    @asynccontextmanager
    async def set_up(self, *, window: int = WINDOW, parts_per_second: float = 0) -> AsyncIterator[Bench]:
        async with carrier_bench(window=window // 2, parts_per_second=parts_per_second, over="memory", links=2) as made:
            yield made
