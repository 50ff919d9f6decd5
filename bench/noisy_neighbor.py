"""Measures what one account's misbehavior costs another: each trouble beside the quiet run.

    python bench/noisy_neighbor.py
    python bench/noisy_neighbor.py --seconds 60 --only dead,queued --database postgresql://...

One account sends a message a second and gets callbacks, while another one

    dead       has 20,000 callbacks waiting for servers that hang, and for ports that are closed
    same       has 3,000 callbacks waiting for paths that hang, on the very host of the other
    slow       has an endpoint on that host which takes three seconds for each of 2,000 callbacks
    queued     has 100,000 messages in the queue of a carrier that takes 20 a second
    passwords  tries wrong passwords as fast as it can, at three dialects
    blocked    sends by a carrier that binds and never answers
    rate       sends 200 requests a second where 10 are allowed

Printed are the 99th percentiles in milliseconds of the quiet account's acceptance (the request's answer), sending (from
the answer to the SMSC) and callback (from the receipt to its server). The exit status is 1 if one is more than twice
the quiet one and more than a second (acceptance: 100 ms); 2 if the run could not be made.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numbering
from gateways import Endpoint, GatewaySettings
from noisy_neighbor_peers import Customers, SilentSmsc, TimedSmsc
from noisy_neighbor_report import STEPS, Spread, faults_of, table
from palomar_gateway import Palomar
from processes import BenchError
from status_line import print_status
from troubles import TROUBLES, Troublemaker, http_request, post

CALLBACK_WAIT_SECONDS = 5.0
"""Wait for callbacks after the last message; one that has not come by then counts as that late."""
SETTLE_SECONDS = 3.0

CARRIER = """\
[carriers.{name}]
kind = "smpp"
host = "127.0.0.1"
port = {port}
system_id = "palomar"
password = "secret"
bind = "transceiver"
links = 1
window = 50
parts_per_second = {pace}

"""

ELSE = """\
[sending]
default_sender = "Bench"

[callbacks]
allow_networks = ["127.0.0.0/8"]
"""


class ThreeCarriers(Palomar):
    """Palomar with a good carrier, a slow one and one that never answers."""

    def __init__(self, ports: dict[str, int]) -> None:
        self._smscs = ports

    def toml(self, setting: GatewaySettings) -> str:
        paces = {"main": 0, "slow": 20, "silent": 0}
        carriers = "".join(CARRIER.format(name=name, port=port, pace=paces[name]) for name, port in self._smscs.items())
        return carriers + ELSE


class Neighbor:
    """The account that behaves well."""

    def __init__(self, endpoint: Endpoint, port: int, smsc: TimedSmsc, customers: Customers) -> None:
        self._endpoint = endpoint
        self._port = port
        self._smsc = smsc
        self._customers = customers
        self._sent = 0

    async def measure(self, seconds: int) -> Spread:
        """Send a message a second for so long; return the 99th percentile of each step in milliseconds."""
        began = time.monotonic()
        sends = []
        for number in range(seconds):
            await asyncio.sleep(max(began + number - time.monotonic(), 0.0))
            self._sent += 1
            sends.append(asyncio.create_task(self._send(numbering.number_of(self._sent))))
        answered: dict[int, tuple[float, float]] = dict(await asyncio.gather(*sends))
        end = time.monotonic() + CALLBACK_WAIT_SECONDS
        while time.monotonic() < end and not self._customers.told.keys() >= answered.keys():  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # a poll, once at the end
        late = time.monotonic()
        took: dict[str, list[float]] = {step: [] for step in STEPS}
        for number, (start, answer) in answered.items():
            came = self._smsc.came.get(number, late)
            told = self._customers.told.get(number, late)
            took["acceptance"].append(answer - start)
            took["sending"].append(max(came - answer, 0.0))  # it may leave before its answer is read
            took["callback"].append(told - came)
        return {step: _p99(values) * 1_000 for step, values in took.items()}

    async def _send(self, number: int) -> tuple[int, tuple[float, float]]:
        document = {
            "message": "Your code is 402-402",
            "recipient": [{"msisdn": str(number)}],
            "ackurl": f"http://127.0.0.1:{self._customers.port}/good",
        }
        start = time.monotonic()
        try:
            request = post("/json/send", document, login=self._endpoint.login, key=self._endpoint.key)
            status, body = await asyncio.wait_for(http_request(self._port, request), 60.0)
            is_taken = status == 200 and json.loads(body)["code"] == "0"
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            is_taken = False
        return number, (start, time.monotonic() if is_taken else start + 60.0)


def _p99(values: list[float]) -> float:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


async def measure(options: argparse.Namespace, directory: Path) -> dict[str, Spread]:
    """Measure the quiet run, and one beside each trouble."""
    smsc, silent, customers = TimedSmsc(), SilentSmsc(), Customers()
    main = (await smsc.open())["port"]
    ports = {"main": main, "slow": main, "silent": (await silent.open())["port"]}
    await customers.open()
    palomar = ThreeCarriers(ports)
    async with AsyncExitStack() as ends:
        ends.push_async_callback(palomar.stop)
        endpoint = await palomar.start(
            GatewaySettings(
                directory=directory,
                smsc_port=main,
                sink_port=customers.port,
                http_port=options.http_port,
                messages=1_000_000,
                database_url=options.database,
            )
        )
        port = int(endpoint.urls[0].rpartition(":")[2])
        await palomar.command("route", "add", "main")
        await asyncio.sleep(SETTLE_SECONDS)
        neighbor = Neighbor(endpoint, port, smsc, customers)
        found = {"quiet": await neighbor.measure(options.seconds)}
        _print("quiet", found["quiet"])
        for name in options.only or TROUBLES:
            pace = "10" if name == "rate" else "0"
            words = ("account", "add", name, "--credits", "1000000", "--requests-per-second", pace)
            added = await palomar.command(*words)
            trouble = Endpoint(dialect="foxsys", urls=endpoint.urls, login=added["login"], key=added["api_key"])
            account = Troublemaker(palomar=palomar, endpoint=trouble, port=port, customers=customers)
            began = time.monotonic()
            await TROUBLES[name](account)
            print_status(f"{name}: made in {time.monotonic() - began:.1f} s\n")
            found[name] = await neighbor.measure(options.seconds)
            _print(name, found[name])
            await account.end()
        return found


def _print(name: str, spread: Spread) -> None:
    print_status(f"{name}: {', '.join(f'{step} {spread[step]:.1f} ms' for step in STEPS)}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30, help="messages, one a second, beside each trouble")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="these troubles, by a comma")
    parser.add_argument("--http-port", type=int, default=0, help="Palomar's; 0: any free one")
    parser.add_argument("--database", default="", help="postgresql://...; SQLite by default")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options: Any = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="palomar-noisy-") as folder:
        try:
            found = asyncio.run(measure(options, Path(folder)))
        except BenchError as error:
            print_status(f"noisy_neighbor: {error}\n")
            return 2
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found))
    faults = faults_of(found)
    print_status(f"{chr(10).join(faults) or 'nothing wrong'}\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
