"""Cookies are read and written, and forms accepted from the same origin only."""

from typing import Any

import pytest

from palomar.console.cookies import (
    LANGUAGE_COOKIE,
    choice_header,
    cookies_of,
    is_own_form,
    is_secure,
    session_header,
    token_of,
)


def scope(**headers: str) -> Any:
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"scheme": headers.pop("scheme", "http"), "headers": named}


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-site", "origin": "http://a", "host": "a"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "none"}, False),
        ({"origin": "http://a.example:8080", "host": "A.example:8080"}, True),
        ({"origin": "https://a.example", "host": "a.example"}, True),
        ({"origin": "http://evil.example", "host": "a.example"}, False),
        ({"origin": "http://a.example.evil", "host": "a.example"}, False),
        ({"origin": "http://a.example", "host": "a.example:8080"}, False),
        ({"origin": "null", "host": "a.example"}, False),
        ({"origin": "http://[", "host": "a.example"}, False),
        ({"host": "a.example"}, False),
        ({"origin": "http://a.example"}, False),
    ],
)
def test_a_form_is_accepted_only_from_the_same_origin(headers: dict[str, str], is_ours: bool) -> None:
    assert is_own_form(scope(**headers)) is is_ours


def test_https_is_recognized_behind_a_proxy() -> None:
    assert not is_secure(scope())
    assert is_secure(scope(x_forwarded_proto="https"))
    assert is_secure({"scheme": "https", "headers": []})


def test_over_https_the_cookie_is_bound_to_this_host() -> None:
    _, value = session_header("abc", secure=True)
    assert value == b"__Host-palomar-session=abc; Path=/; Secure; Max-Age=2592000; HttpOnly; SameSite=Lax"
    _, plain = session_header("abc", secure=False)
    assert plain == b"palomar-session=abc; Path=/console; Max-Age=2592000; HttpOnly; SameSite=Lax"
    _, ended = session_header("", secure=True)
    assert b"Max-Age=0" in ended


def test_a_token_is_read_from_the_cookie_of_its_scheme_alone() -> None:
    cookies = cookies_of(scope(cookie="a=b; palomar-session=plain; __Host-palomar-session=x=y; a=c"))
    assert cookies["a"] == "b"
    assert token_of(cookies, secure=False) == "plain"
    assert token_of(cookies, secure=True) == "x=y"
    assert token_of({}, secure=True) == ""
    assert len(token_of({"palomar-session": "x" * 5_000}, secure=False)) == 100


def test_a_choice_is_kept_for_a_year() -> None:
    _, value = choice_header(LANGUAGE_COOKIE, "es")
    assert value.startswith(b"palomar-language=es; Path=/console; Max-Age=31536000")
