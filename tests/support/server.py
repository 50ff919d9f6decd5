"""The real application as an operator has it: a data directory, its server, and commands beside it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import apsw
from tests.support.commands import run_command
from tests.support.processes import Process, clean_environment, palomar_command

_SERVES = "Palomar serves at "


class Palomar:
    """One data directory. :meth:`serve` starts a server on it, :meth:`command` runs a command beside it."""

    def __init__(
        self, directory: Path, *, toml: str = "", fresh: bool = False, terminal: bool = False, **environment: str
    ) -> None:
        """Make the directory. With ``fresh`` servers are started as ``./run`` does, with all imports; with
        ``terminal`` from a terminal."""
        self.directory = directory
        self.data_dir = directory / "data"
        self._fresh = fresh or terminal
        self._terminal = terminal
        self._starts = 0
        directory.mkdir(parents=True, exist_ok=True)
        self.environment = clean_environment(
            PALOMAR_DATA_DIR=str(self.data_dir), PALOMAR_HTTP_PORT="0", PALOMAR_CONVERGIA_PORT="0"
        )
        if toml:
            self.configure(toml)
        self.environment |= environment

    def configure(self, toml: str) -> None:
        """Use this configuration from now on."""
        file = self.directory / "carriers.toml"
        file.write_text(toml, encoding="utf-8")
        self.environment["PALOMAR_CONFIG"] = str(file)

    def serve(self, *, ready: bool = True) -> "Server":
        """Start a server; it listens when this returns (unless ``ready`` is False)."""
        self._starts += 1
        server = Server(
            palomar_command("serve") if self._fresh else ["serve"],
            directory=self.directory,
            name=f"server{self._starts}",
            environment=self.environment,
            forked=not self._fresh,
            terminal=self._terminal,
        )
        if ready:
            try:
                server.until_says(_SERVES)
            except BaseException:
                server.kill()
                raise
        return server

    def command(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run ``palomar ARGUMENTS``; fails unless it ends with ``code``."""
        done = run_command(*arguments, directory=self.directory, environment=self.environment)
        assert done.returncode == code, f"palomar {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: str) -> Any:
        """Return what a command prints with ``--json``: stdout is JSON and nothing else."""
        return json.loads(self.command(*arguments, "--json").stdout)

    @property
    def demo(self) -> dict[str, Any]:
        """Read the first account's secrets from the file that the first start leaves."""
        secrets: dict[str, Any] = json.loads((self.data_dir / "demo.json").read_text())
        return secrets

    def database(self) -> apsw.Connection:
        """Open the SQLite database; no server should run."""
        return apsw.Connection(str(self.data_dir / "palomar.db"))

    def account(self, login: str, *, credit: int = 100) -> str:
        """Make an account without a limit of requests; its key. A running server knows it within a second."""
        made = self.json("account", "add", login, "--credits", str(credit), "--requests-per-second", "0")
        return str(made["api_key"])

    def audit(self) -> None:
        """``palomar doctor`` finds no fault: the ledger's sums are right."""
        verdicts = self.json("doctor")
        assert [found for found in verdicts if found["verdict"] == "fault"] == []
        assert any(found["text"].startswith("ledger: every entry sums to zero") for found in verdicts), verdicts


class Server(Process):
    """A running server."""

    @property
    def url(self) -> str:
        """Return the address where it listens, as it printed it."""
        found = re.search(re.escape(_SERVES) + r"(\S+)", self.stderr)
        assert found is not None, self.stderr
        return found[1]
