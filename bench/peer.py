"""The life of a bench process: ready line, orders, progress, its own CPU, report, end.

A peer prints JSON lines on stdout. With ``--controlled`` (how run.py starts it) it obeys lines on stdin: ``go`` and
``stop``; stdin's end stops it too, so that no peer outlives a run.py that died. Without, it runs until SIGINT, SIGTERM
or the end of its work. Not here: the work of a peer.
"""

import argparse
import asyncio
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import uvloop

PROGRESS_SECONDS = 0.05
ALONE_PROGRESS_SECONDS = 1.0


class Peer(Protocol):
    """The port of load.py, sink.py and smsc.py."""

    async def open(self) -> dict[str, Any]:
        """Listen, or prepare; return what the ready line shows, such as the port."""

    def go(self) -> Awaitable[None] | None:
        """Begin; a load generator returns what ends with its work, a listener None."""

    def progress(self) -> dict[str, Any]:
        """Return a few counters, cheap enough to be read twenty times a second."""

    def summary(self) -> dict[str, Any]:
        """Return the counters that a person wants at the end."""

    def records(self) -> dict[str, Any]:
        """Return what was seen of each message, for the report file."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--controlled", action="store_true", help="obey stdin: go, stop (run.py uses it)")
    parser.add_argument("--report", metavar="FILE", help="write what was seen of each message there, as JSON")


def run(peer: Peer, options: argparse.Namespace) -> int:
    """Run ``peer`` to its end; return the exit status, 1 with one line on stderr if it could not start."""
    try:
        uvloop.run(_live(peer, options))
    except OSError as error:
        print(f"{sys.argv[0]}: {error}", file=sys.stderr)
        return 1
    return 0


async def _live(peer: Peer, options: argparse.Namespace) -> None:
    stopped, go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    _print({"ready": {"pid": os.getpid(), **await peer.open()}})
    gc.freeze()
    gc.disable()  # nothing here makes cycles; a pause would be taken for the gateway's
    if options.controlled:
        await _read_orders(go, stopped)
    else:
        go.set()
    await _first(go.wait(), stopped.wait())
    cpu = Cpu()
    begun = peer.go() if go.is_set() else None
    work = None if begun is None else asyncio.ensure_future(begun)
    every = PROGRESS_SECONDS if options.controlled else ALONE_PROGRESS_SECONDS
    ticker = asyncio.ensure_future(_tick(peer, cpu, every))
    if work is None or options.controlled:
        await stopped.wait()
    else:
        await _first(work, stopped.wait())
    ticker.cancel()
    _report(peer, {**peer.summary(), "cpu_seconds": cpu.seconds()}, options.report)


def _report(peer: Peer, summary: dict[str, Any], file: str | None) -> None:
    if file:
        Path(file).write_text(json.dumps({**summary, **peer.records()}))
    _print({"summary": summary})


class Cpu:
    """User and system seconds of this process since it was made."""

    def __init__(self) -> None:
        self._start = self._now()

    def seconds(self) -> float:
        return round(self._now() - self._start, 4)

    @staticmethod
    def _now() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime


async def _read_orders(go: asyncio.Event, stopped: asyncio.Event) -> None:
    """Turn lines on stdin into events, from now on."""
    orders: dict[bytes, Callable[[], None]] = {b"go": go.set, b"stop": stopped.set}

    class Orders(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            for line in data.split():
                orders[line]()

        def eof_received(self) -> None:
            stopped.set()

    await asyncio.get_running_loop().connect_read_pipe(Orders, sys.stdin)


async def _tick(peer: Peer, cpu: Cpu, every: float) -> None:
    said: dict[str, Any] = {}
    while True:
        await asyncio.sleep(every)
        progress = peer.progress()
        if progress != said:
            said = progress
            _print({"progress": progress, "cpu_seconds": cpu.seconds()})


async def _first(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
