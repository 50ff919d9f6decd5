"""URLs taken apart, and requests written so that nothing in them ends a line early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.net.urls import BadUrl, Urls


def split(url):
    origin, target = Urls().split(url)
    return origin.name, origin.host_header, target


@pytest.mark.parametrize(
    ("url", "name", "host_header", "target"),
    [
        ("http://example.com/a?b=c", "http://example.com:80", "example.com", "/a?b=c"),
        ("HTTPS://EXAMPLE.com", "https://example.com:443", "example.com", "/"),
        ("https://example.com:8443/x", "https://example.com:8443", "example.com:8443", "/x"),
        ("http://example.com:/x", "http://example.com:80", "example.com", "/x"),
        ("http://example.com.?q", "http://example.com:80", "example.com", "/?q"),
        ("http://example.com/a#fragment?x", "http://example.com:80", "example.com", "/a"),
        ("http://example.com#/a", "http://example.com:80", "example.com", "/"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080", "[2001:db8::1]:8080", "/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example:80", "xn--bcher-kva.example", "/"),
        ("http://my_host.example/", "http://my_host.example:80", "my_host.example", "/"),
        ("http://h/a b?c=é&d=%20", "http://h:80", "h", "/a%20b?c=%C3%A9&d=%20"),
        ("http://user:pw@h/", "http://h:80", "h", "/"),
        ("http://a@b@h/", "http://h:80", "h", "/"),
        ("http://h\\@evil/", "http://h:80", "h", "/\\@evil/"),
    ],
)
def test_a_url_is_split_into_origin_and_target(url, name, host_header, target):
    assert split(url) == (name, host_header, target)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "http://",
        "http:///path",
        "http://:80/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:x/",
        "http://h:80:80/",
        "http://-h/",
        "http://a..b/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://h h/",
        "http://h\r\nX: y/",
        "http://h/\r\nX: y",
        "http://h/a\x00b",
        "http://h/\ud800",
        "http://\ud800:x@h/",
        "http://" + "a" * 64 + "/",
        "http://h/" + "a" * 8192,
        " http://h/",
    ],
)
def test_a_url_that_cannot_be_requested_is_a_bad_url(url):
    with pytest.raises(BadUrl):
        split(url)


def test_a_remembered_origin_changes_nothing():
    urls = Urls()
    first, _ = urls.split("http://example.com:8080/x")
    again, target = urls.split("http://example.com:8080/y#z")
    assert (again, target) == (first, "/y")
    with pytest.raises(BadUrl):
        urls.split("http://example.com:80809")
    with pytest.raises(BadUrl):
        urls.split("http://example.com:8080/" + "a" * 8192)
    assert urls.split("http://example.com:8080?q=/")[1] == "/?q=/"


def test_userinfo_becomes_basic_authorization_with_its_escapes_undone():
    origin, _ = Urls().split("http://us%40er:p%3Aw@h/")
    assert origin.authorization == "Basic dXNAZXI6cDp3"


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_url_puts_a_line_end_or_a_space_on_the_wire(host, rest):
    try:
        origin, target = Urls().split(f"http://{host}/{rest}")
    except BadUrl:
        return
    for part in (target, origin.host_header, origin.authorization or "Basic x"):
        assert part.isascii()
        assert part.isprintable()
    assert " " not in target + origin.host_header


def test_an_origin_alone_is_that_of_the_split():
    urls = Urls()
    with pytest.raises(BadUrl):
        urls.origin("http://h/a\nb")
    origin, _ = urls.split("http://h/x?y#z")
    assert urls.origin("http://h/x") == urls.origin("HTTP://H:80/") == origin
    assert urls.origin("http://h/a\nb") == origin
    with pytest.raises(BadUrl):
        urls.split("http://h/a\nb")
    with pytest.raises(BadUrl):
        urls.origin("http://h:0/")


def test_a_remembered_origin_is_not_used_for_another_url():
    urls, other = Urls(), "http://other.example/y"
    for url, name in [
        ("http://h/x", "http://h:80"),
        (other, "http://other.example:80"),
        (other, "http://other.example:80"),
    ]:
        assert urls.split(url)[0].name == name
    with pytest.raises(BadUrl):
        urls.split("http://h:0/")
    with pytest.raises(BadUrl):
        urls.split("http://h:0/")
    assert urls.split(other)[1] == "/y"
