"""Servers that misbehave as a test needs it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
import uvloop

from palomar.net.client.client import CallbackClient
from palomar.net.networks import AddressGuard

TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the default one takes 40 ms to make
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class ScriptedServer:
    """Runs a behaviour for every connection, numbered from 0; keeps the heads of the requests it read."""

    def __init__(self, behaviour, tls=None):
        self.behaviour = behaviour
        self.tls = tls
        self.connections = 0
        self.requests: list[bytes] = []
        self.tasks: set[asyncio.Task] = set()

    async def start(self):
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]

    def url(self, path="/", *, scheme="http", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{path}"

    async def request(self, reader):
        """Read one request, head and body."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
        body = await reader.readexactly(length)
        self.requests.append(head + body)
        return head + body

    async def _connected(self, reader, writer):
        number = self.connections
        self.connections += 1
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self.behaviour(self, reader, writer, number)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    async def stop(self):
        self.server.close()
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[ScriptedServer]]]:
    servers: list[ScriptedServer] = []

    async def start(behaviour, *, tls=None):
        server = ScriptedServer(behaviour, tls)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.stop()


@pytest_asyncio.fixture
async def make_client():
    """Clients that may reach the loopback, closed after the test."""
    clients = []

    def make(**settings):
        settings.setdefault("guard", AddressGuard(["127.0.0.0/8"]))
        settings.setdefault("tls", TRUSTING_NOBODY)
        clients.append(CallbackClient(**settings))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


def pytest_asyncio_loop_factories(config, item):
    """Both loops: uvloop is what runs, asyncio is always there."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
