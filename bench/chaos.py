"""Runs Palomar with a simulator that does everything wrong, and checks what became of every message.

    python bench/chaos.py                                   50,000 messages under the script "everything"
    python bench/chaos.py --messages 1500 --seed 3 --script "everything,half-open=0.1%"

A server as users start it, with the simulator inside, takes the messages over the FOXSYS API and calls back. When no
callback comes any more, the sandbox clock jumps past the validity of the messages whose receipts the script has lost.
The exit status is 1 if a message was lost, doubled against the policy, not final, without its final callback, or
wrongly billed, or if memory grew; 2 if the run could not be made.
"""

import argparse
import asyncio
import json
import shutil
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import apsw

import chaos_report
from gateways import GatewaySettings
from machine import machine
from palomar_gateway import Palomar
from processes import BenchError, PeerProcess, Process, claim_port, peak_mib, with_descendants
from status_line import print_status

POLL_SECONDS = 0.05
VALIDITY_OVER = "80h"
"""A message without a receipt ends after 72 hours and 6 more."""
CONFIGURATION = """\
[carriers.chaos]
kind = "simulator"
chaos = "{script},seed={seed}"
answer_timeout_seconds = {timeout}
history_limit = 5000

[callbacks]
allow_networks = ["127.0.0.0/8"]
"""


class ChaosPalomar(Palomar):
    """Palomar with such a simulator inside. Its account lets a part be sent again many times: this carrier loses both
    copies of many, and a part that is held, as by default, would wait for a receipt that nobody sends."""

    account_settings = ("resend_times=20", "resend_pause=1", "resend_factor=1")

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def toml(self, setting: GatewaySettings) -> str:
        options = self._options
        return CONFIGURATION.format(script=options.script, seed=options.seed, timeout=options.answer_timeout)

    @property
    def server(self) -> Process:
        return self.processes()[0]


class Run:
    """One run, from an empty directory to its report."""

    def __init__(self, options: argparse.Namespace, directory: Path) -> None:
        self._options = options
        self._directory = directory
        self._palomar = ChaosPalomar(options)
        self._memory: dict[int, float] = {}
        self._jumped = False

    async def measure(self) -> dict[str, Any]:
        """Run and return the report; every process is ended, even after an error."""
        options = self._options
        async with AsyncExitStack() as ends:
            self._sink, self._load = (PeerProcess(name, self._directory) for name in ("sink", "load"))
            for process in (self._sink, self._load):
                ends.push_async_callback(process.stop)
            await self._sink.launch("sink.py", f"--port={claim_port(0, 'the sink')}")
            setting = GatewaySettings(
                directory=self._directory,
                smsc_port=0,
                sink_port=self._sink.ready["port"],
                http_port=0,
                messages=options.messages,
            )
            ends.push_async_callback(self._palomar.stop)
            endpoint = await self._palomar.start(setting)
            await self._load.launch(
                "load.py",
                *(f"--url={url}" for url in endpoint.urls),
                f"--login={endpoint.login}",
                f"--key={endpoint.key}",
                f"--callback={setting.callback}",
                f"--messages={options.messages}",
                f"--connections={options.connections}",
            )
            began = time.monotonic()
            for process in (self._sink, self._load):
                process.order("go")
            await self._until_final()
            seconds = time.monotonic() - began
            totals, log = await self._palomar.totals(), self._palomar.server.log
            load, sink = await self._load.finish(), await self._sink.finish()
            await self._palomar.stop()
        return chaos_report.report(
            load=load,
            sink=sink,
            totals=totals,
            counters=_simulator_counters(log),
            stored=_database_counts(self._directory),
            memory=self._memory,
            seconds=seconds,
        )

    async def _until_final(self) -> None:
        """Wait until every accepted message has its final callback; let the clock jump once if no callback comes
        before."""
        options, seen, moved = self._options, (0, 0), time.monotonic()
        deadline = moved + options.timeout
        while True:
            accepted, finals = self._load.progress.get("accepted", 0), self._sink.progress.get("finals", 0)
            self._mark(finals)
            if self._load.progress.get("finished") and finals >= accepted:
                self._mark(options.messages)
                return
            now = time.monotonic()
            if (accepted, finals) != seen:
                seen, moved = (accepted, finals), now
            if now > deadline or (self._jumped and now - moved > options.patience):
                print_status("gave up waiting: messages are missing\n")
                self._mark(options.messages)
                return
            if not self._jumped and now - moved > options.quiet and self._load.progress.get("finished"):
                moved = time.monotonic()
                if await self._all_left():
                    print_status(f"{accepted - finals:,} wait for receipts that were lost: {VALIDITY_OVER} pass\n")
                    await self._palomar.command("clock", "jump", VALIDITY_OVER)
                    self._jumped = True
            for process in (self._load, self._sink, self._palomar.server):
                process.check()
            print_status(f"{accepted:,} accepted, {finals:,} final   \r", terminal=True)
            await asyncio.sleep(POLL_SECONDS)

    async def _all_left(self) -> bool:
        """Return True if the simulator has every message: a slow link is no reason to let time pass."""
        return not await self._palomar.command("message", "list", "--state", "queued", "--limit", "1")

    def _mark(self, finals: int) -> None:
        for mark in chaos_report.MARKS:
            if mark not in self._memory and finals * 100 >= mark * self._options.messages:
                self._memory[mark] = peak_mib(with_descendants(self._palomar.server.pid))


