"""402T Labs as a customer's program speaks it."""

import json

from tests.dialects.speaking import ACCEPTED, JSON, Call, Customer, Reply, Speaker

from palomar.dialects.labs402t.errors import MESSAGES, Code


class Labs402t(Speaker):
    """402T Labs' JSON."""

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
    huge = "-30, 413"

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

    def check_bad_head(self, reply: Reply, status: int) -> None:
        assert (set(reply.json), reply.json["status"]) == ({"status", "message", "data"}, -30)

    def check(self, reply: Reply) -> None:
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        document = reply.json
        assert list(document)[:3] == ["status", "message", "data"]
        assert isinstance(document["data"], dict)
        assert document["message"] == MESSAGES[Code(document["status"])]
        assert (reply.status == 200) == (document["status"] == 0)
        assert ("www-authenticate" in reply.headers) == (reply.status == 401)


LABS402T = Labs402t()
