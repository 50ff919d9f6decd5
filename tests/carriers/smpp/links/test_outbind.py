"""An SMSC that calls: outbind, our bind on that connection, and what goes wrong before it."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.carriers.smpp.scripted import Rig, accept, stay_silent
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.smpp.links.outbind import MAX_CALLS, ClosableListener, OutbindListener
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Submitted
from palomar.smpp import BindReceiver, BindTransceiver, CommandStatus, EnquireLink, Outbind

WELCOME = Outbind(system_id="smsc", password="hello")


def rig(**settings: Any) -> Rig:
    given: dict[str, Any] = {
        "links": 0,
        "outbind_port": 2776,
        "outbind_system_id": "smsc",
        "outbind_password": "hello",
    }
    return Rig(**(given | settings))


async def wait_until_listening(called: Rig) -> None:
    async with asyncio.timeout(60):
        while not called.smsc.is_listening:
            await asyncio.sleep(0.01)


@in_virtual_time
async def test_an_expected_caller_is_bound_to_as_a_receiver_and_delivers() -> None:
    async with rig() as called:
        await wait_until_listening(called)
        connection = called.smsc.call(WELCOME)
        await called.sink.until(lambda: bool(called.carrier.links()) and called.carrier.links()[0].bound)
        (bind,) = called.smsc.binds
        assert isinstance(bind, BindReceiver)
        assert (bind.system_id, bind.password) == ("esme", "secret")
        assert called.carrier.free_slots() == 0
        assert not called.carrier.live
        connection.deliver(esm_class=4, short_message=b"id:7 stat:DELIVRD")
        await called.sink.until(lambda: bool(called.sink.receipts))
        await asyncio.sleep(0.1)
        assert [pdu.command_status for pdu in connection.responses] == [0]


@in_virtual_time
async def test_a_transceiver_that_was_called_submits_too() -> None:
    async with rig(outbind_bind="transceiver") as called:
        await wait_until_listening(called)
        called.smsc.call(WELCOME)
        await called.sink.until(lambda: called.carrier.live)
        assert isinstance(called.smsc.binds[0], BindTransceiver)
        called.send(3)
        await called.sink.until(lambda: len(called.sink.answers) == 3)
        assert all(isinstance(outcome, Submitted) for outcome in called.sink.outcomes())
        assert called.sink.exchanges[0].link == "acme/called-1"


@in_virtual_time
async def test_outbind_works_beside_links_of_our_own() -> None:
    async with rig(links=1, bind="transmitter") as called:
        await wait_until_listening(called)
        called.smsc.call(WELCOME)
        await called.sink.until(lambda: [link.bound for link in called.carrier.links()] == [True, True])
        called.send()
        await called.sink.until(lambda: bool(called.sink.answers))
        assert called.sink.exchanges[0].link == "acme/1"
        assert [link.name for link in called.carrier.links()] == ["acme/1", "acme/called-1"]


@pytest.mark.parametrize(
    "outbind",
    [
        Outbind(system_id="smsc", password="wrong"),
        Outbind(system_id="stranger", password="hello"),
        Outbind(system_id="smsch", password="ello"),
        None,
        EnquireLink(),
    ],
    ids=["password", "system_id", "shifted", "silence", "another"],
)
@in_virtual_time
async def test_an_unknown_caller_is_disconnected_and_forgotten(outbind: Outbind | None) -> None:
    with capture_logs() as logs:
        async with rig(bind_timeout_seconds=3) as called:
            await wait_until_listening(called)
            connection = called.smsc.call(None if isinstance(outbind, EnquireLink) else outbind)
            if isinstance(outbind, EnquireLink):
                connection.raw(bytes.fromhex("00000010000000150000000000000001"))
            await asyncio.sleep(4)
            assert connection.lost
            assert called.smsc.binds == []
            assert called.carrier.links() == []
    assert [entry["event"] for entry in logs] == ["carrier_link_down"]
    assert "hello" not in str(logs)


@in_virtual_time
async def test_a_bind_that_the_caller_refuses_ends_the_call() -> None:
    with capture_logs() as logs:
        async with rig() as called:
            called.smsc.bind_status = CommandStatus.ESME_RBINDFAIL
            await wait_until_listening(called)
            connection = called.smsc.call(WELCOME)
            await asyncio.sleep(1)
            assert connection.lost
            assert called.carrier.links() == []
    assert "ESME_RBINDFAIL" in str(logs)


@in_virtual_time
async def test_a_call_that_ends_can_be_made_again() -> None:
    async with rig() as called:
        await wait_until_listening(called)
        for _ in range(3):
            connection = called.smsc.call(WELCOME)
            await called.sink.until(lambda: bool(called.carrier.links()) and called.carrier.links()[0].bound)
            connection.close()
            await asyncio.sleep(0.1)
            assert called.carrier.links() == []


@in_virtual_time
async def test_the_number_of_callers_is_limited() -> None:
    async with rig() as called:
        await wait_until_listening(called)
        connections = [called.smsc.call(WELCOME) for _ in range(MAX_CALLS + 2)]
        await asyncio.sleep(0.5)
        assert [connection.lost for connection in connections] == [False] * MAX_CALLS + [True] * 2


@in_virtual_time
async def test_an_address_in_use_is_tried_again() -> None:
    with capture_logs() as logs:
        called = rig()
        called.smsc.refuse_connections = True
        async with called:
            await asyncio.sleep(1)
            assert not called.smsc.is_listening
            called.smsc.refuse_connections = False
            await wait_until_listening(called)
    assert logs[0]["event"] == "carrier_cannot_listen"


@in_virtual_time
async def test_stopping_unbinds_from_a_caller_and_listens_no_more() -> None:
    called = rig()
    await called.carrier.start(called.sink)
    await wait_until_listening(called)
    connection = called.smsc.call(WELCOME)
    await called.sink.until(lambda: bool(called.carrier.links()) and called.carrier.links()[0].bound)
    await called.carrier.stop(5)
    assert not called.smsc.is_listening
    assert connection.session.is_closed
    assert connection.lost


@in_virtual_time
async def test_stopping_in_the_middle_of_a_call_leaves_nothing() -> None:
    called = rig()
    await called.carrier.start(called.sink)
    await wait_until_listening(called)
    connection = called.smsc.call(None)
    await asyncio.sleep(0.1)
    await called.carrier.stop(5)
    await asyncio.sleep(0.1)
    assert connection.lost
    assert called.carrier.links() == []


@in_virtual_time
async def test_an_address_in_use_is_tried_less_and_less_often() -> None:
    tried: list[float] = []

    async def refuse(factory: Callable[[], asyncio.Protocol]) -> ClosableListener:
        tried.append(asyncio.get_running_loop().time())
        raise OSError(98, "Address already in use")

    settings = SmppCarrierSettings(
        name="acme", host="h", port=1, system_id="esme", password="p", outbind_port=2776,
        outbind_system_id="smsc", outbind_password="p",
    )  # fmt: skip

    def no_link(*_: object) -> Any:
        raise AssertionError("nobody called")

    allowed = asyncio.Event()
    allowed.set()
    listener = asyncio.create_task(
        OutbindListener(
            settings=settings, listen=refuse, new_link=no_link, on_call_ended=no_link, allowed=allowed
        ).run()
    )
    await asyncio.sleep(400)
    listener.cancel()
    pauses = [round(later - before) for before, later in itertools.pairwise(tried)]
    assert pauses[:6] == [5, 10, 20, 40, 60, 60]


@in_virtual_time
async def test_unanswered_submits_are_remembered_from_one_call_to_the_next() -> None:
    async with rig(outbind_bind="transceiver", response_timeout_seconds=5, enquire_link_seconds=1) as called:
        called.smsc.on_submit = stay_silent
        await wait_until_listening(called)
        called.smsc.call(WELCOME)
        await called.sink.until(lambda: called.carrier.live)
        called.send(5)
        await called.sink.until(lambda: len(called.sink.answers) == 5)
        await asyncio.sleep(1)
        called.smsc.call(WELCOME)
        await called.sink.until(lambda: called.carrier.live)
        assert called.carrier.on_trial
        assert called.carrier.free_slots() == 1
        called.smsc.on_submit = accept
        called.send()
        await called.sink.until(lambda: len(called.sink.answers) == 6)
        assert not called.carrier.on_trial
        assert called.carrier.free_slots() > 1
