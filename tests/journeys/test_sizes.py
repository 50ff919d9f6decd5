"""The largest bodies of each dialect, and crowds of connections: others are answered meanwhile, in so much memory.

The server is a process of its own, started as ``./run`` does; what it held at most its kernel says.
"""

import base64
import contextlib
import http.client
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
from tests.support.processes import palomar_command
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.waiting import eventually

MEBIBYTE: Final = 1024 * 1024
WITHIN_SECONDS: Final = 0.5
MEMORY_KIB: Final = 250 * 1024
BODY: Final = 8 * MEBIBYTE
NUMBERS: Final = [f"52551{number:07d}" for number in range(10_000)]
FORM: Final = "application/x-www-form-urlencoded"


pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def palomar(tmp_path_factory: pytest.TempPathFactory) -> Palomar:
    return Palomar(tmp_path_factory.mktemp("sizes"), fresh=True)


@pytest.fixture(scope="module")
def server(palomar: Palomar) -> Iterator[Server]:
    with palomar.serve() as server:
        yield server
        assert server.stop() == 0


@pytest.fixture(scope="module")
def key(palomar: Palomar, server: Server) -> str:
    return palomar.account("acme", credit=1_000_000)


def address(server: Server) -> tuple[str, int]:
    parts = urlsplit(server.url)
    return parts.hostname or "", parts.port or 0


