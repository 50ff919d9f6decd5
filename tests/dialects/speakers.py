"""One speaker a way of calling: how each dialect sends one message and asks for it, and how its answers read.

``said`` puts every answer in the words of the contract's tables; ``check`` fails for an answer that is not in the
vendor's own form, whatever it says.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Protocol
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from lxml import etree

from palomar.dialects.convergia.errors import Code as ConvergiaCode
from palomar.dialects.foxsys.errors import Code as FoxsysCode
from palomar.dialects.labs402t.errors import MESSAGES as LABS402T_MESSAGES
from palomar.dialects.labs402t.errors import Code as Labs402tCode

ACCEPTED = "accepted"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What a customer's program knows."""

    login: str
    password: str
    key: str
    token: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.password, self.key, self.token)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class Speaker(Protocol):
    """A way of calling."""

    name: str
    dialect: str
    posts: tuple[str, ...]
    """Paths that take a body."""
    unknown: tuple[str, ...]
    """Paths below its prefixes that do not exist."""

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call: ...

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        """Any body to one of ``posts``, by a caller who is known."""
        ...

    def said(self, reply: Reply) -> str:
        """What became of a send: ``accepted``, or the code of its refusal."""
        ...

    def identity(self, reply: Reply, number: str) -> str:
        """By what an accepted message is asked for."""
        ...

    def ask(self, who: Customer, identity: str) -> Call: ...

    def word(self, reply: Reply) -> str:
        """The state in its answer."""
        ...

    def check(self, reply: Reply) -> None: ...


class Sofmex:
    name: str = "sofmex"
    dialect: str = name
    posts: tuple[str, ...] = ("/login", "/api/login", "/sms/v3/asignacion", "/api/sms/v3/asignacion", "/sms/v3/status")
    unknown: tuple[str, ...] = (
        "/sms/v3/nada",
        "/sms/v4/asignacion",
        "/login/nada",
        "/api/sms/v3/nada",
        "/api/login/nada",
    )
    _forms = (
        {"status", "message"},
        {"statusBatch", "message", "idBatch", "registros"},
        {"status", "message", "registros"},
    )
    _spring = {"timestamp", "status", "error", "message", "path"}

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        records = [{"telefono": number, "mensaje": text}]
        return self.post(who, "/sms/v3/asignacion", json.dumps({"registros": records}).encode())

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        return Call("POST", path, JSON | {"Authorization": f"Bearer {who.token}"}, body)

    def login(self, who: Customer) -> Call:
        return Call("POST", "/login?" + urlencode({"username": who.login, "password": who.password}))

    def said(self, reply: Reply) -> str:
        document = reply.json
        if "error" in document:
            return f"Spring {reply.status}"
        if "statusBatch" not in document:
            return f"login {reply.status} status {document['status']}"
        if not document["registros"]:
            return f"batch {document['statusBatch']}"
        (record,) = document["registros"]
        return f"record {record['status']}" if record["status"] else ACCEPTED

    def identity(self, reply: Reply, number: str) -> str:
        identity: str = reply.json["registros"][0]["idMessage"]
        return identity

    def ask(self, who: Customer, identity: str) -> Call:
        return self.post(who, "/sms/v3/status", json.dumps({"registros": [{"idMessage": identity}]}).encode())

    def word(self, reply: Reply) -> str:
        (record,) = reply.json["registros"]
        assert set(record) == {"idMessage", "status", "motivo", "horaEnvio"}
        word: str = record["status"]
        return word

    def check(self, reply: Reply) -> None:
        assert reply.content_type == "application/json"
        names = set(reply.json)
        if names == self._spring:
            assert reply.json["status"] == reply.status >= 400
        else:
            assert names in self._forms
            assert reply.status == 200 or (reply.status == 401 and reply.json["status"] == 1)
        assert ("www-authenticate" in reply.headers) == (reply.status == 401)


