"""The in-memory transport behaves as asyncio's transports do."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.simulator.memory_transport import HIGH_WATER, join


class Recorder(asyncio.Protocol):
    """A protocol that records the calls of its transport."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = b""
        self.reads = 0
        self.log: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.reads += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.log.append("lost")

    def pause_writing(self) -> None:
        self.log.append("pause")

    def resume_writing(self) -> None:
        self.log.append("resume")


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_writes_of_one_turn_arrive_as_one_read_in_order() -> None:
    near, far = Recorder(), Recorder()
    transport = join(near, far)
    transport.write(b"a")
    transport.write(b"bc")
    assert far.received == b""
    await turns()
    assert (far.received, far.reads) == (b"abc", 1)


async def test_closing_delivers_written_octets_and_then_ends_both_sides() -> None:
    near, far = Recorder(), Recorder()
    transport = join(near, far)
    transport.write(b"last words")
    transport.close()
    transport.write(b"too late")
    await turns()
    assert far.received == b"last words"
    assert near.log == ["lost"]
    assert far.log == ["lost"]


async def test_a_reader_that_pauses_pauses_its_writer() -> None:
    near, far = Recorder(), Recorder()
    transport = join(near, far)
    assert far.transport is not None
    far.transport.pause_reading()
    transport.write(b"x" * (HIGH_WATER + 1))
    await turns()
    assert near.log == ["pause"]
    assert far.received == b""
    far.transport.resume_reading()
    await turns()
    assert near.log == ["pause", "resume"]
    assert len(far.received) == HIGH_WATER + 1


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=20)), max_size=40))
def test_any_mix_of_writes_arrives_whole(writes: list[tuple[bool, bytes]]) -> None:
    async def scenario() -> None:
        near, far = Recorder(), Recorder()
        join(near, far)
        assert near.transport is not None
        assert far.transport is not None
        for from_near, data in writes:
            (near if from_near else far).transport.write(data)  # type: ignore[union-attr]
            if len(data) % 3 == 0:
                await asyncio.sleep(0)
        await turns()
        assert far.received == b"".join(data for from_near, data in writes if from_near)
        assert near.received == b"".join(data for from_near, data in writes if not from_near)

    asyncio.run(scenario())