def ask(server: Server, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address(server), timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    said = answer.status, answer.read()
    connection.close()
    return said


def most_kib(server: Server) -> int:
    """The most that the process had in memory so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found is not None
    return int(found[1])


def worked_seconds(server: Server) -> float:
    """Processor time that the process has had, in user and system (proc(5))."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Others:
    """Somebody who asks whether the server lives, all the time, and remembers the longest that it took.

    On a machine that is busy with something else the server waits for a processor: so of the time on the wall no more
    counts than the server was working meanwhile.
    """

    def __init__(self, server: Server) -> None:
        self.longest = 0.0
        self.times = 0
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Others":
        Path(f"/proc/{self._server.pid}/clear_refs").write_text("5")  # the most so far is forgotten
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            begun, worked = time.monotonic(), worked_seconds(self._server)
            assert ask(self._server, "GET", "/health/live")[0] == 200
            took = min(time.monotonic() - begun, worked_seconds(self._server) - worked)
            self.longest = max(self.longest, took)
            self.times += 1
            self._stop.wait(0.01)


def padded(document: dict[str, Any], octets: int = BODY) -> bytes:
    """The document with a further name whose value makes it as long as may be."""
    body = json.dumps(document).encode()
    return body[:-1] + b',"x":"' + b"y" * (octets - len(body) - 8) + b'"}'


def foxsys(message: str, *, recipients: int = 10_000, **more: Any) -> dict[str, Any]:
    numbers = [{"msisdn": number} for number in NUMBERS[:recipients]]
    return {"message": message, "recipient": numbers, "long": 1, "ucs2": 1, **more}


def values(name: str, value: str) -> list[dict[str, Any]]:
    return [{name: {"msisdn": number, "value": value}} for number in NUMBERS]


FOXSYS: Final[dict[str, tuple[bytes, str]]] = {
    "ten thousand with five values each": (
        padded(foxsys("%a%%b%%c%%d%%e% x", parameters=[v for n in "abcde" for v in values(n, f"{n * 60}")])),
        "0",
    ),
    "ten thousand of nine parts with two links": (
        padded(foxsys("y" * 1_300 + " http://a.es http://b.es", shortlink=1)),
        "0",
    ),
    "ten thousand tests": (padded(foxsys("z" * 1_300, test=1)), "0"),
    "one text": (json.dumps(foxsys(")" * (BODY - 600_000))).encode(), "30"),
    "one text of URLs": (json.dumps(foxsys("http://a" + ")" * 39_000, shortlink=1)).encode(), "30"),
    "one text of halves of emoji": (
        b'{"recipient":[{"msisdn":"525512345678"}],"message":"%b"}' % (b"\\ud83d" * 1_300_000),
        "30",
    ),
    "one list of numbers": (
        json.dumps(foxsys("x", recipients=0) | {"recipient": [{"msisdn": "1," * 4_000_000}]}).encode(),
        "24",
    ),
    "numbers in values": (
        json.dumps(
            foxsys("%a%", recipients=1, parameters=[{"a": {"msisdn": ",".join(NUMBERS), "value": 10**4000}}] * 62)
        ).encode(),
        "30",
    ),
    "values": (b'{"message":"x","recipient":[%b{}]}' % (b"[]," * 2_700_000), "413"),
    "values, as many as may be": (b'{"message":"x","recipient":[%b{}]}' % (b'{"a":1},' * 240_000), "24"),
    "values below an unknown name": (padded({"message": "x", "recipient": [], "x": [[]] * 240_000}), "23"),
    "nothing": (b" " * BODY, "10"),
    "brackets": (b"[" * BODY, "413"),
}
LABS402T: Final[dict[str, tuple[bytes, int]]] = {
    "a hundred long texts": (
        json.dumps({"messages": [{"to": "+525512345678", "text": "é" * 80_000}] * 100}, ensure_ascii=False).encode()[
            :BODY
        ],
        -30,
    ),
    "a hundred texts too long": (
        json.dumps({"messages": [{"to": "+525512345678", "text": "(" * 80_000}] * 100}).encode(),
        -19,
    ),
    "a hundred texts": (padded({"messages": [{"to": f"+{number}", "text": "x" * 160} for number in NUMBERS[:100]]}), 0),
    "half an emoji": (padded({"to": "+525512345678", "text": "\ud83d"}), -21),
    "a number": (json.dumps({"to": "+" + " " * (BODY - 100), "text": "x"}).encode(), -7),
    "values": (b'{"to":"+525512345678","text":"\\ud83d","x":[%b{}]}' % (b'{"a":1},' * 49_000), -21),
}
SOFMEX: Final[dict[str, tuple[bytes, int]]] = {
    "a hundred long texts": (
        json.dumps({"registros": [{"telefono": 5512345678, "mensaje": "(" * 20_000}] * 100}).encode(),
        1,
    ),
    "records": (b'{"registros":[%b]}' % b",".join([b'{"telefono":1,"mensaje":""}'] * 30_000), 3),
    "records of another shape": (b'{"registros":[%b]}' % b",".join([b"1"] * 99_000), 3),
    "escapes": (b'{"registros":[{"telefono":5512345678,"mensaje":"%b\\ud83d"}]}' % (b"\\n" * 1_000_000), 1),
    "escapes of escapes": (b'{"registros":[{"telefono":5512345678,"mensaje":"%b\\ud83d"}]}' % (b"\\\\" * 1_000_000), 1),
}


@pytest.mark.parametrize("name", [name for name, (_, code) in FOXSYS.items() if code != "0"])
def test_the_largest_bodies_of_foxsys_that_are_refused(server: Server, key: str, name: str) -> None:
    send(server, key, name)


@pytest.mark.parametrize("name", [name for name, (_, code) in FOXSYS.items() if code == "0"])
def test_the_largest_bodies_of_foxsys_that_are_taken(tmp_path: Path, name: str) -> None:
    palomar = Palomar(tmp_path, fresh=True)
    with palomar.serve() as server:
        send(server, palomar.account("acme", credit=1_000_000), name)
        assert server.stop() == 0


def send(server: Server, key: str, name: str) -> None:
    body, code = FOXSYS[name]
    basic = base64.b64encode(f"acme:{key}".encode()).decode()
    with Others(server) as others:
        _, said = ask(server, "POST", "/json/send", body, Authorization=f"Basic {basic}")
    assert json.loads(said)["code"] == code
    judged(server, others)


@pytest.mark.parametrize("keyed", [False, True], ids=["", "with a key"])
@pytest.mark.parametrize("name", LABS402T)
def test_the_largest_bodies_of_402t(server: Server, key: str, name: str, keyed: bool) -> None:
    body, status = LABS402T[name]
    path = "/api/v1/sms/batch" if b'"messages"' in body[:20] else "/api/v1/sms/send"
    more = {"Idempotency_Key": name} if keyed else {}
    with Others(server) as others:
        _, said = ask(server, "POST", path, body, Authorization=f"Bearer {key}", **more)
    assert json.loads(said)["status"] == status
    judged(server, others)


@pytest.mark.parametrize("name", SOFMEX)
def test_the_largest_bodies_of_sofmex(palomar: Palomar, server: Server, key: str, name: str) -> None:
    body, status = SOFMEX[name]
    token = str(palomar.json("token", "add", "acme", "--name", name.replace(" ", "-"))["token"])
    with Others(server) as others:
        _, said = ask(server, "POST", "/sms/v3/asignacion", body, Authorization=f"Bearer {token}")
    assert json.loads(said)["statusBatch"] == status
    judged(server, others)


CREDENTIALS: Final = {"username": "nobody", "password": "wrong"}
CONVERGIA: Final[dict[str, tuple[str, str, bytes]]] = {
    "a form": (
        "/",
        FORM,
        urlencode({**CREDENTIALS, "number": "525512345678"}).encode() + b"&message=" + b"%C3%A9" * 40_000,
    ),
    "parameters": ("/", FORM, b"a=%41&" * 40_000),
    "a multipart form": ("/", "multipart/form-data; boundary=b", b"--b\r\n" * 50_000),
    "headers of parts": ("/", "multipart/form-data; boundary=b", b"--b\r\nA: b\r\n\r\nx\r\n" * 12_000),
    "an envelope": (
        "/webservice.php",
        "text/xml",
        b"<Envelope><Body><enviar_mensaje>%b</enviar_mensaje></Body></Envelope>" % (b"<x/>" * 60_000),
    ),
    "a deep envelope": ("/webservice.php", "text/xml", b"<a>" * 80_000),
    "entities": (
        "/webservice.php",
        "text/xml",
        b'<!DOCTYPE a [<!ENTITY x "%b">]><a>%b</a>' % (b"y" * 100_000, b"&x;" * 40_000),
    ),
}


@pytest.mark.parametrize("name", CONVERGIA)
def test_the_largest_bodies_of_convergia(server: Server, name: str) -> None:
    path, content_type, body = CONVERGIA[name]
    with Others(server) as others:
        status, _ = ask(server, "POST", path, body, Content_Type=content_type)
    assert status == (500 if path == "/webservice.php" and name != "an envelope" else 200)
    judged(server, others)


@pytest.mark.parametrize("path", ["/login", "/console/login", "/sandbox/callback"])
def test_the_largest_bodies_of_whom_nobody_knows(server: Server, path: str) -> None:
    with Others(server) as others:
        for content_type in (FORM, "multipart/form-data; boundary=b", "application/json"):
            assert ask(server, "POST", path, b"--b\r\n" * 400_000, Content_Type=content_type)[0] in (401, 403, 413)
    judged(server, others)


def judged(server: Server, others: Others) -> None:
    assert others.times > 0
    assert others.longest < WITHIN_SECONDS
    assert most_kib(server) < MEMORY_KIB


DESCRIPTORS: Final = 256


@pytest.fixture
def few(tmp_path: Path) -> Iterator[tuple[Palomar, Server]]:
    """A server that may have few files open."""
    palomar = Palomar(tmp_path, fresh=True)
    limited = ["sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh", *palomar_command("serve")]
    with Server(limited, directory=tmp_path, name="server", environment=palomar.environment) as server:
        server.until_says("Palomar serves at ")
        yield palomar, server
        assert server.stop() == 0


def lives(server: Server) -> bool:
    try:
        return ask(server, "GET", "/health/live")[0] == 200
    except OSError:
        return False


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def test_three_hundred_idle_connections_of_one_host_keep_nobody_out(few: tuple[Palomar, Server]) -> None:
    palomar, server = few
    key = palomar.account("acme", credit=100)
    idle = []
    for _ in range(300):
        connection = socket.create_connection(address(server), timeout=5)
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
        idle.append(connection)
    assert open_files(server) <= DESCRIPTORS - 64 + 40, "carriers, callbacks and the database have theirs"
    with Sink() as sink:
        body = {"message": "Hola", "recipient": [{"msisdn": "525512345678"}], "ackurl": sink.url}
        basic = base64.b64encode(f"acme:{key}".encode()).decode()
        _, said = ask(server, "POST", "/json/send", json.dumps(body).encode(), Authorization=f"Basic {basic}")
        assert json.loads(said)["code"] == "0"
        eventually(lambda: len(sink.paths) >= 2, within_seconds=10, what="both callbacks came")
    for connection in idle:
        connection.close()


def test_newcomers_that_find_no_place_are_told_so_and_stand_in_the_log(few: tuple[Palomar, Server]) -> None:
    _, server = few
    slow = []
    for _ in range(300):
        connection = socket.create_connection(address(server), timeout=5)
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
        slow.append(connection)
    eventually(lambda: "connections_refused" in server.stderr, within_seconds=10, what="it is said")
    assert open_files(server) < DESCRIPTORS
    for connection in slow:
        connection.close()
    eventually(lambda: lives(server), within_seconds=10, what="there is room again")


def test_bodies_that_never_end_take_no_more_memory_than_their_sum(palomar: Palomar, server: Server, key: str) -> None:
    basic = base64.b64encode(f"acme:{key}".encode()).decode()
    head = (
        f"POST /json/send HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {basic}\r\nContent-Length: {2 * MEBIBYTE}\r\n\r\n"
    )
    some, most, senders = b"x" * (MEBIBYTE // 8), 15, []
    with Others(server) as others:
        for _ in range(80):
            connection = socket.create_connection(address(server), timeout=5)
            senders.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(head.encode())
                for _ in range(most):
                    connection.sendall(some)
        eventually(lambda: "unfinished_request_ended" in server.stderr, within_seconds=10, what="it is said")
    for connection in senders:
        connection.close()
    judged(server, others)
