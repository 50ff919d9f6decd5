"""CONVERGIA as a customer's program speaks it, by URL and in an envelope."""

import re
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from lxml import etree
from tests.dialects.speaking import ACCEPTED, FORM, Call, Customer, Reply, Speaker

from palomar.dialects.convergia.errors import Code


class Convergia(Speaker):
    """CONVERGIA by URL."""

    name: str = "convergia"
    dialect: str = "convergia"
    posts: tuple[str, ...] = ("/", "/index.php", "/estatus_mensaje.php")
    unknown: tuple[str, ...] = ("/index.php/nada", "/estatus_mensaje.php/", "/webservice.php/nada")
    bodies = "form"
    huge = "105"
    post_to = "/"
    authorization = False
    wrong_password = "201"
    _codes = {code.value for code in Code}
    _word = re.compile("[02356]").fullmatch
    _sent = re.compile(r"100\|([0-9]{4,10})").fullmatch

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        return Call("GET", "/?" + urlencode(self._parameters(who) | {"number": number, "message": text}))

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        return Call("POST", f"{path}?{urlencode(self._parameters(who))}", dict(FORM), body)

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

    def asked(self, reply: Reply) -> str:
        return self.text(reply)

    def text(self, reply: Reply) -> str:
        return reply.body.decode()

    def check_bad_head(self, reply: Reply, status: int) -> None:
        assert reply.body == b"200"

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
    bodies = "soap"
    huge = "fault Mensaje demasiado grande"
    post_to = ""
    fault_is_500 = True

    def send(self, who: Customer, number: str, text: str, *, sender: str = "") -> Call:
        return self._call("enviar_mensaje", self._parameters(who) | {"number": number, "message": text})

    def post(self, who: Customer, path: str, body: bytes) -> Call:
        return Call("POST", path, {"Content-Type": "text/xml; charset=utf-8"}, body)

    def ask(self, who: Customer, identity: str) -> Call:
        return self._call("estatus_mensaje", self._parameters(who) | {"messageid": identity})

    def said(self, reply: Reply) -> str:
        if reply.status == 500:
            (fault,) = etree.fromstring(reply.body).iter("faultstring")
            return f"fault {fault.text}"
        return super().said(reply)

    def check_bad_head(self, reply: Reply, status: int) -> None:
        assert b"<faultcode>SOAP-ENV:Client</faultcode>" in reply.body

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


CONVERGIA, CONVERGIA_SOAP = Convergia(), ConvergiaSoap()
