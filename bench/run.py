"""Measures a gateway: starts it, an SMSC, a callback sink and a load, and prints a table.

    python bench/run.py                                  10,000 single requests over 32 connections
    python bench/run.py --against kannel-spool --repeat 3     the same on Kannel, in turns, and the ratios
    python bench/run.py --rate 300 --messages 9000       latency at 300 requests a second
    python bench/run.py --kill-after 3000                kill -9 in the middle, restart, count
    python bench/run.py --postgres start --nodes 2 --kill-after 3000

docs/performance.md says what each figure means. The exit status is 1 if a message was lost, doubled or wrongly billed,
2 if the run could not be made.
"""

import argparse
import asyncio
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import figures
from gateways import PASSWORD, SYSTEM_ID, Gateway, GatewaySettings, Null
from kannel.gateway import Kannel
from machine import busy_seconds, machine
from palomar_gateway import Palomar
from postgres import START, Postgres
from processes import BenchError, PeerProcess, claim_port, cpu_seconds, peak_mib, with_descendants
from status_line import print_status

GATEWAYS: dict[str, Callable[[], Gateway]] = {
    "palomar": Palomar,
    "kannel": lambda: Kannel(durable=False),
    "kannel-spool": lambda: Kannel(durable=True),
    "null": Null,
}
POLL_SECONDS = 0.02
SETTLE_SECONDS = 0.5  # for what comes twice
SETTLE_AFTER_KILL_SECONDS = 3.0


