"""Requests as bytes."""

import pytest

from palomar.net.client.wire import BadHeader, request_bytes
from palomar.net.urls import Urls
from palomar.ports import HttpRequest

URLS = Urls()


def written(url, method="GET", body=None, headers=()):
    return request_bytes(HttpRequest(method=method, url=url, body=body, headers=headers), *URLS.split(url))


def test_a_get_is_a_request_line_a_host_and_an_agent():
    assert written("http://h:81/a?b") == b"GET /a?b HTTP/1.1\r\nHost: h:81\r\nUser-Agent: Palomar\r\n\r\n"


def test_a_post_carries_its_length_and_its_body():
    assert written("http://h/", "POST", b"{}", (("Content-Type", "application/json"),)) == (
        b"POST / HTTP/1.1\r\nHost: h\r\nUser-Agent: Palomar\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )


def test_a_post_without_a_body_has_a_length_of_zero():
    assert b"Content-Length: 0\r\n\r\n" in written("http://h/", "POST")


def test_userinfo_goes_as_basic_authorization():
    assert b"Authorization: Basic dTpw\r\n" in written("http://u:p@h/")


def test_own_agent_and_authorization_replace_ours():
    own = (("authorization", "Bearer x"), ("User-Agent", "me"))
    assert written("http://u:p@h/", headers=own) == (
        b"GET / HTTP/1.1\r\nHost: h\r\nauthorization: Bearer x\r\nUser-Agent: me\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET / HTTP/1.1\r\nX: y\r\n\r\nGET", ()),
        ("CONNECT", ()),
        ("get", ()),
        ("GET", (("X", "a\r\nY: b"),)),
        ("GET", (("X", "a\nb"),)),
        ("GET", (("X", "a\x00"),)),
        ("GET", (("X", "€"),)),
        ("GET", (("X\r\nY", "a"),)),
        ("GET", (("X ", "a"),)),
        ("GET", (("", "a"),)),
        ("GET", (("Host", "evil"),)),
        ("POST", (("Content-length", "0"),)),
        ("POST", (("Transfer-Encoding", "chunked"),)),
    ],
)
def test_headers_that_could_end_a_line_early_are_refused(method, headers):
    with pytest.raises(BadHeader):
        written("http://h/", method, headers=headers)
