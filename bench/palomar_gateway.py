"""Palomar as a user would run it: ./run with TOML and environment, one node or several on one PostgreSQL.

Only Palomar's outside contracts are used, nothing of its inside.
"""

import asyncio
import json
import os
from collections import Counter
from typing import Any

from gateways import LINKS, LOGIN, PASSWORD, SYSTEM_ID, WINDOW, Endpoint, GatewaySettings, wait_until_answered
from processes import HERE, BenchError, Process, claim_port

RUN = str(HERE.parent / "run")
COMMAND_SECONDS = 60.0
FINAL = ["delivered", "undelivered", "expired", "rejected", "unknown", "blocked", "cancelled"]

CONFIGURATION = """\
[carriers.bench]
kind = "smpp"
host = "127.0.0.1"
port = {port}
system_id = "{system_id}"
password = "{password}"
bind = "transceiver"
links = {links}
window = {window}

[sending]
default_sender = "Bench"

[callbacks]
allow_networks = ["127.0.0.0/8"]
"""


class Palomar:
    """One server, or ``setting.nodes`` of them."""

    name = "palomar"

    account_settings: tuple[str, ...] = ()
    """Settings of the account beside the defaults."""

    async def start(self, setting: GatewaySettings) -> Endpoint:
        self._setting = setting
        self._configuration = setting.directory / "palomar.toml"
        self._configuration.write_text(self.toml(setting))
        self._ports = [
            claim_port(setting.http_port and setting.http_port + number, "Palomar's HTTP")
            for number in range(setting.nodes)
        ]
        self._nodes: list[Process] = []
        self.credits = 3 * setting.messages  # an account that is never empty, even if every message were doubled
        account = await self.command(
            "account", "add", LOGIN, "--credits", str(self.credits), "--requests-per-second", "0"
        )
        if self.account_settings:
            await self.run("account", "set", LOGIN, *self.account_settings)
        for number in range(setting.nodes):
            self._nodes.append(Process(f"palomar-{number}", setting.directory / f"palomar-{number}.log"))
            await self._serve(number)
        urls = [f"http://127.0.0.1:{port}" for port in self._ports]
        return Endpoint(dialect="foxsys", urls=urls, login=account["login"], key=account["api_key"])

    def toml(self, setting: GatewaySettings) -> str:
        """Return the configuration file."""
        return CONFIGURATION.format(
            port=setting.smsc_port, system_id=SYSTEM_ID, password=PASSWORD, links=LINKS, window=WINDOW
        )

    def processes(self) -> list[Process]:
        return [node for node in self._nodes if node.started]

    async def kill(self) -> None:
        self._nodes[0].kill()
        await self._nodes[0].process.wait()
        self._nodes[0].started = False

    async def restart(self) -> None:
        await self._serve(0)

    async def totals(self) -> dict[str, Any]:
        """Return ``states``: messages by state; ``credits``: those given; ``balance``, ``reserved``: those left."""
        messages = await self.command("message", "list")
        account = await self.command("account", "show", LOGIN)
        return {
            "states": dict(Counter(message["state"] for message in messages)),
            "credits": self.credits,
            "balance": float(account["credits"]),
            "reserved": float(account["reserved"]),
            "final": FINAL,
        }

    async def stop(self) -> None:
        await asyncio.gather(*(node.stop() for node in self.processes()))

    async def _serve(self, number: int) -> None:
        node = self._nodes[number]
        await node.start(RUN, env=self._environment(number))
        await wait_until_answered(node, self._ports[number], "/health/ready", lambda status, _: status == 200)

    def _environment(self, number: int) -> dict[str, str]:
        setting = self._setting
        environment = {
            "PALOMAR_CONFIG": str(self._configuration),
            "PALOMAR_DATA_DIR": str(setting.directory / f"data-{number}"),
            "PALOMAR_HTTP_PORT": str(self._ports[number]),
        }
        if setting.database_url:
            environment["PALOMAR_DATABASE_URL"] = setting.database_url
        return environment

    async def command(self, *arguments: str) -> Any:
        """Return what ``./run ARGUMENTS --json`` prints: one value, or the list of its lines."""
        out = await self.run(*arguments, "--json")
        try:
            return json.loads(out)
        except ValueError:
            return [json.loads(line) for line in out.splitlines() if line.strip()]

    async def run(self, *arguments: str) -> bytes:
        """Run ``./run ARGUMENTS`` and return what it prints; raises BenchError where it fails."""
        said = self._setting.directory / "command.log"
        with said.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                RUN,
                *arguments,
                env={**os.environ, **self._environment(0)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
            try:
                out, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
            except TimeoutError:
                process.kill()
                raise BenchError(f"./run {' '.join(arguments)} took over {COMMAND_SECONDS:g} s") from None
        if process.returncode:
            end = said.read_text(errors="replace")[-2000:]
            raise BenchError(f"./run {' '.join(arguments)} failed with {process.returncode}:\n{end}")
        return out
