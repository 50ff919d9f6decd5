"""Binding for a probe: as configured or else in another way; and what is reported of the obstacles."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from tests.carriers.smpp.scripted import ScriptedSmsc
from tests.contracts.virtual_time import LoopClock, in_virtual_time
from tests.support.certificates import Authority

from palomar.carriers.simulator.listen import serve, server_context
from palomar.carriers.simulator.memory_transport import join
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.probing.diagnosis import Finding
from palomar.carriers.smpp.probing.probe_bind import BindStep, Connector
from palomar.carriers.smpp.probing.probe_link import ProbeLink
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.clock import RealClock
from palomar.smpp import CommandStatus, RequestReceived, Session, SessionRole

REFUSED = int(CommandStatus.ESME_RINVBNDSTS)


class SelectiveSmsc:
    """An SMSC that accepts some kinds of bind only."""

    def __init__(self, **statuses: int) -> None:
        self.statuses = statuses
        self.binds: list[str] = []

    async def connect(self, factory: Callable[[], asyncio.Protocol]) -> object:
        return join(factory(), SelectiveConnection(self))


class SelectiveConnection(asyncio.Protocol):
    def __init__(self, smsc: SelectiveSmsc) -> None:
        self.smsc = smsc
        self.session = Session(SessionRole.SMSC, 0.0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for event in self.session.receive(data, 0.0):
            if isinstance(event, RequestReceived):
                kind = event.pdu.command_name.removeprefix("bind_")
                self.smsc.binds.append(kind)
                self.session.answer(event.pdu, status=self.smsc.statuses.get(kind, 0))
        self.transport.write(self.session.take_outgoing())


class BindAttempt:
    """One attempt to bind."""

    def __init__(self, connect: Connector | None, clock: Any = None, **settings: Any) -> None:
        given = {"name": "a", "host": "127.0.0.1", "port": 1, "system_id": "esme", "password": "x"} | settings
        self.findings: list[Finding] = []
        self.door = BindStep(
            SmppCarrierSettings(**given),
            clock=clock or LoopClock(),
            is_ours=lambda delivery: False,
            on_finding=self.findings.append,
            on_progress=lambda text: None,
            connect=connect,
        )

    async def states(self) -> list[str]:
        links: list[ProbeLink] = await self.door.open()
        return [link.session.state.name for link in links]

    def said(self, subject: str) -> list[tuple[str, str]]:
        return [(found.verdict, found.text) for found in self.findings if found.subject == subject]


@pytest.mark.parametrize(
    ("bind", "statuses", "states", "tried", "learned"),
    [
        ("transceiver", {}, ["BOUND_TRX"], ["transceiver"], None),
        ("transmitter+receiver", {}, ["BOUND_TX", "BOUND_RX"], ["transmitter", "receiver"], None),
        (
            "transceiver",
            {"transceiver": REFUSED},
            ["BOUND_TX", "BOUND_RX"],
            ["transceiver", "transmitter", "receiver"],
            "transmitter+receiver",
        ),
        (
            "transmitter+receiver",
            {"transmitter": REFUSED},
            ["BOUND_TRX"],
            ["transmitter", "receiver", "transceiver"],
            "transceiver",
        ),
        (
            "transmitter+receiver",
            {"receiver": REFUSED},
            ["BOUND_TRX"],
            ["transmitter", "receiver", "transceiver"],
            "transceiver",
        ),
        (
            "transceiver",
            {"transceiver": REFUSED, "receiver": REFUSED},
            [],
            ["transceiver", "transmitter", "receiver"],
            None,
        ),
    ],
)
@in_virtual_time
async def test_it_binds_as_configured_or_else_in_another_way(
    bind: str, statuses: dict[str, int], states: list[str], tried: list[str], learned: str | None
) -> None:
    smsc = SelectiveSmsc(**statuses)
    attempt = BindAttempt(smsc.connect, bind=bind)
    assert await attempt.states() == states
    assert smsc.binds == tried
    settings = [found.settings["bind"] for found in attempt.findings if "bind" in found.settings]
    assert settings == ([learned] if learned else [])
    assert len(attempt.said("connection")) == 1
    await attempt.door.close()


@pytest.mark.parametrize("status", [CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID])
@in_virtual_time
async def test_a_wrong_system_id_or_password_is_tried_once(status: CommandStatus) -> None:
    smsc = SelectiveSmsc(transceiver=status)
    attempt = BindAttempt(smsc.connect)
    assert await attempt.states() == []
    assert smsc.binds == ["transceiver"]
    assert attempt.said("bind") == [("fault", f"transceiver: {status.name}")]


@in_virtual_time
async def test_an_unanswered_bind_is_not_tried_in_other_ways() -> None:
    smsc = ScriptedSmsc()
    smsc.bind_status = None
    attempt = BindAttempt(smsc.connect, bind_timeout_seconds=3)
    assert await attempt.states() == []
    assert len(smsc.binds) == 1
    assert attempt.said("bind") == [("fault", "transceiver: no answer (not in time)")]
    await attempt.door.close()


@in_virtual_time
async def test_an_unreachable_carrier_is_reported_with_host_and_port() -> None:
    smsc = ScriptedSmsc()
    smsc.refuse_connections = True
    attempt = BindAttempt(smsc.connect, host="smsc.example", port=2775)
    assert await attempt.states() == []
    assert attempt.said("connection") == [("fault", "smsc.example port 2775: connection refused")]


@in_virtual_time
async def test_a_connection_time_out_is_reported() -> None:
    async def never(factory: Callable[[], asyncio.Protocol]) -> object:
        return await asyncio.Event().wait()

    attempt = BindAttempt(never, host="smsc.example", port=2775, connect_timeout_seconds=3)
    async with asyncio.timeout(10):
        beside = asyncio.create_task(asyncio.sleep(9))
        assert await attempt.states() == []
        beside.cancel()
    assert attempt.said("connection") == [("fault", "smsc.example port 2775: no answer")]


@pytest.mark.parametrize(
    ("trust", "verdict", "words", "bound"),
    [
        ({"tls_ca": "ours"}, "ok", "certificate of localhost, issued by", True),
        ({"tls_verify": False}, "warning", "nobody has checked it (tls_verify)", True),
        ({"tls_ca": "another"}, "fault", "unable to get local issuer certificate; TLSv1.3", False),
        ({"tls_ca": "ours", "tls_server_name": "smsc.example"}, "fault", "certificate of localhost", False),
    ],
)
async def test_it_describes_the_certificate_whether_trusted_or_not(
    tmp_path: Path, trust: dict[str, Any], verdict: str, words: str, bound: bool
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("ours", "another")}
    issued = authorities["ours"].issue("localhost")
    smsc = SimulatorSmsc(SimulatorSettings(), clock=RealClock(), chance=lambda: 0.5)
    tls = server_context(certificate=str(issued.certificate), key=str(issued.key))
    server = await serve(smsc, host="127.0.0.1", port=0, tls=tls)
    named = {"tls_server_name": "localhost"} | trust
    if "tls_ca" in trust:
        named["tls_ca"] = authorities[trust["tls_ca"]].file
    port = server.sockets[0].getsockname()[1]
    attempt = BindAttempt(None, RealClock(), port=port, tls=True, **named)
    assert await attempt.states() == (["BOUND_TRX"] if bound else [])
    ((said_verdict, text),) = attempt.said("TLS")
    assert said_verdict == verdict
    assert words in text
    assert "valid until" in text
    await attempt.door.close()
    server.close()
    smsc.close()
    await server.wait_closed()


@pytest.mark.parametrize("shows", [True, False])
async def test_a_carrier_that_requires_our_certificate_gets_it_or_refuses(tmp_path: Path, shows: bool) -> None:
    ours, theirs = Authority(tmp_path, "smsc"), Authority(tmp_path, "clients")
    issued, client = ours.issue("localhost"), theirs.issue("acme")
    smsc = SimulatorSmsc(SimulatorSettings(), clock=RealClock(), chance=lambda: 0.5)
    tls: ssl.SSLContext = server_context(
        certificate=str(issued.certificate), key=str(issued.key), client_authority=str(theirs.file)
    )
    server = await serve(smsc, host="127.0.0.1", port=0, tls=tls)
    files = {"tls_certificate": client.certificate, "tls_key": client.key} if shows else {}
    port = server.sockets[0].getsockname()[1]
    attempt = BindAttempt(
        None, RealClock(), port=port, tls=True, tls_ca=ours.file, tls_server_name="localhost", **files
    )
    assert bool(await attempt.states()) is shows
    if not shows:
        assert attempt.said("bind")[0][0] == "fault"
    await attempt.door.close()
    server.close()
    smsc.close()
    await server.wait_closed()
