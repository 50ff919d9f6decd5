"""FOXSYS as a customer's program speaks it."""

import base64
import json
from typing import Any

from tests.dialects.speaking import ACCEPTED, JSON, Call, Customer, Reply, Speaker

from palomar.dialects.foxsys.errors import Code


class Foxsys(Speaker):
    """FOXSYS's JSON."""

    name: str = "foxsys"
    dialect: str = name
    posts: tuple[str, ...] = ("/json/send", "/json/scheduled", "/json/prices", "/json/balance", "/json/ack")
    unknown: tuple[str, ...] = ("/json", "/json/", "/json/nada", "/json/send/nada", "/json/sends")
    huge = "413"

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

    def check_bad_head(self, reply: Reply, status: int) -> None:
        assert (set(reply.json), int(reply.json["code"])) == ({"code", "message"}, status)

    def check(self, reply: Reply) -> None:
        if reply.status == 200 and "code" not in reply.json:
            assert all(set(entry) == {"isocode", "prefix", "name", "credits"} for entry in reply.json.values())
            return
        assert reply.content_type == "application/json"
        code = Code(str(reply.json["code"]))
        assert reply.status == (int(code) if len(code) == 3 else 200)
        challenge = reply.headers.get("www-authenticate", "")
        assert challenge.startswith("Basic ") if reply.status == 401 else challenge == ""


FOXSYS = Foxsys()
