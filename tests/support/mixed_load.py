"""A mixed load: customers of all four dialects send single messages, batches, two parts, scheduled and idempotent ones,
while something happens to the server. Each message is known by its number: at the request, in the database, at the SMSC
and at the callback.
"""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.dialects.convergia.speaker import CONVERGIA
from tests.dialects.foxsys.speaker import FOXSYS
from tests.dialects.labs402t.speaker import LABS402T
from tests.dialects.sofmex.speaker import SOFMEX
from tests.dialects.speaking import JSON, Call, Customer, Reply
from tests.support.server import Palomar

TIMEOUT_SECONDS = 10.0
"""How long a customer's program waits for an answer."""
_GONE_SECONDS = 0.05
_TWO_PARTS = "Estimado cliente, su pedido ha salido del almacén y llega mañana por la mañana. " * 3


class Heard(StrEnum):
    """What a customer heard of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    SILENCE = "silence"


@dataclass(slots=True, kw_only=True)
class Sent:
    """One request: its numbers and what was heard."""

    kind: str
    numbers: list[str]
    heard: Heard
    seconds: float
    said: str = ""
    wants_callback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    kind: str
    call: Call
    numbers: list[str]
    read: Callable[[Reply], str]
    repeats: bool = False
    """Whether the customer sends it again, under the same key, until it is answered."""
    wants_callback: bool = False


@dataclass(kw_only=True)
class MixedLoad:
    """``port`` may change while it runs (a restart); ``next_ms`` is how far ahead scheduled messages are due."""

    customers: Sequence[Customer]
    callback: str = ""
    seed: int = 1
    threads: int = 8
    port: int = 0
    sent: list[Sent] = field(default_factory=list)
    ahead_seconds: float = 3.0
    server_ends: bool = False
    """Set before the server is told to end: then a request may be cut off without its vendor's words."""

    def __post_init__(self) -> None:
        self._serials = itertools.count(1)
        self._stop, self._gone = threading.Event(), threading.Event()
        self._chance = random.Random(self.seed)
        self._lock = threading.Lock()
        self._workers: list[threading.Thread] = []
        self.troubles: list[BaseException] = []

    def __enter__(self) -> "MixedLoad":
        self._workers = [threading.Thread(target=self._work) for _ in range(self.threads)]
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Send nothing more; what is under way is still answered, and what is repeated gets its answer."""
        self._stop.set()
        for worker in self._workers:
            worker.join(120)
        assert self.troubles == [], [repr(trouble) for trouble in self.troubles]

    def stop_repeating(self) -> None:
        """Nobody is there any more: give up what is still repeated."""
        self._stop.set()
        self._gone.set()

    def heard(self, what: Heard) -> list[Sent]:
        return [sent for sent in list(self.sent) if sent.heard is what]

    def numbers(self, what: Heard) -> set[str]:
        return {number for sent in self.heard(what) for number in sent.numbers}

    # --- the customers' programs

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    job = self._job()
                self._do(job)
        except BaseException as error:
            self.troubles.append(error)

    def _do(self, job: _Job) -> None:
        began, tries = time.monotonic(), 0
        while True:
            reply = self._ask(job.call)
            tries += 1
            try:
                said = "" if reply is None else job.read(reply)
            except ValueError:
                if not self.server_ends:
                    raise
                reply, said = None, ""  # cut off before it could be known what became of it
            if said == "accepted" or not job.repeats or self._gone.is_set() or (self._stop.is_set() and tries > 100):
                break
            time.sleep(_GONE_SECONDS)
        if reply is None:
            time.sleep(_GONE_SECONDS)
        heard = Heard.SILENCE if reply is None else Heard.ACCEPTED if said == "accepted" else Heard.REFUSED
        self.sent.append(
            Sent(
                kind=job.kind,
                numbers=job.numbers,
                heard=heard,
                seconds=time.monotonic() - began,
                said=said,
                wants_callback=job.wants_callback,
            )
        )

    def _ask(self, call: Call) -> Reply | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(call.method, call.target, call.body, call.headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, headers, answer.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _number(self) -> str:
        return f"525{next(self._serials):05}1234"

    def _job(self) -> _Job:
        who = self._chance.choice(list(self.customers))
        kind = self._chance.choice(_KINDS)
        number = self._number()
        if kind in _SINGLE:
            speaker = _SINGLE[kind]
            return _Job(kind=kind, call=speaker.send(who, number, "Hola"), numbers=[number], read=speaker.said)
        numbers = [number, self._number(), self._number()]
        match kind:
            case "foxsys with a callback":
                call = FOXSYS.send(who, number, "Hola", ackurl=self.callback)
                wants = bool(self.callback)
                return _Job(kind=kind, call=call, numbers=[number], read=FOXSYS.said, wants_callback=wants)
            case "foxsys batch":
                body = {"message": "Hola", "recipient": [{"msisdn": n} for n in numbers]}
                call = FOXSYS.post(who, "/json/send", json.dumps(body).encode())
                return _Job(kind=kind, call=call, numbers=numbers, read=FOXSYS.said)
            case "sofmex batch":
                body = {"registros": [{"telefono": n, "mensaje": "Hola"} for n in numbers]}
                call = SOFMEX.post(who, "/sms/v3/asignacion", json.dumps(body).encode())
                return _Job(kind=kind, call=call, numbers=numbers, read=_sofmex_batch)
            case "402T batch":
                body = {"messages": [{"to": n, "text": "Hola"} for n in numbers]}
                call = LABS402T.post(who, "/api/v1/sms/batch", json.dumps(body).encode())
                return _Job(kind=kind, call=call, numbers=numbers, read=LABS402T.said)
            case "two parts":
                call = SOFMEX.send(who, number, _TWO_PARTS)
                return _Job(kind=kind, call=call, numbers=[number], read=SOFMEX.said)
            case "scheduled":
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.ahead_seconds))
                call = LABS402T.schedule(who, number, "Hola", at)
                return _Job(kind=kind, call=call, numbers=[number], read=LABS402T.said)
            case _:
                plain = LABS402T.send(who, number, "Hola")
                call = Call(plain.method, plain.target, plain.headers | {"Idempotency-Key": number}, plain.body)
                return _Job(kind="idempotent", call=call, numbers=[number], read=LABS402T.said, repeats=True)


_SINGLE: dict[str, Any] = {
    "sofmex single": SOFMEX,
    "convergia single": CONVERGIA,
    "402T single": LABS402T,
    "foxsys single": FOXSYS,
}
_KINDS = (
    *_SINGLE,
    "foxsys with a callback",
    "foxsys batch",
    "sofmex batch",
    "402T batch",
    "two parts",
    "scheduled",
    "idempotent",
)


def _sofmex_batch(reply: Reply) -> str:
    document = reply.json
    if "error" in document:
        return f"Spring {reply.status}"
    codes = Counter(record["status"] for record in document["registros"])
    assert len(codes) == 1, "all of them, or none"
    return "accepted" if codes == {0: len(document["registros"])} else f"records {dict(codes)}"


def make_customer(palomar: Palomar, login: str, *settings: str) -> Customer:
    """Make an account with much credit and all its secrets."""
    options = [word for setting in settings for word in ("--set", setting)]
    made = palomar.json("account", "add", login, "--credits", "1000000", "--requests-per-second", "0", *options)
    token = palomar.json("token", "add", login)
    return Customer(login=login, password=made["password"], key=made["api_key"], token=token["token"])


__all__ = ["JSON", "TIMEOUT_SECONDS", "Heard", "MixedLoad", "Sent", "make_customer"]