class Run:
    """One measurement of one gateway, from an empty directory to figures."""

    def __init__(self, gateway: Gateway, options: argparse.Namespace, directory: Path) -> None:
        self._gateway = gateway
        self._options = options
        self._directory = directory
        self._killed_cpu = self._peak = 0.0
        self._postgres: Postgres | None = None
        self.killed = False

    async def measure(self) -> figures.Figures:
        """Run and return the figures; every process is ended, even after an error."""
        options = self._options
        async with AsyncExitStack() as ends:
            self._smsc, self._sink, self._load = (
                PeerProcess(name, self._directory) for name in ("smsc", "sink", "load")
            )
            for process in (self._smsc, self._sink, self._load):
                ends.push_async_callback(process.stop)
            await self._smsc.launch(
                "smsc.py",
                f"--port={claim_port(options.smsc_port, 'the SMSC')}",
                f"--system-id={SYSTEM_ID}",
                f"--password={PASSWORD}",
                f"--receipt-delay={options.receipt_delay}",
            )
            port = claim_port(options.sink_port, "the sink")
            await self._sink.launch("sink.py", f"--port={port}", f"--batch={options.batch}")
            await self._start_gateway(ends)
            return await self._under_load()

    async def _start_gateway(self, ends: AsyncExitStack) -> None:
        options = self._options
        database_url = ""
        if options.postgres and isinstance(self._gateway, Palomar):
            self._postgres = Postgres(options.postgres)
            ends.push_async_callback(self._postgres.close)
            database_url = await self._postgres.open(self._directory)
        setting = GatewaySettings(
            directory=self._directory,
            smsc_port=self._smsc.ready["port"],
            sink_port=self._sink.ready["port"],
            http_port=options.http_port,
            messages=options.messages,
            nodes=options.nodes,
            database_url=database_url,
        )
        ends.push_async_callback(self._gateway.stop)
        endpoint = await self._gateway.start(setting)
        await self._load.launch(
            "load.py",
            *(f"--url={url}" for url in endpoint.urls),
            f"--dialect={endpoint.dialect}",
            f"--login={endpoint.login}",
            f"--key={endpoint.key}",
            f"--callback={setting.callback}",
            f"--messages={options.messages}",
            f"--connections={options.connections}",
            f"--rate={options.rate}",
            f"--batch={options.batch}",
        )

    async def _under_load(self) -> figures.Figures:
        for process in (self._smsc, self._sink):
            process.order("go")
        cpu, postgres_cpu, other, began = self._cpu(), self._postgres_cpu(), self._other_cpu(), time.monotonic()
        self._load.order("go")
        await self._until_final()
        cpu, postgres_cpu = self._cpu() - cpu, self._postgres_cpu() - postgres_cpu
        others = (self._other_cpu() - other) / (time.monotonic() - began)
        await self._until_quiet(SETTLE_AFTER_KILL_SECONDS if self.killed else SETTLE_SECONDS)
        self._peak = max(self._peak, self._peak_now())
        load, totals = await self._load.finish(), await self._gateway.totals()
        sink, smsc = await self._sink.finish(), await self._smsc.finish()
        run = figures.figures(load=load, sink=sink, smsc=smsc, batch=self._options.batch)
        thousands = max(run["messages"], 1) / 1000
        run |= {
            "gateway": self._gateway.name,
            "cpu_per_1000": cpu / thousands,
            "peak_mib": self._peak,
            "others": others,
        }
        if self._postgres is not None and self._postgres.postmaster:
            run["cpu_per_1000_with_postgres"] = (cpu + postgres_cpu) / thousands
        return run | _audit(totals, run["messages"])

    async def _until_final(self) -> None:
        """Wait until every accepted message has both callbacks, or nothing has moved for ``--patience`` seconds."""
        options, moved, seen = self._options, time.monotonic(), (0, 0)
        deadline = moved + options.timeout
        while True:
            load, sink = self._load.progress, self._sink.progress
            accepted, callbacks = load.get("accepted", 0), sink.get("callbacks", 0)
            wanted = accepted * options.batch
            both = min(sink.get("finals", 0), sink.get("operators", 0) + (wanted if self.killed else 0))
            if load.get("finished") and both >= wanted:
                return
            if options.kill_after and not self.killed and wanted >= options.kill_after:
                await self._kill()
            now = time.monotonic()
            if (accepted, callbacks) != seen:
                seen, moved = (accepted, callbacks), now
            if now - moved > options.patience or now > deadline:
                print_status(f"{self._gateway.name}: gave up waiting for callbacks\n")
                return
            for process in (self._load, self._sink, self._smsc, *self._gateway.processes()):
                process.check()
            print_status(
                f"{self._gateway.name}: {wanted:,} accepted, {sink.get('finals', 0):,} final   \r", terminal=True
            )
            await asyncio.sleep(POLL_SECONDS)

    async def _until_quiet(self, seconds: float) -> None:
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < seconds:
            await asyncio.sleep(POLL_SECONDS)
            callbacks = self._sink.progress.get("callbacks", 0)
            if callbacks != seen:
                seen, since = callbacks, time.monotonic()

    async def _kill(self) -> None:
        self._peak = self._peak_now()
        self._killed_cpu += cpu_seconds(with_descendants(self._gateway.processes()[0].pid))
        await self._gateway.kill()
        self.killed = True
        if self._options.nodes == 1:
            await self._gateway.restart()

    def _cpu(self) -> float:
        return self._killed_cpu + sum(cpu_seconds(with_descendants(p.pid)) for p in self._gateway.processes())

    def _other_cpu(self) -> float:
        """Return the CPU seconds of everything on the machine that is no part of this run."""
        peers = sum(cpu_seconds([peer.pid]) for peer in (self._smsc, self._sink, self._load))
        return busy_seconds() - self._cpu() - self._postgres_cpu() - peers - time.process_time()

    def _postgres_cpu(self) -> float:
        if self._postgres is None or not self._postgres.postmaster:
            return 0.0
        return cpu_seconds(with_descendants(self._postgres.postmaster))

    def _peak_now(self) -> float:
        return sum(peak_mib(with_descendants(process.pid)) for process in self._gateway.processes())


def _audit(totals: dict[str, Any], accepted: int) -> figures.Figures:
    """Compare the gateway's own totals with the answers."""
    if not totals:
        return {}
    listed = sum(totals["states"].values())
    return {
        "states": totals["states"],
        "missing": max(accepted - listed, 0),
        "not_final": listed - sum(totals["states"].get(state, 0) for state in totals["final"]),
        "ledger_off": totals["credits"] - listed - totals["balance"],
        "reserved": totals["reserved"],
    }


