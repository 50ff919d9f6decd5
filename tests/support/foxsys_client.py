"""A FOXSYS customer's program: posts to ``/json/send`` as its page says, over connections that stay open."""

import base64
import http.client
import json
import ssl
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer with JSON in it."""

    status: int
    body: Any

    @property
    def code(self) -> object:
        return self.body["code"]


class FoxsysClient:
    """One customer, one connection. Not for several threads."""

    def __init__(self, url: str, login: str, key: str, *, tls: ssl.SSLContext | None = None, **headers: str) -> None:
        """``headers`` go with every request, a dash for each low line in their names."""
        address = urlsplit(url)
        assert address.hostname is not None
        self._connection: http.client.HTTPConnection
        if address.scheme == "https":
            self._connection = http.client.HTTPSConnection(
                address.hostname, address.port, timeout=TIMEOUT_SECONDS, context=tls
            )
        else:
            self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS)
        credentials = base64.b64encode(f"{login}:{key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        self._headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    def __enter__(self) -> "FoxsysClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, message: str, *numbers: str, **more: object) -> Answer:
        """POST /json/send."""
        recipient = [{"msisdn": number} for number in numbers]
        return self.request("POST", "/json/send", {"message": message, "recipient": recipient} | more)

    def balance(self) -> Answer:
        """GET /json/balance."""
        return self.request("GET", "/json/balance")

    def request(self, method: str, path: str, body: object = None) -> Answer:
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, self._headers)
        response = self._connection.getresponse()
        return Answer(response.status, json.loads(response.read()))


@dataclass(slots=True)
class Load:
    """What became of many single requests: by number, those answered with code 0; and what went wrong with others."""

    accepted: dict[str, str] = field(default_factory=dict)
    """Number to subid."""
    failed: list[str] = field(default_factory=list)


class Crowd:
    """Many connections that send one message a request until all are sent, or their server dies."""

    def __init__(self, url: str, login: str, key: str, *, connections: int) -> None:
        self._door = (url, login, key)
        self._connections = connections

    def send(self, numbers: list[str], **more: object) -> "Future[Load]":
        """Begin to send to every number; each connection stops at its first broken one."""
        shares = [numbers[start :: self._connections] for start in range(self._connections)]
        pool = ThreadPoolExecutor(self._connections + 1)
        loads = [pool.submit(self._send_share, share, more) for share in shares]
        together = pool.submit(_joined, loads)
        pool.shutdown(wait=False)
        return together

    def _send_share(self, numbers: list[str], more: dict[str, object]) -> Load:
        load = Load()
        with FoxsysClient(*self._door) as client:
            for number in numbers:
                try:
                    answer = client.send(f"Hola {number}", number, **more)
                except (OSError, http.client.HTTPException) as error:
                    load.failed.append(f"{number}: {error!r}")
                    return load
                if answer.code == "0":
                    load.accepted[number] = answer.body["subid"]
                else:
                    load.failed.append(f"{number}: {answer}")
        return load


def _joined(loads: "list[Future[Load]]") -> Load:
    whole = Load()
    for future in loads:
        load = future.result()
        whole.accepted |= load.accepted
        whole.failed += load.failed
    return whole
