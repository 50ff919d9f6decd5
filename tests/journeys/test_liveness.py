"""With the real clock and a real peer over TCP: what can leave leaves, at the pace that is set, whatever happens."""

import os
import random
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.live_smsc import LiveSmsc
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

SEED = int(os.environ.get("PALOMAR_LIVENESS_SEED", "1"))
RUNS = int(os.environ.get("PALOMAR_LIVENESS_RUNS", "1"))
"""``bench/liveness.py --seed N --runs M`` sets both."""
SECONDS = float(os.environ.get("PALOMAR_LIVENESS_SECONDS", "3"))
TRIALS = 4
TURN_SECONDS = 0.03
"""What two transactions take of a busy machine."""

PACE = 200
ORDINARY = 3 * PACE
ODD = ("99922", "99922", "99918", "99905", "99919", "99908")
"""Endings of numbers that are never taken, or not at once, or answered late."""


def numbers(count: int, *, begin: int = 0) -> list[str]:
    return [f"346{begin + serial:08}" for serial in range(count)]


def test_numbers_that_are_never_taken_hold_nobody_back(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        toml = carrier_toml(smsc.port, parts_per_second=PACE, window=50, response_timeout_seconds=1.5)
        palomar = Palomar(tmp_path, toml=toml)
        key = palomar.account("acme", credit=5_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            odd = [f"3460{serial}{ending}0"[:6] + ending for serial, ending in enumerate(ODD)]
            assert program.send("Odd", *odd).code == "0"
            eventually(lambda: smsc.submitted >= 2 * len(odd), within_seconds=15, what="they came again")
            begun = time.monotonic()
            assert program.send("Hola", *numbers(ORDINARY)).code == "0"
            ordinary = set(numbers(ORDINARY))
            eventually(lambda: ordinary <= set(smsc.arrived), within_seconds=20, what="all ordinary ones have come")
            took = time.monotonic() - begun - 0.9  # a phone has its message within 0.9 s
            assert took <= 1.25 * ORDINARY / PACE + 0.5
            assert server.stop() == 0


def test_what_waits_for_a_carrier_without_a_link_is_told_wherever_one_looks(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path, toml=carrier_toml(smsc.port))
        key = palomar.account("acme", credit=10_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            ready = eventually(lambda: _is_bound(program), within_seconds=10, what="the link is bound")
            assert (ready["stalled_parts"], ready["stalled_since"], ready["waiting"]) == (0, None, {})
            smsc.refuse()
            eventually(lambda: not _is_bound(program), within_seconds=10, what="the link is down")
            for begin in range(0, 5_000, 1_000):
                assert program.send("Hola", *numbers(1_000, begin=begin)).code == "0"
            ready = eventually(lambda: _waiting(program), within_seconds=15, what="health tells that parts wait")
            assert ready["waiting"]["outside"]["why"] == "no_link"
            assert (ready["ready"], ready["stalled_parts"]) == (True, 0)
            (status,) = eventually(lambda: _idle(palomar), within_seconds=10, what="other processes know it too")
            assert (status["waiting_parts"], status["hindrance"], status["stalled"]) == (5_000, "no_link", False)
            assert "outside: 5,000 parts wait, the oldest for" in palomar.command("carrier", "list").stdout
            warnings = [found["text"] for found in palomar.json("doctor") if found["verdict"] == "warning"]
            (told,) = [text for text in warnings if "parts wait" in text]
            assert "5,000 parts wait" in told
            assert "none has left for" in told
            assert server.stop() == 0
        assert "no server runs" in palomar.command("carrier", "list").stdout
        assert any("5,000 parts wait" in found["text"] for found in palomar.json("doctor"))


def _is_bound(program: FoxsysClient) -> dict[str, Any] | None:
    ready: dict[str, Any] = program.request("GET", "/health/ready").body
    return ready if ready["carriers"] == {"outside": True} else None


def _waiting(program: FoxsysClient) -> dict[str, Any] | None:
    ready: dict[str, Any] = program.request("GET", "/health/ready").body
    return ready if ready["waiting"] else None


def _idle(palomar: Palomar) -> list[dict[str, Any]]:
    statuses: list[dict[str, Any]] = palomar.json("carrier", "list")
    return [one for one in statuses if one["idle_since"]]


@pytest.mark.parametrize("pace", [10, 30])
def test_request_after_request_takes_as_long_as_the_pace_demands(pace: int, tmp_path: Path) -> None:
    """An SMSC that answers at once; several requests, one after the other."""
    each = round(pace * SECONDS / 2)
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path, toml=carrier_toml(smsc.port, parts_per_second=pace))
        key = palomar.account("acme", credit=5_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            eventually(lambda: _is_bound(program), within_seconds=10, what="the link is bound")
            for number in range(4):
                begun = time.monotonic()
                assert program.send("Hola", *numbers(each, begin=number * each)).code == "0"
                until = (number + 1) * each
                eventually(lambda until=until: smsc.taken >= until, within_seconds=60, what=f"request {number}")
                assert time.monotonic() - begun <= 1.1 * each / pace + 0.3
            assert server.stop() == 0


# --- whatever the paces are


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One carrier of random settings, its SMSC, and how many parts it is to take."""

    pace: int
    link_pace: int
    links: int
    window: int
    answer_seconds: float
    """How late each answer is at most; half of it at least."""
    throttle: int
    """More than so many a second the SMSC throttles; 0 takes all."""
    parts: int
    requests: int

    @property
    def rate(self) -> float:
        """Parts a second that all of it allows."""
        paces = [self.pace, self.links * self.link_pace]
        # A slot is used again when its answer has come and the next part is marked.
        paces.append(round(self.links * self.window / (0.8 * self.answer_seconds + TURN_SECONDS)))
        if self.throttle:
            # A link that looks for a limit finds it from above and from below: three fifths of it on the whole.
            paces.append(round(0.6 * self.throttle))
        return min(pace for pace in paces if pace)

    @property
    def seconds(self) -> float:
        """How long it may take: a tenth more than the rate demands, a second and a half for the machine, and some for
        parts that were put off last."""
        return 1.1 * self.parts / self.rate + 1.5 + (4.0 if self.throttle else 0.0)

    @property
    def chaos(self) -> str:
        """The script of its SMSC."""
        said = ["seed=1"]
        if self.answer_seconds:
            said += ["delay-answers=100%", f"answer-delay={self.answer_seconds}s"]
        if self.throttle:
            said.append(f"throttle={self.throttle}/s")
        return ",".join(said)


def trial(chance: random.Random) -> Trial:
    """Settings as random choice brings them, with work for some seconds."""
    while True:
        one = Trial(
            pace=chance.choice([0, chance.randint(1, 300), chance.randint(1, 300)]),
            link_pace=chance.choice([0, chance.randint(1, 300)]),
            links=chance.randint(1, 4),
            window=chance.choice([1, 2, chance.randint(3, 100)]),
            answer_seconds=chance.choice([0.0, 0.0, 0.02, 0.2]),
            throttle=chance.choice([0, 0, chance.randint(20, 200)]),
            parts=0,
            requests=chance.randint(1, 4),
        )
        parts = min(round(one.rate * SECONDS), 400)
        if parts >= one.requests:
            return replace(one, parts=parts)


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_everything_leaves_at_the_pace_whatever_random_choice_brings(seed: int, tmp_path: Path) -> None:
    """Several carriers at once, each over its own links to its own SMSC."""
    chance = random.Random(seed)
    trials = [trial(chance) for _ in range(TRIALS)]
    with ExitStack() as stack:
        smscs = [stack.enter_context(LiveSmsc(chaos=one.chaos)) for one in trials]
        toml = "".join(
            carrier_toml(
                smsc.port,
                name=f"c{number}",
                parts_per_second=one.pace,
                link_parts_per_second=one.link_pace,
                links=one.links,
                window=one.window,
            )
            for number, (one, smsc) in enumerate(zip(trials, smscs, strict=True))
        )
        palomar = Palomar(tmp_path, toml=toml)
        key = palomar.account("acme", credit=10_000)
        for number in range(TRIALS):
            palomar.command("route", "add", f"c{number}", "--prefix", f"3460{number}")
        server = stack.enter_context(palomar.serve())
        program = stack.enter_context(FoxsysClient(server.url, "acme", key))
        eventually(lambda: _all_bound(palomar), within_seconds=10, what="all links are bound")
        begun = time.monotonic()
        for number, one in enumerate(trials):
            recipients = [f"3460{number}{serial:06}" for serial in range(one.parts)]
            for share in range(one.requests):
                assert program.send("Hola", *recipients[share :: one.requests]).code == "0"
        took: dict[int, float] = {}
        longest = max(one.seconds for one in trials)
        while len(took) < TRIALS and time.monotonic() - begun < longest + 5:
            for number, (one, smsc) in enumerate(zip(trials, smscs, strict=True)):
                if number not in took and smsc.taken >= one.parts:
                    took[number] = time.monotonic() - begun
            time.sleep(0.02)
        late = {number: (one, took.get(number), one.seconds) for number, one in enumerate(trials)}
        late = {number: found for number, found in late.items() if found[1] is None or found[1] > found[2]}
        assert late == {}, f"seed {seed}"
        ready = program.request("GET", "/health/ready").body
        assert (ready["ready"], ready["stalled_parts"]) == (True, 0)
        assert "sending_stalled" not in server.stderr
        assert server.stop() == 0


def _all_bound(palomar: Palomar) -> bool:
    statuses: list[dict[str, Any]] = palomar.json("carrier", "list")
    return len(statuses) == TRIALS and all(link["bound"] for one in statuses for link in one["links"])


# --- while it runs


def test_a_signal_makes_a_running_carrier_faster_switches_it_off_and_on_again(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path, toml=carrier_toml(smsc.port, parts_per_second=1))
        key = palomar.account("acme", credit=5_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            eventually(lambda: _is_bound(program), within_seconds=10, what="the link is bound")
            assert program.send("Hola", *numbers(300)).code == "0"
            palomar.configure(carrier_toml(smsc.port, parts_per_second=200))
            os.kill(server.pid, signal.SIGHUP)
            eventually(lambda: smsc.taken == 300, within_seconds=10, what="all left, at the new pace")

            palomar.configure(carrier_toml(smsc.port, parts_per_second=200, enabled=False))
            os.kill(server.pid, signal.SIGHUP)
            eventually(lambda: not _is_bound(program), within_seconds=10, what="it is switched off")
            assert program.send("Hola", *numbers(10, begin=1_000)).code == "0"
            off = eventually(
                lambda: [one for one in palomar.json("carrier", "list") if one["trouble"] == "switched off"],
                within_seconds=10,
                what="it is told why",
            )
            assert not off[0]["usable"]
            (waiting, *_) = palomar.json("message", "list", "--msisdn", numbers(1, begin=1_000)[0])
            assert "switched off" in palomar.json("message", "show", waiting["id"])["waits"]["text"]

            (tmp_path / "carriers.toml").write_text("[carriers.outside]\nkind = nonsense")
            os.kill(server.pid, signal.SIGHUP)
            palomar.configure(carrier_toml(smsc.port, parts_per_second=200))
            os.kill(server.pid, signal.SIGHUP)
            eventually(lambda: smsc.taken == 310, within_seconds=15, what="it is on again")
            assert server.stop() == 0
