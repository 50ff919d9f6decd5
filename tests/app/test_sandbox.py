"""What is plugged in while a carrier is simulated: calls, callbacks and news of it, and beside real carriers less."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.console_house import SetClock

from palomar.app.sandbox import SandboxParts
from palomar.callbacks.callback_rows import CallbackRow
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.net.signing import signature
from palomar.sandbox.received_callbacks import Signature
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

EVERYBODY = Scope(account_ids=None)


async def in_force() -> None:
    """Apply nothing."""


@pytest.fixture
async def smsc() -> AsyncIterator[SimulatorSmsc]:
    built = SimulatorSmsc(SimulatorSettings(chaos="lose-answers=0.5"), clock=SetClock(), chance=lambda: 0.5)
    yield built
    built.close()


def parts(smsc: SimulatorSmsc, *, all_simulated: bool = True) -> SandboxParts:
    return SandboxParts(
        {"simulator": smsc},
        all_simulated=all_simulated,
        clock=SetClock(),
        secret_of=lambda account_id: f"secret of {account_id}",
        apply=in_force,
        first_account=Path("/nowhere/demo.json"),
    )


def callback(url: str, **more: Any) -> CallbackRow:
    fields = {
        "id": 1,
        "message_id": MessageId(256),
        "account_id": AccountId(7),
        "dialect": "foxsys",
        "method": "GET",
        "url": url,
        "body": None,
        "due_ms": 1,
    }
    return CallbackRow(**(fields | more))


async def face(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 401})
    await send({"type": "http.response.body", "body": b"no"})


async def test_a_callback_to_our_own_address_is_recognized_and_its_signature_checked(smsc: SimulatorSmsc) -> None:
    built = parts(smsc)
    took = built.on_callback
    assert took is not None
    built.expect_callback(callback("http://shop.example/x"))
    built.expect_callback(callback("/sandbox/callback is no URL"))
    built.expect_callback(callback("http://127.0.0.1:8080/sandbox/callback?text=a b"))
    header = signature("secret of 7", b"text=a%20b", at_seconds=5).encode()
    took("GET", "/sandbox/callback?text=a%20b", ((b"palomar-signature", header),), b"")
    assert built.sandbox.received_callbacks is not None
    ((_, got),) = built.sandbox.received_callbacks.recent(EVERYBODY)
    assert (got.account_id, got.message_id, got.signature) == (7, 256, Signature.VALID)


async def test_calls_are_recorded_only_if_every_carrier_is_simulated(smsc: SimulatorSmsc) -> None:
    beside = parts(smsc, all_simulated=False)
    assert beside.record("foxsys", face) is face
    assert beside.on_callback is None
    beside.expect_callback(callback("http://127.0.0.1:8080/sandbox/callback"))
    whole = parts(smsc)

    async def nothing(message: Any = None) -> Any:
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "POST",
        "http_version": "1.1",
        "raw_path": b"/json/send",
        "query_string": b"",
        "headers": [],
    }
    await whole.record("foxsys", face)(scope, nothing, nothing)
    assert whole.sandbox.calls is not None
    (call,) = whole.sandbox.calls.recent(EVERYBODY)
    assert (call.dialect, call.status, call.shown.target) == ("foxsys", 401, "/json/send")


async def test_scripts_are_shown_in_their_shortest_spelling(smsc: SimulatorSmsc) -> None:
    sandbox = parts(smsc).sandbox
    assert sandbox.configured == {"simulator": "lose-answers=50%"}
    assert sandbox.normalize_script("lose-answers=0.03") == "lose-answers=3%"
    with pytest.raises(ValueError, match="nonsense"):
        sandbox.normalize_script("nonsense")
    assert await sandbox.read_first() is None
