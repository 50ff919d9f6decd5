"""SMSCs in processes of their own: our simulator in the clear and behind TLS, and npm's ``smpp``."""

import json
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.certificates import Issued
from tests.support.needs import program
from tests.support.npm import npm_folder
from tests.support.processes import Process

SYSTEM_ID = "palomar"
PASSWORD = "secret"
NPM_PACKAGE = "smpp@0.5.1"
_HERE = Path(__file__).parent


def carrier_toml(port: int, *, name: str = "outside", password: str = PASSWORD, **more: object) -> str:
    """Write a configuration with one SMPP carrier on this machine."""
    lines = [
        f"[carriers.{name}]",
        'kind = "smpp"',
        'host = "127.0.0.1"',
        f"port = {port}",
        f'system_id = "{SYSTEM_ID}"',
        f'password = "{password}"',
        "reconnect_min_seconds = 0.1",
        "reconnect_max_seconds = 0.5",
    ]
    more = {"sender": "Palomar"} | more
    lines += [f"{key} = {_toml(value)}" for key, value in more.items()]
    return "\n".join(lines) + "\n"


LOCAL_CALLBACKS = '[callbacks]\nallow_networks = ["127.0.0.0/8"]\n'
"""With a real carrier callbacks reach this machine only where that is said."""


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


class Smsc(Process):
    """A process that says the port on which it listens."""

    @property
    def port(self) -> int:
        found = re.search(r"listens on \S+ port (\d+)", self.until_says(" port "))
        assert found is not None
        return int(found[1])

    def counted(self) -> dict[str, int]:
        """Read what the simulator has counted, which it prints at its end."""
        assert self.stop() == 0
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", self.stderr.splitlines()[-1])}


def simulator(directory: Path, *options: str) -> Smsc:
    """``palomar simulator`` on a free port."""
    command = ["simulator", "--port", "0", "--system-id", SYSTEM_ID, "--password", PASSWORD, *options]
    return Smsc(command, directory=directory, name="simulator", forked=True)


@contextmanager
def drive_smpp(directory: Path, *, messages: int) -> Iterator[int]:
    """Kannel's own SMSC for tests, which sends ``messages`` to its first receiver; its port.

    It answers every submission and sends no receipts. Once bound it also looks for Kannel's smsbox port (and aborts
    where nobody listens): here somebody does, and says nothing.
    """
    with socket.create_server(("127.0.0.1", 0)) as smsbox, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        file = directory / "drive_smpp.conf"
        file.write_text(
            f"group = core\nadmin-port = 13000\nadmin-password = bar\nsmsbox-port = {smsbox.getsockname()[1]}\n\n"
            "group = smsbox\nbearerbox-host = localhost\n"
        )
        command = [program("drive_smpp"), "-v", "1", "-p", str(port), "-m", str(messages), "-c", str(file)]
        with Process(command, directory=directory, name="drive_smpp") as smsc:
            smsc.until_says("Starting drive_smpp test")
            yield port


def tls_simulator(directory: Path, certificate: Path, key: Path) -> Smsc:
    """Run the simulator behind TLS, on a free port."""
    command = [sys.executable, str(_HERE / "tls_smsc.py"), str(certificate), str(key)]
    return Smsc(command, directory=directory, name="tls_smsc")


class NpmSmsc(Process):
    """npm's SMSC; :meth:`events` is what happened to it."""

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stdout.splitlines(keepends=True) if line.endswith("\n")]
        return [line for line in lines if kind in ("", line["event"])]

    @property
    def port(self) -> int:
        self.until_says('"listening"')
        return int(self.events("listening")[0]["port"])


def npm_smsc(directory: Path, *options: str) -> NpmSmsc:
    """npm's SMSC on a free port; skips the test where node or npm is missing, or the package cannot be had."""
    folder = npm_folder(NPM_PACKAGE)
    command = [program("node"), str(_HERE / "npm_smsc.js"), str(folder), SYSTEM_ID, PASSWORD, *options]
    return NpmSmsc(command, directory=directory, name="npm_smsc")


def npm_smsc_with_tls(directory: Path, server: Issued, clients: Path) -> NpmSmsc:
    """Run the same behind TLS; it accepts only clients with a certificate of the authority ``clients``."""
    return npm_smsc(directory, str(server.certificate), str(server.key), str(clients))
