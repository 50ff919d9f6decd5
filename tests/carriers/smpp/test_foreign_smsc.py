"""The carrier alone against npm's ``smpp`` over TCP: what no customer's message causes by itself."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import structs
from tests.carriers.smpp.parts import part
from tests.contracts.carrier import RecordingSink
from tests.support.smscs import PASSWORD, SYSTEM_ID, NpmSmsc, npm_smsc

from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.clock import RealClock
from palomar.ports import Submitted
from palomar.vocabulary.message import State, echo_of


@asynccontextmanager
async def carrier(port: int, **changes: Any) -> AsyncIterator[tuple[SmppCarrier, RecordingSink]]:
    """Run a carrier with real sockets and real time."""
    given: dict[str, Any] = {"reconnect_min_seconds": 0.05, "reconnect_max_seconds": 0.1} | changes
    settings = SmppCarrierSettings(
        name="outside", host="127.0.0.1", port=port, system_id=SYSTEM_ID, password=PASSWORD, **given
    )
    made, sink = SmppCarrier(settings, clock=RealClock(), chance=lambda: 0.5), RecordingSink()
    await made.start(sink)
    try:
        yield made, sink
    finally:
        await made.stop(5)


async def test_a_missing_receipt_can_be_queried(tmp_path: Path) -> None:
    with npm_smsc(tmp_path) as smsc:
        async with carrier(smsc.port) as (outside, sink):
            await sink.until(lambda: outside.live, seconds=10)
            sent = structs.replace(part("hi"), msisdn="34600000004")
            assert outside.reserve(1)
            outside.submit(sent)
            await sink.until(lambda: bool(sink.answers), seconds=10)
            (taken,) = sink.outcomes()
            assert isinstance(taken, Submitted)
            assert outside.query("unknown", sender="PALOMAR")
            assert outside.query(taken.reference, sender="PALOMAR")
            await sink.until(lambda: bool(sink.receipts), seconds=10)
            (receipt,) = sink.receipts
            assert (receipt.reference, receipt.state) == (taken.reference, State.DELIVERED)
        assert [query["source"] for query in smsc.events("query")] == ["PALOMAR", "PALOMAR"]


async def test_it_echoes_our_reference_of_a_part(tmp_path: Path) -> None:
    with npm_smsc(tmp_path) as smsc:
        async with carrier(smsc.port, echo=True) as (outside, sink):
            await sink.until(lambda: outside.live, seconds=10)
            sent = part("hi")
            assert outside.reserve(1)
            outside.submit(sent)
            await sink.until(lambda: bool(sink.receipts), seconds=10)
            (receipt,) = sink.receipts
            assert receipt.echo == echo_of(sent.part_id)
            assert (receipt.msisdn, receipt.sender, receipt.text) == (sent.msisdn, "PALOMAR", "Hola")


async def test_it_calls_us_with_outbind_and_delivers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    changes = {"links": 0, "outbind_port": port, "outbind_system_id": "npm", "outbind_password": "call"}
    async with carrier(port, **changes) as (outside, sink):
        await _wait_until_listening(port)
        with npm_smsc(tmp_path, "--call", str(port)) as smsc:
            await sink.until(lambda: bool(sink.receipts), seconds=10)
            assert sink.receipts[0].reference == "CALLED"
            assert [link.bound for link in outside.links()] == [True]
            assert [bind["command"] for bind in _binds(smsc)] == ["bind_receiver"]


def _binds(smsc: NpmSmsc) -> list[dict[str, Any]]:
    return smsc.events("bind")


async def _wait_until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