async def _all(options: argparse.Namespace) -> dict[str, list[figures.Figures]]:
    stop = asyncio.current_task().cancel
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)  # so that everything started is ended
    names = [options.gateway, *(name for name in options.against if name != options.gateway)]
    runs: dict[str, list[figures.Figures]] = {name: [] for name in names}
    for turn in range(options.repeat):
        for name in names:
            directory = Path(tempfile.mkdtemp(prefix=f"palomar-bench-{name}-"))
            run = Run(GATEWAYS[name](), options, directory)
            try:
                figured = await run.measure()
            except BenchError as error:
                raise BenchError(f"{error}\n(the logs are in {directory})") from None
            except asyncio.CancelledError:
                shutil.rmtree(directory, ignore_errors=True)
                raise
            faults = figures.faults_of(figured, killed=run.killed)
            if options.kill_after and not run.killed:
                faults.append("the kill never happened: fewer were accepted than --kill-after says")
            runs[name].append(figured | {"faults": faults})
            print_status(f"{name} {turn + 1}/{options.repeat}: {figured['per_second']:,.0f}/s, ")
            print_status(f"{figured['cpu_per_1000']:.3f} CPU s/1000; {'; '.join(faults) or 'nothing faults_of'}\n")
            if faults or options.keep:
                print_status(f"  logs kept in {directory}; first problem met: {figured['problem'] or 'none'}\n")
            else:
                shutil.rmtree(directory, ignore_errors=True)
    return runs


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--gateway", choices=GATEWAYS, default="palomar", help="what is measured")
    add("--against", choices=GATEWAYS, action="append", default=[], help="measured in turns with it; may be repeated")
    add("--messages", type=int, default=10_000)
    add("--connections", type=int, default=32)
    add("--rate", type=float, default=0.0, help="requests a second, at fixed times; 0: as fast as it goes")
    add("--batch", type=int, default=1, metavar="K", help="recipients a request (not Kannel)")
    add("--receipt-delay", type=float, default=0.0, metavar="SECONDS", help="between the SMSC's answer and its receipt")
    add("--postgres", metavar="URL", default="", help=f"Palomar on a new database there; {START!r}: on a new server")
    add("--nodes", type=int, default=1, help="Palomar servers on one PostgreSQL")
    add("--kill-after", type=int, default=0, metavar="N", help="kill -9 the (first) server after N accepted messages")
    add("--repeat", type=int, default=1, help="the table shows medians")
    add("--json", metavar="FILE", help="all figures of all runs")
    add("--keep", action="store_true", help="keep the directories with logs and data")
    add("--patience", type=float, default=20.0, metavar="SECONDS", help="without any callback before giving up")
    add("--timeout", type=float, default=300.0, metavar="SECONDS", help="for the load of one run")
    add("--http-port", type=int, default=0, help="0: any free one; so for the next two")
    add("--smsc-port", type=int, default=0)
    add("--sink-port", type=int, default=0)
    options = parser.parse_args()
    if options.messages < 1 or options.messages % options.batch:
        parser.error("--messages must be a positive multiple of --batch")
    if options.batch > 1 and {options.gateway, *options.against} & {"kannel", "kannel-spool"}:
        parser.error("--batch is for FOXSYS requests; Kannel is measured with single ones")
    if options.nodes > 1 and not options.postgres:
        parser.error("--nodes needs --postgres")
    if options.kill_after and {options.gateway, *options.against} != {"palomar"}:
        parser.error("--kill-after is for Palomar alone")
    return options


def main() -> int:
    options = _options()
    here = machine()
    try:
        runs = asyncio.run(_all(options))
    except BenchError as error:
        print_status(f"bench: {error}\n")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print_status("bench: interrupted; everything that was started is ended\n")
        return 130
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, a synced write {here['sync_ms']} ms")
    print(f"{options.messages:,} messages, {options.connections} connections, medians of {options.repeat}\n")
    print(figures.table(runs))
    if options.json:
        Path(options.json).write_text(json.dumps({"machine": here, "options": vars(options), "runs": runs}, indent=1))
    return int(any(run["faults"] for of in runs.values() for run in of))


if __name__ == "__main__":
    sys.exit(main())
