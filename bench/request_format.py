"""The requests to each gateway as octets, and the codes of their answers.

Requests are rendered from templates of fixed width, so that only digits change. Not here: connections and timing.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import numbering

ACCEPTED = "0"

_FOXSYS_CODE = re.compile(rb'"code"\s*:\s*"?(-?\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFormat:
    """``render(request)`` returns the octets to send; ``code(status, body)`` the vendor's code, ACCEPTED for
    success."""

    render: Callable[[int], bytes]
    code: Callable[[int, bytes], str]


def foxsys(*, host: str, login: str, key: str, text: str, callback: str, batch: int) -> RequestFormat:
    """Make the format of FOXSYS's ``POST /json/send`` with ``batch`` recipients a request."""
    credentials = base64.b64encode(f"{login}:{key}".encode()).decode()
    head = f'{{"message":{json.dumps(text)},"recipient":['.encode()
    tail = f'],"ackurl":{json.dumps(callback)},"subid":"'.encode()

    def body(request: int) -> bytes:
        first = request * batch
        numbers = b",".join([b'{"msisdn":"%d"}' % numbering.number_of(index) for index in range(first, first + batch)])
        return b'%b%b%b%b"}' % (head, numbers, tail, numbering.subid_of(request))

    lines = (
        f"POST /json/send HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {credentials}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body(0))}\r\n\r\n"
    ).encode()

    def code(status: int, body: bytes) -> str:
        found = _FOXSYS_CODE.search(body)
        return found[1].decode() if found else f"HTTP {status}"

    return RequestFormat(render=lambda request: lines + body(request), code=code)


def kannel(*, host: str, login: str, key: str, text: str, callback: str) -> RequestFormat:
    """Make the format of Kannel's ``GET /cgi-bin/sendsms``, with the callbacks that a FOXSYS client gets: accepted by
    the SMSC, and the end."""
    report = callback + ("&" if "?" in callback else "?") + "acklevel=%d"
    query = urlencode({"username": login, "password": key, "from": "FOXSYS", "text": text, "dlr-mask": 1 | 2 | 8 | 16})
    start = f"GET /cgi-bin/sendsms?{query}&dlr-url={quote(report, safe='')}".encode()
    end = f" HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    def render(request: int) -> bytes:
        number = numbering.number_of(request)
        return b"%b%%26msisdn%%3D%d%%26subid%%3D%b&to=%d%b" % (
            start,
            number,
            numbering.subid_of(request),
            number,
            end,
        )

    def code(status: int, body: bytes) -> str:
        return ACCEPTED if status == 202 else f"HTTP {status}"

    return RequestFormat(render=render, code=code)
