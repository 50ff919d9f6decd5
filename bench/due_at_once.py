"""Measures what 100,000 messages that fall due in one second cost other senders: latency of sends, and memory.

    python bench/due_at_once.py
    python bench/due_at_once.py --due 100000 --rate 150 --seconds 20

A server with the simulator inside. Single sends come at a fixed rate, first while nothing else happens, then while the
scheduled ones fall due and leave. The exit status is 1 if the p99 of send has trebled, if it took 100 MiB more, or if a
message was not delivered; 2 if the run could not be made.
"""

import argparse
import asyncio
import base64
import itertools
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import figures
from gateways import Endpoint, GatewaySettings
from palomar_gateway import Palomar
from processes import BenchError, PeerProcess, claim_port, peak_mib, wait_until, with_descendants
from status_line import print_status

RECIPIENTS = 500
MAGIC = 99_900
"""Numbers whose last five digits are this or more are the simulator's magic numbers."""
LEAD_SECONDS = 25.0
"""The shortest time from the preparation of the second load until the messages fall due."""
END_SECONDS = 600.0


CONFIGURATION = """\
[carriers.simulator]
kind = "simulator"
history_limit = 5000

[callbacks]
allow_networks = ["127.0.0.0/8"]
"""


class Simulated(Palomar):
    """Palomar with the simulator inside."""

    def toml(self, setting: GatewaySettings) -> str:
        return CONFIGURATION


async def measure(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """Measure both loads; return their latencies in milliseconds, and peak memory in MiB before and after."""
    palomar = Simulated()
    async with AsyncExitStack() as ends:
        sink = PeerProcess("sink", directory)
        ends.push_async_callback(sink.stop)
        await sink.launch("sink.py", f"--port={claim_port(0, 'the sink')}")
        sink.order("go")
        messages = options.due + 2 * options.rate * options.seconds
        setting = GatewaySettings(
            directory=directory, smsc_port=0, sink_port=sink.ready["port"], http_port=0, messages=messages
        )
        ends.push_async_callback(palomar.stop)
        endpoint = await palomar.start(setting)
        (server,) = palomar.processes()
        alone = await _load(options, directory, setting, endpoint, "alone", ends)
        before_mib = peak_mib(with_descendants(server.pid))
        began = time.time()
        due = int(time.time() + LEAD_SECONDS + options.due / 4_000)
        await asyncio.to_thread(_schedule, options.due, endpoint, due)
        print_status(f"{options.due:,} messages scheduled in {time.time() - began:.1f} s\n")
        if time.time() > due - 1:
            raise BenchError("they fell due before all were scheduled: fewer of them, or a quicker machine")
        await asyncio.sleep(max(0.0, due - time.time() - options.seconds / 4))
        beside = await _load(options, directory, setting, endpoint, "beside", ends)

        async def settled() -> bool:
            waits = [await palomar.command("message", "list", "--state", s, "--limit", "1") for s in ("queued", "sent")]
            return not any(waits)

        end = time.monotonic() + END_SECONDS
        while not await settled():
            if time.monotonic() > end:
                break
            await asyncio.sleep(1.0)
        states = (await palomar.books())["states"]
        return {
            "alone": alone,
            "beside": beside,
            "before_mib": before_mib,
            "after_mib": peak_mib(with_descendants(server.pid)),
            "seconds": time.time() - due,
            "states": states,
        }


async def _load(
    options: argparse.Namespace,
    directory: Path,
    setting: GatewaySettings,
    endpoint: Endpoint,
    name: str,
    ends: AsyncExitStack,
) -> dict[str, float]:
    """Send single messages at the fixed rate; return how long the server took to answer them."""
    folder = directory / name
    folder.mkdir()
    load = PeerProcess("load", folder)
    ends.push_async_callback(load.stop)
    await load.launch(
        "load.py",
        *(f"--url={url}" for url in endpoint.urls),
        f"--login={endpoint.login}",
        f"--key={endpoint.key}",
        f"--callback={setting.callback}",
        f"--messages={options.rate * options.seconds}",
        f"--rate={options.rate}",
    )
    load.order("go")
    await wait_until(lambda: load.progress.get("finished"), options.seconds * 5 + 30, f"the load {name}")
    return figures.submit_spread(await load.finish())


def _schedule(messages: int, endpoint: Endpoint, due: int) -> None:
    """Schedule messages in requests of many recipients, all for the same second."""
    token = base64.b64encode(f"{endpoint.login}:{endpoint.key}".encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(due))
    harmless = (number for number in itertools.count() if number % 100_000 < MAGIC)
    for numbers in batched(itertools.islice(harmless, messages)):
        body = {
            "message": "A campaign",
            "scheduled": when,
            "recipient": [{"msisdn": f"346{number:08}"} for number in numbers],
        }
        request = urllib.request.Request(f"{endpoint.urls[0]}/json/send", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            if json.load(answer)["code"] != "0":
                raise BenchError("a scheduled request was refused")


def batched(numbers: Iterable[int]) -> Iterator[list[int]]:
    """Yield groups of as many as one request takes."""
    rest = iter(numbers)
    while some := list(itertools.islice(rest, RECIPIENTS)):
        yield some


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--due", type=int, default=100_000, help="messages that fall due at once")
    parser.add_argument("--rate", type=int, default=100, help="single sends a second beside them")
    parser.add_argument("--seconds", type=int, default=20, help="of each load")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="palomar-due-") as folder:
        try:
            found = asyncio.run(measure(options, Path(folder)))
        except BenchError as error:
            print_status(f"due_at_once: {error}\n")
            return 2
    alone, beside = found["alone"], found["beside"]
    grown = found["after_mib"] - found["before_mib"]
    print(f"| submit | alone | while {options.due:,} fall due |\n| --- | ---: | ---: |")
    for name in ("p50", "p99", "max"):
        print(f"| {name}, ms | {alone[name]:.1f} | {beside[name]:.1f} |")
    print(f"| peak memory, MiB | {found['before_mib']:.0f} | {found['after_mib']:.0f} |")
    print(f"\nall left and ended within {found['seconds']:.0f} s; {found['states']}")
    faults = [
        *(["the p99 of send has trebled"] if beside["p99"] > 3 * alone["p99"] else []),
        *([f"{grown:.0f} MiB more"] if grown > 100 else []),
        *(["not all were delivered"] if set(found["states"]) != {"delivered"} else []),
    ]
    print_status(f"{'; '.join(faults) or 'nothing wrong'}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