class Convergia:
    """By URL."""

    name: str = "convergia"
    dialect: str = "convergia"
    posts: tuple[str, ...] = ("/", "/index.php", "/estatus_mensaje.php")
    unknown: tuple[str, ...] = ("/index.php/nada", "/estatus_mensaje.php/", "/webservice.php/nada")
    _codes = {code.value for code in ConvergiaCode}
    _word = re.compile("[02356]").fullmatch
    _sent = re.compile(r"100\|([0-9]{4,10})").fullmatch

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        return Call("GET", "/?" + urlencode(self._parameters(who) | {"number": number, "message": text}))

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        return Call("POST", f"{path}?{urlencode(self._parameters(who))}", {"Content-Type": _FORM}, body)

    def said(self, reply: Reply) -> str:
        text = self.text(reply)
        return ACCEPTED if self._sent(text) else text

    def identity(self, reply: Reply, number: str) -> str:
        found = self._sent(self.text(reply))
        assert found is not None
        return found[1]

    def ask(self, who: Customer, identity: str) -> Call:
        return Call("GET", "/estatus_mensaje.php?" + urlencode(self._parameters(who) | {"messageid": identity}))

    def word(self, reply: Reply) -> str:
        return self.text(reply)

    def text(self, reply: Reply) -> str:
        return reply.body.decode()

    def check(self, reply: Reply) -> None:
        assert reply.headers["content-type"] == "text/html; charset=UTF-8"
        if reply.status != 200:
            assert reply.status in (404, 405)
            assert reply.body == b"200"
        self.check_text(self.text(reply))

    def check_text(self, text: str) -> None:
        assert self._sent(text) or self._word(text) or text in self._codes - {"100"}

    def _parameters(self, who: Customer) -> dict[str, str]:
        return {"username": who.login, "password": who.password}


class ConvergiaSoap(Convergia):
    """The same in an envelope."""

    name = "convergia by SOAP"
    posts = ("/webservice.php",)
    unknown = ()

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        return self._call("enviar_mensaje", self._parameters(who) | {"number": number, "message": text})

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        return Call("POST", path, {"Content-Type": "text/xml; charset=utf-8"}, body)

    def ask(self, who: Customer, identity: str) -> Call:
        return self._call("estatus_mensaje", self._parameters(who) | {"messageid": identity})

    def text(self, reply: Reply) -> str:
        (found,) = etree.fromstring(reply.body).iter("return")
        return found.text or ""

    def check(self, reply: Reply) -> None:
        if reply.content_type == "text/html":  # the page of functions, and what is no call
            assert reply.status == 405 or b"enviar_mensaje" in reply.body
            return
        assert reply.content_type == "text/xml"
        if reply.status == 500:  # SOAP 1.1 section 6.2
            (code,) = etree.fromstring(reply.body).iter("faultcode")
            assert code.text == "SOAP-ENV:Client"
        else:
            assert reply.status == 200
            self.check_text(self.text(reply))

    def _call(self, operation: str, parts: dict[str, str]) -> Call:
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items())
        envelope = (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
            f'<n:{operation} xmlns:n="urn:smswebservices">{inside}</n:{operation}></e:Body></e:Envelope>'
        )
        return Call("POST", "/webservice.php", {"Content-Type": "text/xml; charset=utf-8"}, envelope.encode())


