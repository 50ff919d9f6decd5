"""The first requests that people copy: each is taken by its own dialect, as a shell and as Python send it."""

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

import pytest
from tests.support.environment import clean_environment
from tests.support.needs import program

from palomar.apidocs.samples import API_KEY, PASSWORD, PLACEHOLDERS, SampleValues
from palomar.dialects import DIALECTS, Dialect

HOSTILE = 'it\'s "quoted" $(rm -rf x) `x` \\ ñ €'


@dataclass
class Vendor:
    """A server that takes whatever comes, and remembers it."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    found = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._take()

        def do_POST(self) -> None:
            self._take()

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.requests.append((self.command, self.path, headers, body))
            answer = b'{"message": "a-token"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its own name for it
            """Nothing: the test reads ``requests``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def values(url: str, **more: Any) -> SampleValues:
    fields = {
        "url": url,
        "login": "demo",
        "password": "s3cr3t&more",
        "api_key": "a-key",
        "number": "525512345678",
        "text": HOSTILE,
        "status_url": "http://127.0.0.1:9/ack?a=1&b=2",
    }
    return SampleValues(**(fields | more))


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, env=clean_environment())
    return done.stdout


@pytest.mark.parametrize("dialect", DIALECTS, ids=[dialect.name for dialect in DIALECTS])
def test_a_shell_and_python_send_the_same(dialect: Dialect, vendor: Vendor) -> None:
    program("curl")
    sample = dialect.sample(values(vendor.url))
    sent = []
    for command in (["/bin/sh", "-c", sample.curl.replace("curl ", "curl -s ")], [sys.executable, "-c", sample.python]):
        vendor.requests.clear()
        run(command)
        sent.append([(method, path, _essence(headers, body)) for method, path, headers, body in vendor.requests])
    assert sent[0] == sent[1]
    _, path, _, body = vendor.requests[-1]
    assert json.dumps(HOSTILE) in body.decode() or HOSTILE in unquote_plus(path)


def _essence(headers: dict[str, str], body: bytes) -> Any:
    try:
        document = json.loads(body)
    except ValueError:
        document = body
    return headers.get("authorization"), document if document != b"" else None, "idempotency-key" in headers


@pytest.mark.parametrize("dialect", DIALECTS, ids=[dialect.name for dialect in DIALECTS])
def test_unknown_values_of_a_sample_are_placeholders(dialect: Dialect) -> None:
    unknown = dialect.sample(values("http://x", password="", api_key=""))
    assert unknown.missing in (API_KEY, PASSWORD)
    assert unknown.missing in unknown.python
    known = dialect.sample(values("http://x"))
    assert known.missing == ""
    for word in PLACEHOLDERS:
        assert word not in known.curl + known.python


def test_sofmexs_sample_needs_no_login_if_a_token_is_known() -> None:
    (sofmex,) = [dialect for dialect in DIALECTS if dialect.name == "sofmex"]
    sample = sofmex.sample(values("http://x", password="", token="a.pass"))
    assert (sample.missing, "login" in sample.curl) == ("", False)
    assert "Bearer a.pass" in sample.curl
    assert "Bearer a.pass" in sample.python


def test_convergias_sample_writes_to_a_mexican_number() -> None:
    (convergia,) = [dialect for dialect in DIALECTS if dialect.name == "convergia"]
    for number, written in (("34600000001", "525512345678"), ("525500000000", "525500000000")):
        (url,) = [word for word in shlex.split(convergia.sample(values("http://x", number=number)).curl) if "?" in word]
        assert re.search(r"number=(\d+)", url)[1] == written  # type: ignore[index]
