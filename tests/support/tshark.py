"""Wireshark's dissector, as a second opinion on what we write."""

import subprocess
from pathlib import Path

from tests.support.needs import program

_CHECKSUMS = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
_FAULTS = "_ws.malformed || _ws.expert.severity >= 0x600000 || tcp.analysis.flags || tcp.checksum.status == 0"
_SECONDS = 60


def dissected(file: Path, *fields: str, only: str = "smpp") -> list[dict[str, str]]:
    """Read these fields of each packet that passes the filter; several of one name have commas between them."""
    asked = [word for field in fields for word in ("-e", field)]
    lines = _run(file, only, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=,", *asked)
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in lines]


def faults(file: Path) -> list[str]:
    """List the packets that are malformed, out of order, of a wrong checksum, or suspicious."""
    return _run(file, _FAULTS)


def _run(file: Path, only: str, *options: str) -> list[str]:
    command = [program("tshark"), "-n", "-r", str(file), *_CHECKSUMS, "-Y", only, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    return done.stdout.splitlines()
