"""Texts of other people are escaped and isolated, and undefined names are errors."""

import html
import re
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from palomar.console.formats import Preferences
from palomar.console.request import PageContext, PageRequest
from palomar.console.static_files import Files
from palomar.console.templates import JinjaRenderer, isolated
from palomar.vocabulary.access import ClientAddress

MANNER = Preferences(language="es", zone=ZoneInfo("UTC"), theme="auto", now_ms=1_778_580_000_000)


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
        ('" onmouseover="x', "&#34; onmouseover=&#34;x"),
        ("{{ 7 * 7 }} {% x %}", "{{ 7 * 7 }} {% x %}"),
        ("=cmd|' /C calc'!A0", "=cmd|&#39; /C calc&#39;!A0"),
        ("a\nb\tc", "a\nb\tc"),
        ("👩‍👩‍👧 🎉 ñ", "👩‍👩‍👧 🎉 ñ"),
        ("עברית العربية", "עברית العربية"),
    ],
)
def test_special_characters_are_escaped(text: str, markup: str) -> None:
    assert isolated(text) == f"<bdi>{markup}</bdi>"


@pytest.mark.parametrize(
    "mark", ["\u202e", "\u2066", "\u200f", "\u0000", "\u0007", "\u009b", "\u200b", "\ufeff", "\u2028"]
)
def test_control_and_direction_characters_are_replaced_by_their_codes(mark: str) -> None:
    markup = str(isolated(f"a{mark}b"))
    assert mark not in markup
    assert f"U+{ord(mark):04X}" in markup


@given(st.text())
def test_no_text_opens_a_tag_or_leaves_its_element(text: str) -> None:
    markup = str(isolated(text))
    assert markup.startswith("<bdi>")
    assert markup.endswith("</bdi>")
    inside = re.sub(r'<span class="control" title="[^"<>]*">U\+[0-9A-F]+</span>', "", markup[5:-6])
    assert "<" not in inside
    plain = html.unescape(inside)
    assert set(plain) <= set(text)


def test_a_template_with_an_undefined_name_fails() -> None:
    renderer = JinjaRenderer(Files())
    request = PageRequest(
        method="GET",
        path="/login",
        query={},
        form={},
        token="",
        client=ClientAddress(""),
        agent="",
        is_secure=False,
        origin="",
        wants_fragment=False,
        preferences=MANNER,
    )
    context = PageContext(request, renderer=renderer, sign_in=None)  # type: ignore[arg-type]  # nobody logs in
    with pytest.raises(Exception, match="'login' is undefined"):
        renderer.render("login.html", context, {"fault": "", "next": ""})
    page = renderer.render("login.html", context, {"fault": "<b>", "next": '"><script>', "login": "x"}).decode()
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    assert "Contraseña" in page
