"""The sandbox's event stream sends changes in scope, and ends with the session and with the server."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.support.console_house import House

from palomar.console.pages.sandbox_stream import events, stream
from palomar.console.request import SignedInContext
from palomar.sandbox.change_feed import SUBSCRIBERS_PER_PERSON
from palomar.vocabulary.access import ClientAddress
from palomar.vocabulary.account import Account


@pytest.fixture
async def acme(sandbox: House) -> Account:
    return await sandbox.account("acme")


async def context_of(house: House, login: str) -> SignedInContext:
    """A context of somebody who has just logged in."""
    result = await house.sign_in.log_in(
        login, "correct horse battery", ClientAddress(address="192.0.2.7"), agent="a test"
    )
    signed_in = await house.sign_in.signed_in(result.token)  # type: ignore[union-attr]
    assert signed_in is not None
    request: Any = type("Request", (), {"token": result.token, "preferences": None})  # type: ignore[union-attr]
    renderer: Any = None
    return SignedInContext(
        request, renderer=renderer, sign_in=house.sign_in, viewer=house.viewers.of(signed_in), menu=()
    )


def open_stream(page_context: SignedInContext) -> AsyncGenerator[bytes, None]:
    sandbox = page_context.viewer.sandbox
    assert sandbox is not None
    return events(page_context, sandbox, heartbeat_seconds=0.01, pause_seconds=0)


def changes(house: House) -> Any:
    assert house.viewers.sandbox is not None
    return house.viewers.sandbox.changes


async def next_event(flow: AsyncGenerator[bytes, None]) -> bytes:
    async with asyncio.timeout(5):
        return await anext(flow)


async def test_the_stream_sends_changes_and_heartbeats(sandbox: House, acme: Account) -> None:
    other = await sandbox.account("other")
    flow = open_stream(await context_of(sandbox, "acme"))
    assert await next_event(flow) == b"retry: 2000\n\n"
    changes(sandbox).publish("phones", {other.id})
    assert await next_event(flow) == b":\n\n"
    changes(sandbox).publish("phones", {acme.id})
    changes(sandbox).publish("calls", {acme.id})
    assert await next_event(flow) == b"event: calls\ndata:\n\nevent: phones\ndata:\n\n"
    await flow.aclose()
    assert not changes(sandbox).has_subscribers


async def test_the_stream_ends_with_its_session(sandbox: House, acme: Account) -> None:
    page_context = await context_of(sandbox, "acme")
    flow = open_stream(page_context)
    assert await next_event(flow) == b"retry: 2000\n\n"
    assert await next_event(flow) == b":\n\n"
    await sandbox.sign_in.log_out(page_context.viewer.my_account.session.id)
    changes(sandbox).publish("phones", {acme.id})
    assert [piece async for piece in flow] == []
    assert not changes(sandbox).has_subscribers


async def test_the_stream_ends_with_the_server(sandbox: House, acme: Account) -> None:
    flow = open_stream(await context_of(sandbox, "acme"))
    await next_event(flow)
    assert sandbox.sandbox is not None
    sandbox.sandbox.stop()
    assert [piece async for piece in flow] == []


async def test_a_person_with_too_many_streams_gets_the_event_full(sandbox: House, acme: Account) -> None:
    flows = [open_stream(await context_of(sandbox, "acme")) for _ in range(SUBSCRIBERS_PER_PERSON)]
    for flow in flows:
        await next_event(flow)
    one_more = open_stream(await context_of(sandbox, "acme"))
    assert [piece async for piece in one_more] == [b"event: full\ndata:\n\n"]
    await flows[0].aclose()
    assert await next_event(open_stream(await context_of(sandbox, "acme"))) == b"retry: 2000\n\n"


async def test_a_head_request_takes_no_subscription(sandbox: House, acme: Account) -> None:
    reply = await stream(await context_of(sandbox, "acme"))
    assert dict(reply.headers)[b"content-type"] == b"text/event-stream"
    assert not changes(sandbox).has_subscribers
    browser = sandbox.browser()
    await browser.log_in("acme")
    answer = await browser.ask("HEAD", "/console/sandbox/stream")
    assert (answer.status, answer.header("content-type"), answer.body) == (200, "text/event-stream", b"")
    assert not changes(sandbox).has_subscribers
