"""The stand-alone SMSC over real sockets: it listens, in the clear and behind TLS, and it calls."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.carriers.simulator.client import Client, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time
from tests.support.certificates import Authority

from palomar.carriers.simulator.listen import CALL_AGAIN_SECONDS, call_esme, serve, server_context
from palomar.smpp import BindTransceiver, Outbind, SubmitSmResp


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.05)


@in_virtual_time
async def test_it_takes_messages_over_tcp_and_stops() -> None:
    smsc = make_smsc(receipt_delay_seconds=0)
    server = await serve(smsc, host="127.0.0.1", port=0)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", server.sockets[0].getsockname()[1])
    client.send(BindTransceiver(system_id="esme", password="secret"))
    await until(lambda: client.session.is_bound)
    client.send(message())
    await until(client.stats)
    assert client.of(SubmitSmResp)[0].command_status == 0
    server.close()
    smsc.close()
    await until(lambda: client.closed)
    await server.wait_closed()


@pytest.mark.parametrize("shows_a_certificate", [True, False])
async def test_over_tls_it_asks_for_a_client_certificate_if_configured(
    tmp_path: Path, shows_a_certificate: bool
) -> None:
    ours, theirs = Authority(tmp_path, "smsc"), Authority(tmp_path, "clients")
    issued, client_files = ours.issue("localhost"), theirs.issue("acme")
    context = server_context(
        certificate=str(issued.certificate), key=str(issued.key), client_authority=str(theirs.file)
    )
    smsc = make_smsc()
    server = await serve(smsc, host="127.0.0.1", port=0, tls=context)
    trust = ssl.create_default_context(cafile=str(ours.file))
    if shows_a_certificate:
        trust.load_cert_chain(client_files.certificate, client_files.key)
    port = server.sockets[0].getsockname()[1]
    _, client = await asyncio.get_running_loop().create_connection(
        Client, "127.0.0.1", port, ssl=trust, server_hostname="localhost"
    )
    client.send(BindTransceiver(system_id="esme", password="secret"))
    await until(lambda: client.session.is_bound or client.closed)
    assert client.session.is_bound is shows_a_certificate
    server.close()
    smsc.close()
    await until(lambda: client.closed)


@pytest.mark.parametrize("missing", ["certificate", "key", "client_authority"])
def test_a_missing_file_is_an_error(tmp_path: Path, missing: str) -> None:
    issued = Authority(tmp_path, "smsc").issue("localhost")
    files = {"certificate": str(issued.certificate), "key": str(issued.key), "client_authority": str(issued.authority)}
    with pytest.raises(OSError):
        server_context(**files | {missing: str(tmp_path / "nothing.pem")})


@in_virtual_time
async def test_it_calls_an_esme_repeatedly_and_reports_when_nobody_answers() -> None:
    smsc, loop = make_smsc(), asyncio.get_running_loop()
    called: list[Client] = []
    failures: list[OSError] = []

    def esme() -> Client:
        called.append(Client())
        return called[-1]

    listening = await loop.create_server(esme, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    calling = asyncio.create_task(call_esme(smsc, host="127.0.0.1", port=port, password="x", failed=failures.append))
    await until(lambda: called and called[0].of(Outbind))
    called[0].close()
    await until(lambda: len(called) == 2 and called[1].of(Outbind))
    listening.close()
    called[1].close()
    await until(lambda: failures)
    begun = loop.time()
    await until(lambda: len(failures) == 2)
    assert loop.time() - begun >= CALL_AGAIN_SECONDS - 0.1
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    smsc.close()
