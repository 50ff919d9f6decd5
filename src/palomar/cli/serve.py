"""``palomar serve``: run the server, handle signals, and print what a first start shows."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click
import structlog

from palomar.app import config as configuration
from palomar.app.config import Config, ConfigError
from palomar.app.data_directory import StartError, opened_database
from palomar.cli.root import configured, fail
from palomar.cli.trial.first_start import Trial
from palomar.storage.database import DatabaseError

if TYPE_CHECKING:
    from palomar.app.server import Server

LAST_SECONDS = 14.5
"""Seconds after which a stop is forced: SIGTERM ends the process within 15 s, whatever happens."""

_log = structlog.get_logger(__name__)


@click.command()
def serve() -> None:
    """Run the server until SIGTERM or Ctrl-C (a second one ends it at once; SIGHUP reads files again)."""
    import uvloop  # imported here, like the server below: no other command needs it

    from palomar.net.server import ListenError

    config = configured()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(config))
    except (StartError, ListenError, DatabaseError) as error:
        fail(str(error))
    except BaseExceptionGroup as group:
        known = group.subgroup((StartError, ListenError, DatabaseError))
        if known is None:
            raise
        fail(str(_first(known)))


async def _serve(config: Config) -> None:
    from palomar.app.server import Server

    stopping = _on_signals()
    async with opened_database(config) as database:
        server = Server(config, database)
        trial = Trial(config, database)

        async def begin() -> None:
            if await trial.begin():
                await server.directory.reload()

        with contextlib.suppress(asyncio.CancelledError):
            async with server.running(before=trial.end, listening=begin):
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _read_again, server)
                _spare_the_collector()
                _greet(config, server, trial.lines(server.urls[0]))
                await stopping.wait()
                _log.info("stopping")
    _log.info("stopped")


def _read_again(server: "Server") -> None:
    """Read certificates and configuration again; if a fault is found, log it and keep everything as it is."""
    server.reload_tls()
    try:
        config = configuration.load()
    except ConfigError as error:
        _log.error("the configuration is not taken over", faults=error.faults)
        return
    server.adjust_carriers(config)


def _spare_the_collector() -> None:
    """Make garbage collection rarer: exclude what was built at the start, and raise the thresholds, because messages
    make no cycles. This saves some 5 % of the processor time of a message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _on_signals() -> asyncio.Event:
    """Handle SIGTERM and SIGINT: the first sets the event that is returned, the second ends the process at once.

    A stop that takes too long ends the process too: a disk that hangs inside a COMMIT would hold it up, and ``kill -9``
    is safe at any time.
    """
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()
        last = threading.Timer(LAST_SECONDS, _end_at_once)
        last.daemon = True
        last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


def _end_at_once() -> None:
    _log.error("stopping takes too long: ended at once, which is as safe as kill -9")
    os._exit(1)


def _greet(config: Config, server: "Server", first_lines: list[str]) -> None:
    """Print what a person at a terminal needs to know, on stderr: stdout stays empty."""
    url = server.urls[0]
    _log.info("serving", url=url, carriers=[carrier.name for carrier in config.carriers], pid=os.getpid())
    lines = [f"Palomar serves at {url}"]
    if config.simulated:
        lines.append("No carrier is configured: messages go to the embedded simulator, nothing leaves this machine.")
    networks = config.callback_networks
    if networks:
        lines.append(f"Callbacks may go to these private networks: {', '.join(networks)}.")
    lines.extend(first_lines)
    click.echo("\n" + "\n".join(lines) + "\n", err=True)
    sys.stderr.flush()


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
