"""A PostgreSQL for a run: a fresh database on a server that exists, or a server of its own that ends with the run.

Not here: anything about tables.
"""

import asyncio
import contextlib
import os
import pwd
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from processes import BenchError, free_port

START = "start"
USER = "palomar_bench"


class Postgres:
    """A PostgreSQL for a run: ``where`` is a URL of a server where databases may be created, or ``start``."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._cluster: Path | None = None
        self._database = ""
        self.postmaster = 0

    async def open(self, directory: Path) -> str:
        """Return the URL of a new, empty database."""
        if self._where == START:
            await self._start(directory / "postgres")
        self._database = f"palomar_bench_{os.getpid()}_{os.urandom(3).hex()}"
        connection = await self._connect()
        try:
            await connection.execute(f"CREATE DATABASE {self._database}")
            data = await connection.fetchval("SHOW data_directory")
        finally:
            await connection.close()
        with contextlib.suppress(OSError):  # on another machine, or not ours to read: its CPU is not counted
            self.postmaster = int((Path(data) / "postmaster.pid").read_text().split()[0])
        return urlunsplit(urlsplit(self._where)._replace(path=f"/{self._database}"))

    async def close(self) -> None:
        if self._database:
            connection = await self._connect()
            await connection.execute(f"DROP DATABASE IF EXISTS {self._database} WITH (FORCE)")
            await connection.close()
        if self._cluster is not None:
            await _run(*_program("pg_ctl"), "stop", "-D", str(self._cluster), "-m", "fast", "-w", "-s")

    async def _connect(self) -> asyncpg.Connection:
        try:
            return await asyncpg.connect(self._where, timeout=10)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            hidden = re.sub(r"//[^@/]*@", "//***@", self._where)
            raise BenchError(f"PostgreSQL at {hidden}: {error}") from None

    async def _start(self, directory: Path) -> None:
        _make(directory)
        cluster, port = directory / "data", free_port()
        await _run(*_program("initdb"), "-D", str(cluster), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={directory}"
        log = str(directory / "log")
        await _run(*_program("pg_ctl"), "start", "-D", str(cluster), "-w", "-s", "-l", log, "-o", settings)
        self._cluster = cluster
        self._where = f"postgresql://{USER}@127.0.0.1:{port}/postgres"


def _make(directory: Path) -> None:
    directory.mkdir()
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        directory.parent.chmod(0o711)
        shutil.chown(directory, "postgres")


def _program(name: str) -> list[str]:
    """Return the command line that runs PostgreSQL's ``name``, as its own user where we are root."""
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = shutil.which(name) or (str(newest[-1]) if newest else None)
    if path is None:
        raise BenchError(f"{name} is not installed; give --postgres a URL instead of {START!r}")
    if os.geteuid():
        return [path]
    with contextlib.suppress(KeyError):
        pwd.getpwnam("postgres")
        return ["runuser", "-u", "postgres", "--", path]
    raise BenchError("PostgreSQL does not run as root and there is no user postgres; give --postgres a URL")


async def _run(*argv: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd="/"
    )
    # pg_ctl's server inherits the pipe: wait for the process, not for the end of its output
    await asyncio.wait_for(process.wait(), 60)
    if process.returncode:
        said = await asyncio.wait_for(process.stdout.read(2000), 5)
        raise BenchError(f"{' '.join(argv)} failed:\n{said.decode(errors='replace')}")
