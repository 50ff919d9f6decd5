"""``palomar simulator``: what it takes, what it refuses, and a script that is read again."""

import re
import signal
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.server import Palomar
from tests.support.smscs import simulator
from tests.support.waiting import eventually

from palomar.carriers.simulator.delivery_plan import table


def test_the_magic_numbers_are_listed(palomar: Palomar) -> None:
    listed = palomar.command("simulator", "--numbers").stdout.splitlines()[1:]
    assert [tuple(re.split(r"\s{2,}", line, maxsplit=1)) for line in listed] == table()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--chaos", "loose-answers"), "chaos: there is no 'loose-answers' (is 'lose-answers' meant?)"),
        (("--chaos", "calm", "--chaos-file", "calm.txt"), "--chaos or --chaos-file: one of them"),
        (("--chaos-file", "nowhere.txt"), "nowhere.txt: "),
        (("--also", "nobody"), "--also: SYSTEM_ID=PASSWORD is expected, not 'nobody'"),
        (("--outbind", "nowhere"), "--outbind: HOST:PORT is expected, not 'nowhere'"),
        (("--tls-certificate", "a.pem"), "--tls-certificate and --tls-key: both are needed"),
        (("--tls-client-ca", "a.pem"), "--tls-certificate and --tls-key: both are needed"),
        (("--tls-certificate", "a.pem", "--tls-key", "a.key"), "TLS: "),
    ],
)
def test_bad_options_are_refused(palomar: Palomar, options: tuple[str, ...], complaint: str) -> None:
    refused = palomar.command("simulator", "--port", "0", *options, code=2).stderr
    assert refused.startswith(f"palomar: {complaint}")
    assert "Traceback" not in refused


def test_a_script_file_is_read_again_on_sighup_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "chaos.txt"
    file.write_text("hex-ids\nthrottle=20/s  # slow\n")
    with simulator(tmp_path, "--chaos-file", str(file)) as running:
        running.until_says("listens on")
        file.write_text("everything")
        running.signal(signal.SIGHUP)
        running.until_says("chaos: lose-answers=2%")
        file.write_text("evrything")
        running.signal(signal.SIGHUP)
        running.until_says("is 'everything' meant?); the script stays as it was")
        file.unlink()
        running.signal(signal.SIGHUP)
        running.until_says("No such file")
        assert running.stop() == 0


def test_a_failed_outbind_call_is_reported_once(tmp_path: Path) -> None:
    with simulator(tmp_path, "--outbind", "127.0.0.1:1") as running:
        running.until_says("cannot call 127.0.0.1 port 1")
        assert running.stop() == 0


def test_it_speaks_tls_with_the_given_files(tmp_path: Path) -> None:
    issued = Authority(tmp_path, "smsc").issue("127.0.0.1")
    files = ("--tls-certificate", str(issued.certificate), "--tls-key", str(issued.key))
    with simulator(tmp_path, *files, "--tls-client-ca", str(issued.authority)) as running:
        assert eventually(lambda: running.port, within_seconds=10, what="it listens") > 0
        assert running.stop() == 0
