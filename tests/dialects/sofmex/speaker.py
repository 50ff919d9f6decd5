"""SOFMEX as a customer's program speaks it."""

import json
from urllib.parse import urlencode

from tests.dialects.speaking import ACCEPTED, JSON, Call, Customer, Door, Reply, Speaker


class Sofmex(Speaker):
    """SOFMEX's JSON."""

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
    huge = "Spring 413"
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

    def asked(self, reply: Reply) -> str:
        document = reply.json
        return document["message"] if document.get("registros") == [] else self.said(reply)

    def check_bad_head(self, reply: Reply, status: int) -> None:
        assert (set(reply.json), reply.json["status"]) == (self._spring, status)

    def check(self, reply: Reply) -> None:
        assert reply.content_type == "application/json"
        names = set(reply.json)
        if names == self._spring:
            assert reply.json["status"] == reply.status >= 400
        else:
            assert names in self._forms
            assert reply.status == 200 or (reply.status == 401 and reply.json["status"] == 1)
        assert ("www-authenticate" in reply.headers) == (reply.status == 401)


class LogIn(Door):
    """SOFMEX's other door."""

    name = "sofmex /login"
    dialect = "sofmex"
    wrong_password = "401"

    def send(self, who: Customer, number: str, text: str) -> Call:
        return SOFMEX.login(who)

    def said(self, reply: Reply) -> str:
        if reply.status == 200:
            return ACCEPTED
        return f"Spring {reply.status}" if "timestamp" in reply.json else str(reply.status)


SOFMEX = Sofmex()
