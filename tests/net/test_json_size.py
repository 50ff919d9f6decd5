"""``net/json_size.py``: how many values a body may hold, before it is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import growth

from palomar.net.json_size import has_more_values

PADDING = " " * 70_000


def count(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(count, value.values()))
    return 1 + sum(map(count, value)) if isinstance(value, list) else 1


def test_a_small_body_is_not_counted() -> None:
    assert not has_more_values(b"[],[]," * 1_000, 10)


@pytest.mark.parametrize("unit", [b"[],", b"{},", b'{"a":1},', b"[[", b"1,", b'"",'])
def test_brackets_and_commas_are_values(unit: bytes) -> None:
    assert has_more_values(unit * 100_000, 99_999)
    assert not has_more_values(unit * 100_000, 500_000)


def test_brackets_and_commas_in_texts_are_not_values() -> None:
    body = json.dumps({"a": ',[{"\\' * 100_000, "b": [1, 2]}).encode()
    assert not has_more_values(body, 10)
    assert has_more_values(body + b"," * 10, 10)


@given(st.recursive(st.text(alphabet='",[{\\', max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=5)))
def test_no_document_has_more_values_than_are_counted(document: Any) -> None:
    body = (json.dumps(document) + PADDING).encode()
    assert has_more_values(body, count(document) - 2)
    assert not has_more_values(body, 2 * count(document))


@pytest.mark.parametrize("unit", [b'\\"', b'"', b'""', b'"\\', b"\\", b'"a"', b",", b'\\\\"'])
def test_a_text_without_end_is_scanned_once(unit: bytes) -> None:
    small, large = (b'"' + unit * (octets // len(unit)) + b"," * 5_000 for octets in (100_000, 800_000))
    assert growth(lambda body: has_more_values(body, 100), small, large, times=8) < 3
