"""Measures the CPU cost of a callback: our HTTP client and aiohttp's, in turns, in one run, with the sink in another
process.

    PYTHONPATH=src python bench/callback_client.py [requests a turn] [turns]

Prints CPU microseconds of this process a callback (median of the turns) and their ratio.
"""

import asyncio
import multiprocessing
import ssl
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import uvloop

from palomar.net.client.client import CallbackClient
from palomar.net.networks import AddressGuard
from palomar.ports import HttpOutcome, HttpRequest

AT_ONCE = 8
UNUSED_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the default one takes 40 ms to make, once a process
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
PATH = "/ack?acklevel=handset&msisdn=5212221234567&status=ok&desc=DELIVRD&subid={}&timestamp=2026-02-26%2012:00"

Turn = Callable[[str, int], Awaitable[None]]


class Sink(asyncio.Protocol):
    """Answers every block that ends a head; the requests here are GETs in one segment."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)


def sink(pipe: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())


async def ours(base: str, requests: int) -> None:
    client = CallbackClient(guard=AddressGuard(["127.0.0.0/8"]), slots_a_host=AT_ONCE, tls=UNUSED_TLS)
    ended = asyncio.Event()
    left = outstanding = requests

    def done(outcome: HttpOutcome) -> None:
        nonlocal outstanding
        if outcome.status != 200:
            raise SystemExit(f"failed: {outcome}")
        outstanding -= 1
        if left:
            following()
        elif not outstanding:
            ended.set()

    def following() -> None:
        nonlocal left
        left -= 1
        client.start(HttpRequest(method="GET", url=base + PATH.format(left)), done)

    for _ in range(AT_ONCE):
        following()
    await ended.wait()
    await client.close()


async def aiohttps(base: str, requests: int) -> None:
    left = requests

    async def worker(session: aiohttp.ClientSession) -> None:
        nonlocal left
        while left:
            left -= 1
            async with session.get(base + PATH.format(left), allow_redirects=False) as answer:
                await answer.read()

    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        await asyncio.gather(*(worker(session) for _ in range(AT_ONCE)))


async def compare(base: str, requests: int, turns: int) -> None:
    contenders: dict[str, Turn] = {"ours": ours, "aiohttp": aiohttps}
    cost: dict[str, list[float]] = {name: [] for name in contenders}
    rate: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, turn in contenders.items():
            cpu, wall = time.process_time(), time.perf_counter()
            await turn(base, requests)
            cost[name].append((time.process_time() - cpu) / requests * 1e6)
            rate[name].append(requests / (time.perf_counter() - wall))
    for name in contenders:
        print(f"{name:8} {statistics.median(cost[name]):7.1f} us CPU {statistics.median(rate[name]):9.0f}/s")
    print(f"ratio    {statistics.median(cost['aiohttp']) / statistics.median(cost['ours']):7.1f}")


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=sink, args=(there,), daemon=True)
    process.start()
    try:
        uvloop.run(compare(f"http://127.0.0.1:{here.recv()}", requests, turns))
    finally:
        process.kill()
        process.join()


if __name__ == "__main__":
    main()
