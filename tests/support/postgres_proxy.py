"""A proxy before PostgreSQL that loses connections exactly at a COMMIT, before or after the server has it."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
_LOOKS_FOR_ITS_MARK = b"RETURNING mark"


class Cut(StrEnum):
    """Where the connection is lost."""

    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"
    COMMIT_IS_LATE = "commit_is_late"
    """The client is cut off at once, the server gets the COMMIT only when the client already asks what became of it."""


class PostgresProxy:
    """Set ``cut`` and the next COMMIT is cut so; ``cuts`` counts them."""

    def __init__(self) -> None:
        self.cut: Cut | None = None
        self.cuts = 0
        self.refusing = False
        self._is_ending = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.at_commit: Callable[[], object] = bool
        """Called when a COMMIT passes, before the server has it."""
        self.folder = ""
        self._target: Path
        self._clients: set[asyncio.StreamWriter] = set()
        self._late: list[asyncio.StreamWriter] = []
        self._delivered: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, target: Path) -> AsyncIterator[None]:
        """Listen beside the server, under its socket's name in a folder of our own."""
        self._target = target
        with tempfile.TemporaryDirectory(prefix="palomar-proxy-") as folder:
            self.folder = folder
            server = await asyncio.start_unix_server(self._serve, Path(folder) / target.name)
            try:
                yield
            finally:
                server.close()
                self._is_ending = True
                self._flows.set()
                for writer in self._writers:
                    writer.transport.abort()
                if self._tasks:
                    await asyncio.wait(self._tasks, timeout=2.0)  # one that connects right now ends by itself
                for late in self._late + self._delivered:
                    late.transport.abort()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await server.wait_closed()

    def refuse(self) -> None:
        """Cut every connection and accept none until ``refusing`` is False again."""
        self.refusing = True
        for client in self._clients:
            client.transport.abort()

    def stall(self) -> None:
        """Take octets and connections, and let nothing pass either way: a network that swallows packets."""
        self._flows.clear()

    def flow(self) -> None:
        """Let everything pass again, what was held up too."""
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refusing:
            writer.transport.abort()
            return
        self._clients.add(writer)
        self._writers.add(writer)
        await self._flows.wait()
        from_server, to_server = await asyncio.open_unix_connection(self._target)
        self._writers.add(to_server)
        if self._is_ending:
            writer.transport.abort()
        answers = asyncio.create_task(self._answers(from_server, writer))
        try:
            await self._requests(reader, to_server, from_server, writer, answers)
        finally:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            self._clients.discard(writer)
            writer.transport.abort()
            if to_server not in self._late + self._delivered:
                to_server.transport.abort()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        answers: "asyncio.Task[None]",
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                await self._flows.wait()
                if _COMMIT in chunk:
                    self.at_commit()
                    if self.cut is not None:
                        await self._lose(chunk, to_server, from_server, answers)
                        return
                to_server.write(chunk)
                if self._late and _LOOKS_FOR_ITS_MARK in chunk:
                    await to_server.drain()
                    await self._deliver_late()

    async def _lose(
        self,
        chunk: bytes,
        to_server: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        answers: "asyncio.Task[None]",
    ) -> None:
        cut, self.cut = self.cut, None
        self.cuts += 1
        if cut is Cut.AFTER_COMMIT:
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            to_server.write(chunk)
            await from_server.read(1)
        elif cut is Cut.COMMIT_IS_LATE:
            self._late.append(to_server)

    async def _deliver_late(self) -> None:
        late, self._late = self._late, []
        self._delivered += late
        for server in late:
            server.write(_COMMIT)
            await server.drain()

    async def _answers(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                await self._flows.wait()
                client.write(chunk)
        client.transport.abort()


class ProxyThread:
    """The proxy in a thread of its own, for tests that are no coroutines."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "ProxyThread":
        self._thread.start()
        self._proxy = PostgresProxy()
        self._listening = self._proxy.listening(self._target)
        asyncio.run_coroutine_threadsafe(self._listening.__aenter__(), self._loop).result(5)
        return self

    def __exit__(self, *exception: object) -> None:
        self.flow()
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ended(self) -> None:
        await self._listening.__aexit__(None, None, None)
        await asyncio.sleep(0.1)  # what was cut is closed in the turns after

    @property
    def folder(self) -> str:
        return self._proxy.folder

    def stall(self) -> None:
        self._loop.call_soon_threadsafe(self._proxy.stall)

    def flow(self) -> None:
        self._loop.call_soon_threadsafe(self._proxy.flow)
