"""TLS towards a carrier, over real sockets: a certificate that does not fit is refused and reported."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.contracts.carrier import RecordingSink, outgoing
from tests.contracts.virtual_time import LoopClock, in_virtual_time

from palomar.carriers.simulator.listen import serve
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.links.tls import client_context
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Submitted

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


@asynccontextmanager
async def carrier_over_tls(
    *, server: ssl.SSLContext, **settings: Any
) -> AsyncIterator[tuple[SmppCarrier, RecordingSink]]:
    clock = LoopClock()
    smsc = SimulatorSmsc(clock=clock, chance=lambda: 0.5)
    listener = await serve(smsc, host="127.0.0.1", port=0, tls=server)
    carrier = SmppCarrier(
        SmppCarrierSettings(
            name="acme",
            host="127.0.0.1",
            port=listener.sockets[0].getsockname()[1],
            system_id="esme",
            password="secret",
            tls=True,
            tls_server_name="smsc.example",
            reconnect_min_seconds=0.01,
            **settings,
        ),
        clock=clock,
        chance=lambda: 0.5,
    )
    sink = RecordingSink()
    await carrier.start(sink)
    try:
        yield carrier, sink
    finally:
        await carrier.stop(5)
        listener.close()
        smsc.close()
        await asyncio.sleep(0.05)


def server_context(issuer: trustme.CA = AUTHORITY, name: str = "smsc.example") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(name).configure_cert(context)
    return context


async def send_one_part(carrier: SmppCarrier, sink: RecordingSink) -> bool:
    """Wait for the link and send one part; return True if it was sent."""
    await sink.until(lambda: carrier.live, seconds=5)
    assert carrier.reserve(1)
    carrier.submit(outgoing("573001299900"))
    await sink.until(lambda: bool(sink.receipts), seconds=5)
    return isinstance(sink.outcomes()[0], Submitted)


async def reason_of_failure(carrier: SmppCarrier) -> str:
    """Wait until the link has failed and return the reason."""
    async with asyncio.timeout(5):
        while not carrier.links()[0].last_error:
            await asyncio.sleep(0.01)
    assert not carrier.live
    return carrier.links()[0].last_error


@in_virtual_time
async def test_a_trusted_certificate_is_accepted(authority: Path) -> None:
    async with carrier_over_tls(server=server_context(), tls_ca=authority) as (carrier, sink):
        assert await send_one_part(carrier, sink)


@in_virtual_time
async def test_an_untrusted_certificate_is_refused_and_reported(authority: Path) -> None:
    async with carrier_over_tls(server=server_context(STRANGER), tls_ca=authority) as (carrier, _):
        assert "certificate verify failed" in await reason_of_failure(carrier)


@in_virtual_time
async def test_a_certificate_for_another_name_is_refused_and_reported(authority: Path) -> None:
    async with carrier_over_tls(server=server_context(name="other.example"), tls_ca=authority) as (carrier, _):
        assert "Hostname mismatch" in await reason_of_failure(carrier)


@in_virtual_time
async def test_without_verification_any_certificate_is_accepted() -> None:
    async with carrier_over_tls(server=server_context(STRANGER), tls_verify=False) as (carrier, sink):
        assert await send_one_part(carrier, sink)


@in_virtual_time
async def test_a_client_certificate_is_shown(authority: Path, tmp_path: Path) -> None:
    ours = AUTHORITY.issue_cert("esme.example")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    ours.cert_chain_pems[0].write_to_path(str(certificate))
    ours.private_key_pem.write_to_path(str(key))
    demanding = server_context()
    demanding.verify_mode = ssl.CERT_REQUIRED
    AUTHORITY.configure_trust(demanding)
    async with carrier_over_tls(server=demanding, tls_ca=authority, tls_certificate=certificate, tls_key=key) as (
        carrier,
        sink,
    ):
        assert await send_one_part(carrier, sink)


def test_a_missing_file_is_an_error_at_once(tmp_path: Path) -> None:
    settings = SmppCarrierSettings(
        name="a", host="h", port=1, system_id="s", password="p", tls=True, tls_ca=tmp_path / "none.pem"
    )
    with pytest.raises(OSError, match="No such file"):
        client_context(settings)


def test_old_versions_of_tls_are_refused(authority: Path) -> None:
    settings = SmppCarrierSettings(name="a", host="h", port=1, system_id="s", password="p", tls=True, tls_ca=authority)
    context = client_context(settings)
    assert context is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