def _simulator_counters(log: Path) -> dict[str, int]:
    """Read the counters of the simulator from the end of the server's log."""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        if '"the simulator has counted"' in line:
            return {name: value for name, value in json.loads(line).items() if isinstance(value, int)}
    raise BenchError("the server did not say what its simulator has counted")


def _database_counts(directory: Path) -> dict[str, int]:
    """Count what no command counts: repeated submits by policy, and receipts that belong to no part."""
    (file,) = directory.glob("data-0/palomar.db")
    database = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    doubts = database.execute("SELECT detail FROM events WHERE kind = 'in_doubt'")
    policies = [json.loads(detail)["policy"] for (detail,) in doubts]
    (orphans,) = database.execute("SELECT count(*) FROM orphans").fetchone()
    database.close()
    return {"resent": policies.count("resend"), "in_doubt": len(policies), "orphans": orphans}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--messages", type=int, default=50_000)
    add("--script", default="everything", help="what the simulator does wrong (palomar chaos items)")
    add("--seed", type=int, default=1)
    add("--connections", type=int, default=32)
    add("--answer-timeout", type=float, default=3.0, metavar="SECONDS", help="until an answer is given up")
    add("--quiet", type=float, default=15.0, metavar="SECONDS", help="without a callback before the clock jumps")
    add("--patience", type=float, default=60.0, metavar="SECONDS", help="without a callback after that")
    add("--timeout", type=float, default=1_800.0, metavar="SECONDS", help="for the whole run")
    add("--json", metavar="FILE", help="the report")
    add("--keep", action="store_true", help="keep the directory with logs and data")
    options = parser.parse_args()
    if options.messages < 1:
        parser.error("--messages: one at least")
    return options


async def _run(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # so that what was started is ended
    return await Run(options, directory).measure()


def main() -> int:
    options = _options()
    directory = Path(tempfile.mkdtemp(prefix="palomar-chaos-"))
    try:
        report = asyncio.run(_run(options, directory))
    except BenchError as error:
        print_status(f"chaos: {error}\n(the logs are in {directory})\n")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        print_status("chaos: interrupted; everything that was started is ended\n")
        shutil.rmtree(directory, ignore_errors=True)
        return 130
    found, here = chaos_report.faults(report), machine()
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}; {options.script}, seed {options.seed}\n")
    print(chaos_report.table(report))
    if options.json:
        Path(options.json).write_text(
            json.dumps({"options": vars(options), "report": report, "faults": found}, indent=1)
        )
    print_status(f"{'; '.join(found) or 'nothing wrong'}\n")
    if found or options.keep:
        print_status(f"logs and data kept in {directory}; first problem met: {report['problem'] or 'none'}\n")
    else:
        shutil.rmtree(directory, ignore_errors=True)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
