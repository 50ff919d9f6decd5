"""An SMSC that calls over a real socket, in the clear and over TLS."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.carrier import RecordingSink
from tests.support.certificates import Authority

from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.links.tls import server_context
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.clock import RealClock
from palomar.smpp import BindReceiver, BindReceiverResp, DeliverSm, DeliverSmResp, Outbind, Pdu, decode, encode

OUTBIND = Outbind(sequence_number=1, system_id="smsc", password="hello")


def settings(port: int, **more: Any) -> SmppCarrierSettings:
    return SmppCarrierSettings(
        name="acme",
        host="smsc.example",
        port=2775,
        system_id="esme",
        password="secret",
        links=0,
        outbind_port=port,
        outbind_system_id="smsc",
        outbind_password="hello",
        **more,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@asynccontextmanager
async def listening(port: int, **more: Any) -> AsyncIterator[RecordingSink]:
    """Run a carrier that waits to be called."""
    carrier, sink = SmppCarrier(settings(port, **more), clock=RealClock(), chance=lambda: 0.5), RecordingSink()
    await carrier.start(sink)
    try:
        yield sink
    finally:
        await carrier.stop(5)


async def call(port: int, context: ssl.SSLContext | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as soon as it listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port, ssl=context)
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)


async def next_pdu(reader: asyncio.StreamReader) -> Pdu:
    async with asyncio.timeout(10):
        length = await reader.readexactly(4)
        return decode(length + await reader.readexactly(int.from_bytes(length, "big") - 4))


async def deliver_over(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send outbind, take the bind, deliver a receipt and have it acknowledged."""
    try:
        writer.write(encode(OUTBIND))
        bind = await next_pdu(reader)
        assert isinstance(bind, BindReceiver)
        assert (bind.system_id, bind.password) == ("esme", "secret")
        writer.write(encode(BindReceiverResp(sequence_number=bind.sequence_number, system_id="smsc")))
        writer.write(encode(DeliverSm(sequence_number=2, esm_class=4, short_message=b"id:7 stat:DELIVRD")))
        answer = await next_pdu(reader)
        assert isinstance(answer, DeliverSmResp)
        assert (answer.sequence_number, answer.command_status) == (2, 0)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_an_smsc_calls_in_the_clear() -> None:
    port = free_port()
    async with listening(port) as sink:
        await deliver_over(*await call(port))
        assert [receipt.reference for receipt in sink.receipts] == ["7"]


async def test_an_smsc_calls_over_tls_and_both_show_a_certificate(tmp_path: Path) -> None:
    authority, port = Authority(tmp_path, "both"), free_port()
    ours, theirs = authority.issue("esme.example", to="ours"), authority.issue("smsc.example", to="theirs")
    context = ssl.create_default_context(cafile=str(authority.file))
    context.check_hostname = False
    context.load_cert_chain(theirs.certificate, theirs.key)
    tls = {"tls": True, "tls_ca": authority.file, "tls_certificate": ours.certificate, "tls_key": ours.key}
    async with listening(port, **tls) as sink:
        await deliver_over(*await call(port, context))
        assert [receipt.reference for receipt in sink.receipts] == ["7"]


async def test_a_caller_without_a_certificate_is_refused(tmp_path: Path) -> None:
    authority, port = Authority(tmp_path, "ours"), free_port()
    ours = authority.issue("esme.example", to="ours")
    context = ssl.create_default_context(cafile=str(authority.file))
    context.check_hostname = False
    tls = {"tls": True, "tls_ca": authority.file, "tls_certificate": ours.certificate, "tls_key": ours.key}
    async with listening(port, **tls) as sink:
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await deliver_over(*await call(port, context))
        assert sink.receipts == []


def test_without_verification_no_certificate_is_asked_for(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours").issue("esme.example")
    made = settings(1, tls=True, tls_verify=False, tls_certificate=ours.certificate, tls_key=ours.key)
    context = server_context(made)
    assert context is not None
    assert context.verify_mode is ssl.CERT_NONE
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert server_context(settings(1)) is None
