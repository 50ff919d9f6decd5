"""``parameters.py`` against what PHP makes of the same octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.dialects.convergia.parameters import PARAMETERS_AT_MOST, of_form, of_query

MULTIPART = "multipart/form-data; boundary=frontera"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        (b"", {"": ""}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"A=1&a=2", {"A": "1", "a": "2"}),
        (b"a", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=1+2%2B3", {"a": "1 2+3"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"%61=%3D%26", {"a": "=&"}),
        (b"a=100%&b=%zz%4", {"a": "100%", "b": "%zz%4"}),
        (b"a=%C3%B1", {"a": "ñ"}),
        (b"a=%F1", {"a": "ñ"}),
        (b"a=\xc3\xb1&b=\xf1", {"a": "ñ", "b": "ñ"}),
        (b"a=%C3%B1%F1", {"a": "Ã±ñ"}),
        (b"a=%00", {"a": "\0"}),
    ],
)
def test_queries_are_read_as_php_reads_them(query: bytes, parameters: dict[str, str]) -> None:
    assert of_query(query) == parameters


def test_no_more_parameters_are_read_than_php_reads() -> None:
    query = b"&".join(b"p%d=1" % number for number in range(PARAMETERS_AT_MOST + 5))
    parameters = of_query(query)
    assert len(parameters) == PARAMETERS_AT_MOST
    assert f"p{PARAMETERS_AT_MOST}" not in parameters


def test_a_urlencoded_form_may_end_with_a_line() -> None:
    assert of_form(b"a=1&b=2\r\n", "application/x-www-form-urlencoded") == {"a": "1", "b": "2"}


def test_a_multipart_form_has_its_parts_without_its_files() -> None:
    body = (
        b'--frontera\r\nContent-Disposition: form-data; name="a"\r\n\r\nuno\r\ndos\r\n'
        b'--frontera\r\nContent-Disposition: form-data; name="b"\r\nContent-Type: text/plain\r\n\r\n\xf1\r\n'
        b'--frontera\r\nContent-Disposition: form-data; name="c"\r\n\r\n\xc3\xb1+%41\r\n'
        b'--frontera\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\ncontent\r\n'
        b'--frontera\r\nContent-Disposition: form-data; name="a"\r\n\r\nlast\r\n'
        b"--frontera--\r\n"
    )
    assert of_form(body, MULTIPART) == {"a": "last", "b": "ñ", "c": "ñ+%41"}
    assert of_form(body, 'Multipart/Form-Data; charset=utf-8; boundary="frontera"')["b"] == "ñ"


@given(st.binary(max_size=200), st.sampled_from([MULTIPART, "multipart/form-data", "text/plain", "", "multipart/x"]))
def test_any_octets_can_be_read_as_a_form(body: bytes, content_type: str) -> None:
    for name, value in of_form(body, content_type).items():
        assert isinstance(name, str)
        assert isinstance(value, str)


@given(st.binary(max_size=120))
def test_any_octets_can_be_read_as_a_multipart_form(inside: bytes) -> None:
    body = b'--frontera\r\nContent-Disposition: form-data; name="a"\r\n' + inside + b"\r\n--frontera--\r\n"
    assert all(isinstance(value, str) for value in of_form(body, MULTIPART).values())
