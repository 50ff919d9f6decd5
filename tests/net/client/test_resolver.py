"""The resolver's own threads: a name whose server never answers keeps no other name waiting."""

import asyncio
import socket
import threading

import pytest

from palomar.net.client.resolver import LOOKUPS_AT_MOST, Resolver, ThreadedLookup
from palomar.net.networks import AddressGuard

HERE = AddressGuard(["127.0.0.0/8"])


async def test_a_name_is_resolved_by_the_system() -> None:
    resolver = Resolver(guard=HERE)
    assert await resolver.permitted("localhost")


async def test_names_that_hang_delay_no_other_name() -> None:
    goes_on = threading.Event()

    def system(host: str) -> list[str]:
        if host.startswith("hangs"):
            goes_on.wait(30)
        return ["127.0.0.1"]

    resolver = Resolver(guard=HERE, resolve=ThreadedLookup(LOOKUPS_AT_MOST, ask=system).look_up)
    hanging = [asyncio.create_task(resolver.permitted(f"hangs{number}")) for number in range(100)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await resolver.permitted("well") == ["127.0.0.1"]
    goes_on.set()
    assert await asyncio.gather(*hanging) == [["127.0.0.1"]] * 100


async def test_more_look_ups_than_there_may_be_are_refused_and_threads_are_given_back() -> None:
    goes_on = threading.Event()

    def system(host: str) -> list[str]:
        goes_on.wait(30)
        return ["127.0.0.1"]

    threads = ThreadedLookup(1, ask=system)
    first = asyncio.create_task(threads.look_up("a"))
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="too many"):
        await threads.look_up("b")
    goes_on.set()
    assert await first == ["127.0.0.1"]
    assert await threads.look_up("c") == ["127.0.0.1"]


async def test_an_error_of_the_system_is_raised() -> None:
    def system(host: str) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(socket.gaierror):
        await ThreadedLookup(1, ask=system).look_up("a")
