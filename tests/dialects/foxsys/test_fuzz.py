"""Whatever comes in: no exception, no 5xx, always JSON with a code, and what is accepted can be stored and sent."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.foxsys.fake_gateway import BASIC, FakeGateway, api_of, ask

from palomar.dialects.foxsys.documents import SendDocument
from palomar.text.alphabets import MAX_PARTS, count_parts, has_unusable_characters
from palomar.vocabulary.message import State

_texts = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["34609033162", "+34 609 033 162", "default", "%name%", "2024-01-01 00:00:00", "http://a.example/x", "\ud83d", "€ñ"]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)
_recipients = st.lists(st.fixed_dictionaries({"msisdn": st.just("34609033162") | _values}) | _values, max_size=4)
_parameters = st.lists(
    st.dictionaries(
        st.just("name") | _texts, st.fixed_dictionaries({"msisdn": _texts, "value": _texts}) | _values, max_size=2
    ),
    max_size=3,
)
_documents = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(SendDocument.__struct_fields__, _values)
    | {"message": _texts, "recipient": _recipients | _values, "parameters": _parameters | _values},
)
_likely = st.fixed_dictionaries(
    {"message": st.text(min_size=1, max_size=200), "recipient": st.just([{"msisdn": "34609033162"}, {}])},
    optional={name: _texts | st.booleans() for name in ("subid", "tpoa", "label", "test", "long", "ucs2", "ackurl")}
    | {"parameters": _parameters},
)


async def _check(body: bytes, **request: Any) -> None:
    gateway = FakeGateway()
    answer = await ask(api_of(gateway), body, **request)
    assert answer is not None
    assert answer.status < 500
    assert answer.headers["content-type"] == "application/json"
    assert "code" in answer.json
    assert bool(gateway.requests) == (answer.json.get("code") == "0")
    for accepted in gateway.requests:
        assert answer.json["subid"] == accepted.request_ref
        assert 0 < len(accepted.request_ref) <= 20
        kept = [accepted.request_ref, accepted.sender, accepted.label, accepted.status_url]
        for recipient in accepted.recipients:
            kept += [recipient.text, recipient.msisdn]
            if recipient.state is not State.NOFORMAT:
                assert 1 <= count_parts(recipient.text, recipient.alphabet) == recipient.parts <= MAX_PARTS
        assert not any(map(has_unusable_characters, kept))


@given(_documents)
@settings(max_examples=150, deadline=None)
async def test_any_document_is_answered_in_form(document: dict[str, Any]) -> None:
    await _check(json.dumps(document).encode())


@given(_likely)
@settings(max_examples=150, deadline=None)
async def test_likely_documents_are_answered_in_form(document: dict[str, Any]) -> None:
    await _check(json.dumps([document], ensure_ascii=True).encode())


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
async def test_any_octets_are_answered_in_form(body: bytes) -> None:
    await _check(body)


@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "X"]),
    path=st.sampled_from(["/json/send", "/json/balance", "/json/send/"]) | st.text(max_size=20).map("/json".__add__),
    authorization=st.binary(max_size=40) | st.binary(max_size=20).map(b"Basic ".__add__) | st.just(BASIC),
)
@settings(max_examples=150, deadline=None)
async def test_any_head_is_answered_in_form(method: str, path: str, authorization: bytes) -> None:
    await _check(b"{}", method=method, path=path, headers=[(b"authorization", authorization)])


@given(
    path=st.sampled_from(["/json/scheduled", "/json/ack", "/json/prices"]),
    document=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("subid", "msisdn", "countries"), _values)
        | {"cmd": st.sampled_from(["cancel", "send", "Send "]) | _values, "format": st.just("json") | _values},
    ),
)
@settings(max_examples=150, deadline=None)
async def test_any_document_for_the_other_endpoints_is_answered_in_form(path: str, document: dict[str, Any]) -> None:
    answer = await ask(api_of(FakeGateway()), json.dumps(document).encode(), path=path)
    assert answer is not None
    assert answer.status == 200
    if path == "/json/scheduled":
        assert isinstance(answer.code, int)
    if path == "/json/ack":
        assert answer.code in (0, "11", "51"), "what Python writes for infinity is no JSON"
