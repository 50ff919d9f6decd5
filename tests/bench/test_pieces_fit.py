"""The bench's processes work against each other, and its figures notice what goes wrong."""

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import figures, numbering

BENCH = Path(__file__).resolve().parents[2] / "bench"
SUBMIT_SM, DELIVER_SM, BIND_TRANSCEIVER, RESPONSE = 0x4, 0x5, 0x9, 0x80000000
HEADER = struct.Struct(">IIII")
COMMANDS = ("run", "chaos", "noisy_neighbor", "due_at_once", "console_data", "liveness")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_bench_starts(command: str) -> None:
    """A bench that imports what no longer exists fails here, not when somebody needs its figures."""
    argv = [sys.executable, str(BENCH / f"{command}.py"), "--help"]
    shown = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("usage:")


def test_a_small_load_is_neither_lost_nor_doubled(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    done = bench(tmp_path, "--messages=300", f"--json={out}")
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(out.read_text())["runs"]["null"]
    assert (run["messages"], run["lost"], run["doubled_at_smsc"], run["faults"]) == (300, 0, 0, [])
    assert "| messages/s, end to end" in done.stdout


def test_palomar_itself_takes_the_load_as_the_bench_configures_it(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    done = bench(tmp_path, "--messages=50", f"--json={out}", gateway="palomar")
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = json.loads(out.read_text())["runs"]["palomar"]
    assert (run["messages"], run["lost"], run["doubled_at_smsc"], run["faults"]) == (50, 0, 0, [])


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = bench(tmp_path, f"--smsc-port={port}")
    assert done.returncode == 2
    assert f"the SMSC: port {port} of 127.0.0.1 cannot be used" in done.stderr


def test_a_receipt_that_was_not_acknowledged_comes_again_after_a_rebind() -> None:
    with smsc() as port:
        with bound(port) as link:
            body = b"\0\5\0FOXSYS\0\1\1%d\0\0\0\0\0\0\1\0\0\0\5hello" % numbering.number_of(7)
            send(link, SUBMIT_SM, 2, body)
            command, sequence, message_id = receive(link)
            assert (command, sequence) == (SUBMIT_SM | RESPONSE, 2)
            command, _, receipt = receive(link)
            assert command == DELIVER_SM
            assert b"id:" + message_id[:-1] in receipt
            assert b"stat:DELIVRD" in receipt
        with bound(port) as link:
            command, sequence, again = receive(link)
            assert (command, again) == (DELIVER_SM, receipt)
            send(link, DELIVER_SM | RESPONSE, sequence, b"\0")


@given(st.integers(0, numbering.MESSAGES_MAX))
def test_every_message_has_its_own_number_that_is_not_magic(index: int) -> None:
    number = numbering.number_of(index)
    assert numbering.index_of(number) == index
    assert number % 100_000 < 99_900
    assert len(str(number)) == 11


@pytest.mark.parametrize("number", [34_599_999_999, 34_600_099_900, 34_600_199_999])
def test_an_unused_number_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="none of the bench's numbers"):
        numbering.index_of(number)


def test_a_good_run_has_its_figures_and_no_fault() -> None:
    run = figures.figures(**reports())
    assert figures.faults_of(run, killed=False) == []
    assert run["messages"] == 2
    assert run["per_second"] == pytest.approx(2 / 0.5)
    assert run["accepted_per_second"] == pytest.approx(2 / 0.2)
    assert run["submit_ms"] == {"p50": 100.0, "p99": 100.0, "max": 100.0}
    assert run["end_to_end_ms"]["max"] == pytest.approx(400)


@pytest.mark.parametrize(
    ("report", "name", "value", "fault"),
    [
        ("sink", "handset", [10.4, 0.0], "1 accepted messages without a final callback"),
        ("smsc", "submits", [1], "1 accepted messages that never reached the SMSC"),
        ("sink", "operator", [0.0, 10.3], "1 messages without the operator callback"),
        ("sink", "error", [0.0, 10.5], "1 messages reported as failed"),
        ("smsc", "doubled", 3, "3 messages submitted more than once"),
        ("sink", "doubled", 2, "2 callbacks made more than once"),
        ("sink", "unknown", 1, "1 callbacks or submissions that belong to no message"),
        ("smsc", "receipts_waiting", 1, "1 receipts that the gateway did not take"),
        ("load", "broken", 1, "1 requests without an answer"),
        ("load", "codes", {"0": 1, "35": 1}, "1 requests answered with another code than 0"),
    ],
)
def test_each_fault_is_named(report: str, name: str, value: Any, fault: str) -> None:
    seen = reports()
    seen[report][name] = value
    assert fault in figures.faults_of(figures.figures(**seen), killed=False)


def test_after_a_kill_doubles_are_counted_but_only_losses_are_faults() -> None:
    seen = reports()
    seen["smsc"]["doubled"] = 3
    run = figures.figures(**seen)
    assert run["doubled_at_smsc"] == 3
    assert figures.faults_of(run, killed=True) == []
    assert figures.faults_of(run | {"ledger_off": 1.0}, killed=True) == ["the ledger is off by 1 credits"]


def test_the_table_says_how_many_times_better_the_first_is() -> None:
    run = figures.figures(**reports()) | {"cpu_per_1000": 0.2, "peak_mib": 100.0, "others": 0.0}
    slow = run | {"per_second": run["per_second"] / 4, "cpu_per_1000": 0.5}
    lines = figures.table({"palomar": [run], "other": [slow]}).splitlines()
    cells = {line.split("|")[1].strip(): line.split("|")[4].strip() for line in lines}
    assert cells["messages/s, end to end"] == "4.00"
    assert cells["CPU s/1000"] == "2.50"


def reports() -> dict[str, Any]:
    """Two messages: sent at 10.0 and 10.1, answered after 100 ms, delivered after 400 ms."""
    return {
        "batch": 1,
        "load": {
            "began": [10.0, 10.1],
            "ended": [10.1, 10.2],
            "accepted_requests": [1, 1],
            "codes": {"0": 2},
            "broken": 0,
            "problem": "",
            "cpu_seconds": 0.0,
        },
        "sink": {
            "operator": [10.2, 10.3],
            "handset": [10.4, 10.5],
            "error": [0.0, 0.0],
            "doubled": 0,
            "unknown": 0,
            "mismatched": 0,
            "cpu_seconds": 0.0,
        },
        "smsc": {
            "submits": [1, 1],
            "doubled": 0,
            "strangers": 0,
            "unreadable": 0,
            "receipts_resent": 0,
            "receipts_waiting": 0,
            "cpu_seconds": 0.0,
        },
    }


def bench(directory: Path, *arguments: str, gateway: str = "null") -> subprocess.CompletedProcess[str]:
    """Run ``bench/run.py``, with what it leaves behind in ``directory``."""
    command = [sys.executable, str(BENCH / "run.py"), f"--gateway={gateway}", *arguments]
    env = {**os.environ, "TMPDIR": str(directory)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)


@contextmanager
def smsc() -> Iterator[int]:
    """A running smsc.py; its port."""
    command = [sys.executable, str(BENCH / "smsc.py"), "--controlled"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["ready"]["port"]
        process.communicate(b"stop\n", timeout=10)


@contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        send(link, BIND_TRANSCEIVER, 1, b"palomar\0secret\0\0\x34\0\0\0")
        assert receive(link)[0] == BIND_TRANSCEIVER | RESPONSE
        yield link


def send(link: socket.socket, command: int, sequence: int, body: bytes) -> None:
    link.sendall(HEADER.pack(HEADER.size + len(body), command, 0, sequence) + body)


def receive(link: socket.socket) -> tuple[int, int, bytes]:
    """Command, sequence number and body of the next PDU."""
    length, command, _, sequence = HEADER.unpack(exactly(link, HEADER.size))
    return command, sequence, exactly(link, length - HEADER.size)


def exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += link.recv(size - len(data)) or pytest.fail("the SMSC closed the link")
    return data
