"""``net/multipart.py``: the fields of a form, some of them, whatever stands around them."""

import email.parser
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import growth, peak_octets

from palomar.net.multipart import HEAD_LONGEST, FormField, read_fields

FORM = "multipart/form-data; boundary=b"
MANY = 1_000


def part(name: str, value: bytes, *, head: str = "") -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="%b"\r\n%b\r\n%b\r\n' % (name.encode(), head.encode(), value)


def test_fields_come_in_order_and_twice_where_they_stand_twice() -> None:
    body = part("a", b"1\r\n2") + part("b", b"") + part("a", b"\xff") + b"--b--\r\nepilogue"
    assert read_fields(body, FORM, limit=MANY) == [
        FormField("a", b"1\r\n2"),
        FormField("b", b""),
        FormField("a", b"\xff"),
    ]


def test_lines_may_end_with_a_line_feed_alone_and_something_may_stand_before_the_form() -> None:
    body = b'preamble\n--b\nContent-Disposition: form-data; name="a"\n\n1\n--b--\n'
    assert read_fields(body, FORM, limit=MANY) == [FormField("a", b"1")]


@pytest.mark.parametrize(
    ("coding", "written"), [("base64", b"SG9sYQ=="), ("quoted-printable", b"H=6Fla"), ("8bit", b"Hola"), ("", b"Hola")]
)
def test_deprecated_transfer_encodings_are_decoded(coding: str, written: bytes) -> None:
    body = part("a", written, head=f"Content-Transfer-Encoding: {coding}\r\n") + b"--b--"
    assert read_fields(body, FORM, limit=MANY) == [FormField("a", b"Hola")]


def test_files_and_parts_without_a_name_or_with_too_large_a_head_are_left_out() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n1\r\n'
        + b"--b\r\nContent-Type: text/plain\r\n\r\n2\r\n"
        + b"--b\r\n\r\n3\r\n--b\r\n"
        + part("long", b"4", head="X: " + "x" * HEAD_LONGEST + "\r\n")
        + part("good", b"5")
        + b"--b--"
    )
    assert read_fields(body, FORM, limit=MANY) == [FormField("good", b"5")]


def test_a_part_that_never_ends_is_the_last() -> None:
    assert read_fields(part("a", b"1") + part("b", b"2"), FORM, limit=MANY)[0] == FormField("a", b"1")
    assert read_fields(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', FORM, limit=MANY) == [
        FormField("a", b"1")
    ]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=", "text/plain", ""])
def test_without_a_boundary_there_are_no_fields(content_type: str) -> None:
    assert read_fields(part("a", b"1"), content_type, limit=MANY) == []


def test_no_more_parts_are_read_than_the_limit() -> None:
    body = b"".join(part(f"n{number}", b"") for number in range(20))
    assert [field.name for field in read_fields(body, FORM, limit=3)] == ["n0", "n1", "n2"]


@pytest.mark.parametrize(
    "unit", [b"--b\r\n", b"--b\n", b"--b \t \t", b"\r\n", b"--b\r\n\r\n\r\n", b"x: y\r\n", b"--b--"]
)
def test_a_form_of_boundaries_only_takes_linear_time(unit: bytes) -> None:
    small, large = (unit * (octets // len(unit)) for octets in (50_000, 400_000))
    assert growth(lambda body: read_fields(body, FORM, limit=MANY), small, large, times=8) < 3
    assert peak_octets(lambda: read_fields(large, FORM, limit=MANY)) < 3 * len(large)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=20)), max_size=4))
def test_it_reads_what_pythons_own_parser_reads(posted: list[tuple[str, bytes]]) -> None:
    clean = [(name, value.replace(b"--b", b"").replace(b"\r", b"").replace(b"\n", b"")) for name, value in posted]
    body = b"".join(part(name, value) for name, value in clean) + b"--b--\r\n"
    theirs = email.parser.BytesParser().parsebytes(f"Content-Type: {FORM}\r\n\r\n".encode() + body).get_payload()
    parts = [one for one in theirs if isinstance(one, Message)] if isinstance(theirs, list) else []
    found = [(one.get_param("name", header="content-disposition"), one.get_payload(decode=True)) for one in parts]
    assert [tuple(field) for field in read_fields(body, FORM, limit=MANY)] == [
        one for one in found if one[0] is not None
    ]
