"""Kannel, a gateway that is not ours, as an SMPP client: bearerbox and smsbox of Debian's package ``kannel``."""

import contextlib
import http.client
import socket
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode

from tests.support.needs import program
from tests.support.processes import Process
from tests.support.waiting import eventually

_CONFIGURATION = """
group = core
admin-port = {admin_port}
admin-interface = 127.0.0.1
admin-password = kannel
smsbox-port = {box_port}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
log-level = 1

group = smsc
smsc = smpp
smsc-id = palomar
host = 127.0.0.1
port = {smsc_port}
transceiver-mode = true
smsc-username = {system_id}
smsc-password = {password}
system-type = ""
enquire-link-interval = 1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box_port}
sendsms-port = {http_port}
sendsms-interface = 127.0.0.1
log-level = 1

group = sendsms-user
username = kannel
password = kannel
max-messages = 10
concatenation = true
"""

_INBOUND = """
group = sms-service
keyword = default
concatenation = true
max-messages = 0
get-url = "{url}?from=%p&to=%P&text=%b"
"""


class Kannel:
    """A running Kannel whose only SMSC is at ``smsc_port``; its boxes end with the context."""

    def __init__(
        self, directory: Path, *, smsc_port: int, system_id: str, password: str, inbound_url: str = ""
    ) -> None:
        """Configure it to send what phones write to ``inbound_url``, as ``from``, ``to`` and ``text``."""
        self._programs = {name: program(name) for name in ("bearerbox", "smsbox")}
        self._directory = directory
        self._admin_port, self._http_port, box_port = _free_ports(3)
        self._file = directory / "kannel.conf"
        self._file.write_text(
            _CONFIGURATION.format(
                admin_port=self._admin_port,
                box_port=box_port,
                http_port=self._http_port,
                smsc_port=smsc_port,
                system_id=system_id,
                password=password,
            )
            + (_INBOUND.format(url=inbound_url) if inbound_url else "")
        )
        self._boxes = contextlib.ExitStack()

    def __enter__(self) -> "Kannel":
        try:
            self._start("bearerbox")
            eventually(lambda: self.smsc_is("online"), within_seconds=20, what="Kannel is bound")
            self._start("smsbox")
            eventually(lambda: b"smsbox:" in self._status(), within_seconds=20, what="smsbox is there")
            eventually(lambda: self._get(self._http_port, "/") != b"", within_seconds=20, what="smsbox listens")
        except BaseException:
            self._boxes.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._boxes.close()

    def send(self, *, to: str, text: str, dlr_url: str, sender: str = "Kannel") -> None:
        """Ask smsbox to send, with every kind of report to ``dlr_url`` (``%d`` is the kind)."""
        query = {
            "username": "kannel",
            "password": "kannel",
            "from": sender,
            "to": to,
            "text": text,
            "charset": "UTF-8",
            "dlr-mask": "31",
            "dlr-url": dlr_url,
        }
        if not text.isascii():
            query["coding"] = "2"
        said = self._get(self._http_port, "/cgi-bin/sendsms?" + urlencode(query))
        assert b"Accepted" in said, said

    def smsc_is(self, state: str) -> bool:
        """Return True if Kannel's status page says this of its SMSC."""
        return f"({state}".encode() in self._status()

    def _status(self) -> bytes:
        return self._get(self._admin_port, "/status.txt?password=kannel")

    def _start(self, name: str) -> None:
        command = [self._programs[name], "-v", "1", str(self._file)]
        self._boxes.enter_context(Process(command, directory=self._directory, name=name))

    def _get(self, port: int, path: str) -> bytes:
        """Read a page; empty while Kannel does not listen."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            connection.close()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [opened.getsockname()[1] for opened in sockets]