class Labs402t:
    name: str = "labs402t"
    dialect: str = name
    posts: tuple[str, ...] = tuple(
        f"/api/v1{path}" for path in ("/sms/send", "/sms/schedule", "/sms/batch", "/users", "/users/nadie/password")
    )
    unknown: tuple[str, ...] = (
        "/api/v1/nada",
        "/api/v1/sms",
        "/api/v1/sms/send/nada",
        "/api/v1/accounts/x",
        "/api/v1/users/x",
    )

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        body = {"to": number, "text": text} | ({"from": sender} if sender else {})
        return self.post(who, "/api/v1/sms/send", json.dumps(body).encode())

    def schedule(self, who: Customer, number: str, text: str, send_at: str) -> Call:
        body = {"to": number, "text": text, "send_at": send_at}
        return self.post(who, "/api/v1/sms/schedule", json.dumps(body).encode())

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        return Call("POST", path, JSON | {"Authorization": f"Bearer {who.key}"}, body)

    def said(self, reply: Reply) -> str:
        code = reply.json["status"]
        return f"{code}, {reply.status}" if code else ACCEPTED

    def identity(self, reply: Reply, number: str) -> str:
        identity: str = reply.json["data"]["guid"]
        return identity

    def ask(self, who: Customer, identity: str) -> Call:
        return Call("GET", f"/api/v1/sms/{identity}/status", {"Authorization": f"Bearer {who.key}"})

    def word(self, reply: Reply) -> str:
        document = reply.json
        assert {name: document[name] for name in ("guid", "state", "updated_at")} == document["data"]
        word: str = document["state"]
        return word

    def check(self, reply: Reply) -> None:
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        document = reply.json
        assert list(document)[:3] == ["status", "message", "data"]
        assert isinstance(document["data"], dict)
        assert document["message"] == LABS402T_MESSAGES[Labs402tCode(document["status"])]
        assert (reply.status == 200) == (document["status"] == 0)
        assert ("www-authenticate" in reply.headers) == (reply.status == 401)


class Foxsys:
    name: str = "foxsys"
    dialect: str = name
    posts: tuple[str, ...] = ("/json/send", "/json/scheduled", "/json/prices", "/json/balance", "/json/ack")
    unknown: tuple[str, ...] = ("/json", "/json/", "/json/nada", "/json/send/nada", "/json/sends")

    def send(self, who: Customer, number: str, text: str, *, sender: str = "", **more: Any) -> Call:
        body = {"message": text, "recipient": [{"msisdn": number}]} | ({"tpoa": sender} if sender else {}) | more
        return self.post(who, "/json/send", json.dumps(body).encode())

    def cancel_all(self, who: Customer) -> Call:
        return self.post(who, "/json/scheduled", b'{"subid":"*","cmd":"cancel"}')

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        basic = base64.b64encode(f"{who.login}:{who.key}".encode()).decode()
        return Call("POST", path, JSON | {"Authorization": f"Basic {basic}"}, body)

    def said(self, reply: Reply) -> str:
        code: str = reply.json["code"]
        return ACCEPTED if code == "0" else code

    def identity(self, reply: Reply, number: str) -> str:
        return f"{reply.json['subid']} {number}"

    def ask(self, who: Customer, identity: str) -> Call:
        subid, _, msisdn = identity.partition(" ")
        return self.post(who, "/json/ack", json.dumps({"subid": subid, "msisdn": msisdn}).encode())

    def word(self, reply: Reply) -> str:
        document = reply.json
        assert list(document) == ["code", "status", "credits", "desc", "timestamp"]
        return f"{document['status']} {document['desc']}".strip()

    def check(self, reply: Reply) -> None:
        if reply.status == 200 and "code" not in reply.json:
            assert all(set(entry) == {"isocode", "prefix", "name", "credits"} for entry in reply.json.values())
            return
        assert reply.content_type == "application/json"
        code = FoxsysCode(str(reply.json["code"]))
        assert reply.status == (int(code) if len(code) == 3 else 200)
        challenge = reply.headers.get("www-authenticate", "")
        assert challenge.startswith("Basic ") if reply.status == 401 else challenge == ""


_FORM = "application/x-www-form-urlencoded"

SOFMEX, CONVERGIA, CONVERGIA_SOAP, LABS402T, FOXSYS = Sofmex(), Convergia(), ConvergiaSoap(), Labs402t(), Foxsys()
SPEAKERS: tuple[Speaker, ...] = (SOFMEX, CONVERGIA, CONVERGIA_SOAP, LABS402T, FOXSYS)


def spellings(secret: str) -> set[bytes]:
    """How a secret could stand in an answer or in a log."""
    plain = secret.encode()
    return {plain, quote(secret).encode(), quote(secret, safe="").encode(), base64.b64encode(plain)}


def shows(text: bytes, secret: str) -> bool:
    """Whether a secret stands in this text, also escaped."""
    return any(
        spelling in form for spelling in spellings(secret) for form in (text, unescape(text.decode("latin-1")).encode())
    )
