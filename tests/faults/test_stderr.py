"""A server whose stderr cannot be written: it serves all the same, and ends when it is told to."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.processes import palomar_command
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

STDERR = ["full", "closed", "a reader that has gone", "a reader that does not read"]


@contextmanager
def stderr_that_is(what: str) -> Iterator[int | None]:
    """A descriptor for stderr; None for none at all."""
    if what == "closed":
        yield None
    elif what == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
        yield descriptor
        os.close(descriptor)
    else:
        reading, writing = os.pipe()
        if what == "a reader that has gone":
            os.close(reading)
        else:
            os.set_blocking(writing, False)
            while _took(writing):
                pass
            os.set_blocking(writing, True)
        yield writing
        os.close(writing)
        if what != "a reader that has gone":
            os.close(reading)


@pytest.mark.parametrize("what", STDERR)
def test_a_server_whose_stderr_is_useless_serves_and_stops(tmp_path: Path, what: str) -> None:
    palomar = Palomar(tmp_path / "house")
    key = palomar.account("acme")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = palomar.environment | {"PALOMAR_HTTP_PORT": str(port)}
    with stderr_that_is(what) as descriptor:
        command = palomar_command("--log-level", "debug", "serve")
        if descriptor is None:
            command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
        server = subprocess.Popen(command, env=environment, stderr=descriptor, cwd=tmp_path)
        try:
            eventually(lambda: _ready(port), within_seconds=20, what="the server is ready")
            for serial in range(20):
                _send(port, key, f"346000{serial:05}")
            eventually(
                lambda: len(palomar.json("message", "list", "--state", "delivered")) == 20,
                within_seconds=20,
                what="all are delivered",
            )
            assert _ready(port)
            server.send_signal(signal.SIGTERM)
            assert server.wait(15) == 0
        finally:
            server.kill()
            server.wait()


def _took(descriptor: int) -> bool:
    try:
        return os.write(descriptor, b"x" * 4_096) > 0
    except BlockingIOError:
        return False


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _send(port: int, key: str, number: str) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/json/send",
        data=b'{"message":"Hola","recipient":[{"msisdn":"%b"}]}' % number.encode(),
        headers={"Content-Type": "application/json"},
    )
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    manager.add_password(None, request.full_url, "acme", key)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager))
    with opener.open(request, timeout=10) as answer:
        assert b'"code":"0"' in answer.read()
