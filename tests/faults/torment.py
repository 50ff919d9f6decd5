"""Kills without end under a mixed load, and what became of every message.

    .venv/bin/python -m tests.faults.torment --seed 7 --kills 100 --policy hold

Servers die at a sync that chance picks (``dying_server``), or by ``kill -9`` at any moment; the next one goes on with
the same data and the same load. Exit status 1 where something was lost, doubled against the policy, sent though it was
refused, or not called back. The short one stands in ``test_kills.py``.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.environment import ROOT
from tests.support.live_smsc import LiveSmsc
from tests.support.mixed_load import Heard, MixedLoad, make_customer
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

WINDOW = 20
UNSAVED = 200
_FIRST_SYNCS, _LAST_SYNC = 12, 150
_START_SECONDS = 30.0
_END_SECONDS = 60.0


@dataclass(kw_only=True)
class Outcome:
    """What a run came to; ``faults`` in words."""

    kills: int = 0
    accepted: int = 0
    refused: int = 0
    silent: int = 0
    doubled: int = 0
    called_back: int = 0
    faults: list[str] = field(default_factory=list)


def torment(folder: Path, *, seed: int, kills: int, policy: str, threads: int = 8) -> Outcome:
    """Make one run in an empty folder."""
    chance = random.Random(seed)
    with LiveSmsc() as smsc, Sink() as sink:
        toml = carrier_toml(smsc.port, window=WINDOW) + '\n[callbacks]\nallow_networks = ["127.0.0.0/8"]\n'
        palomar = Palomar(folder / "house", toml=toml)
        customers = [
            make_customer(palomar, f"{policy}{number}", f"unknown_outcome={policy}", "default_sender=Acme")
            for number in range(2)
        ]
        with MixedLoad(customers=customers, callback=sink.url, seed=seed, threads=threads, ahead_seconds=2.0) as load:
            served = 0
            for number in range(kills):
                before = len(load.heard(Heard.ACCEPTED))
                _one_death(palomar, folder, load, chance, number)
                served += len(load.heard(Heard.ACCEPTED)) > before
            with palomar.serve() as last:
                load.port = _port(last)
                before = len(load.heard(Heard.ACCEPTED))
                eventually(
                    lambda: len(load.heard(Heard.ACCEPTED)) > before + 20, within_seconds=30, what="the last one serves"
                )
                load.finish()
                time.sleep(load.ahead_seconds)
                _settle(palomar, load, smsc, sink)
                if last.stop() != 0:
                    raise AssertionError("the last server did not end well")
        outcome = _judged(palomar, load, smsc, sink, policy)
        outcome.kills = kills
        if served < kills / 2:
            outcome.faults.append(f"of {kills} servers only {served} accepted anything before they died")
        palomar.audit()
    return outcome


def _one_death(palomar: Palomar, folder: Path, load: MixedLoad, chance: random.Random, number: int) -> None:
    where, sync = chance.choice(("before", "after")), chance.randint(_FIRST_SYNCS, _LAST_SYNC)
    by_hand = chance.random() < 0.3
    command = [sys.executable, str(ROOT / "tests" / "support" / "dying_server.py")]
    command += [where, str(10**9 if by_hand else sync), "serve"]
    environment = palomar.environment | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    with Server(command, directory=folder, name=f"death{number}", environment=environment) as server:
        end = time.monotonic() + _START_SECONDS
        while server.running and "Palomar serves at" not in server.stderr:
            if time.monotonic() > end:
                raise AssertionError(f"not started: {server.stderr}")
            time.sleep(0.02)
        if server.running:
            load.port = _port(server)
        if by_hand:
            time.sleep(chance.uniform(0.2, 2.0))
            server.kill()
        eventually(lambda: not server.running, within_seconds=60, what=f"it dies {where} its sync {sync}")
        code = server.wait()
        if code != -signal.SIGKILL:
            raise AssertionError(f"it was not killed but ended with {code}:\n{server.stderr[-4000:]}")


def _port(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def _settle(palomar: Palomar, load: MixedLoad, smsc: LiveSmsc, sink: Sink) -> None:
    """Wait until nothing moves any more."""

    def looked() -> tuple[int, int]:
        waiting = sum(
            len(palomar.json("message", "list", "--limit", "0", "--state", state))
            for state in ("queued", "scheduled", "submitting")
        )
        return waiting, len(sink.callbacks())

    end, before = time.monotonic() + _END_SECONDS, (-1, -1)
    while (now := looked()) != before or now[0]:
        before = now
        if time.monotonic() > end:
            return
        time.sleep(1.0)


def _judged(palomar: Palomar, load: MixedLoad, smsc: LiveSmsc, sink: Sink, policy: str) -> Outcome:
    rows: list[dict[str, Any]] = palomar.json("message", "list", "--limit", "0")
    listed = Counter(row["msisdn"] for row in rows)
    states = Counter(row["state"] for row in rows)
    arrived = Counter(smsc.arrived)
    parts = {row["msisdn"]: row.get("parts", 1) for row in rows}
    accepted, refused, silent = (load.numbers(heard) for heard in Heard)
    told = Counter(each["msisdn"] for each in sink.callbacks() if each.get("acklevel") == "handset")
    wants = {sent.numbers[0] for sent in load.heard(Heard.ACCEPTED) if sent.wants_callback}
    extra = {number: arrived[number] - parts[number] for number in listed if arrived[number] > parts[number]}
    held = {row["msisdn"] for row in rows if row["state"] == "held"}
    outcome = Outcome(
        accepted=len(accepted),
        refused=len(refused),
        silent=len(silent),
        doubled=sum(extra.values()),
        called_back=len(wants & set(told)),
    )
    found = {
        "accepted and not stored": accepted - set(listed),
        "refused and stored": refused & set(listed),
        "refused and sent": refused & set(arrived),
        "stored twice": {number for number, count in listed.items() if count > 1},
        "stored and never asked for": set(listed) - accepted - silent,
        "sent and not stored": set(arrived) - set(listed),
        "accepted and never sent": accepted - set(arrived) - held,
        "doubled though it is to be held": set(extra) if policy == "hold" else set(),
        "never called back": wants - set(told) - held,
    }
    outcome.faults = [f"{what}: {sorted(numbers)[:5]} ({len(numbers)})" for what, numbers in found.items() if numbers]
    if set(states) - {"delivered", "held"} or (policy == "resend" and states["held"]):
        outcome.faults.append(f"not final: {dict(states)}")
    if not load.heard(Heard.ACCEPTED) or not load.heard(Heard.SILENCE):
        outcome.faults.append("the kills did not fall into the load")
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--policy", choices=("resend", "hold"), default="resend")
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="palomar-torment-") as folder:
        outcome = torment(
            Path(folder), seed=options.seed, kills=options.kills, policy=options.policy, threads=options.threads
        )
    sys.stdout.write(f"{outcome}\n")
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
