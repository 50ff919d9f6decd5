"""A shown call has everything in it but its secrets, wherever programs put them."""

import base64
import json
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus

import pytest
from tests.support.growth import growth

from palomar.sandbox.redaction import MASK, redacted
from palomar.vocabulary.http_record import HttpRecord

SECRET = "s3cr3t-of-acme"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.abcdefghijklmnop"


def shown(**fields: object) -> str:
    call = redacted(HttpRecord(**({"method": "POST", "target": b"/x"} | fields)))  # type: ignore[arg-type]
    return "\n".join((call.target, call.request_head, call.request_body, call.answer_head, call.answer_body))


@pytest.mark.parametrize(
    "fields",
    [
        {"target": f"/?username=demo&password={SECRET}&number=34600000001".encode()},
        {"target": b"/?username=demo&password=s3cr3t%2Dof%2Dacme", "answer": f"hello {SECRET}".encode()},
        {"target": f"/send?user=demo&pass={SECRET}&to=34600000001".encode()},
        {"headers": ((b"Authorization", f"Bearer {SECRET}".encode()),)},
        {"headers": ((b"authorization", SECRET.encode()),)},
        {"headers": ((b"authorization", b"Basic " + base64.b64encode(f"demo:{SECRET}".encode())),)},
        {"headers": ((b"X-Api-Key", SECRET.encode()),)},
        {"headers": ((b"cookie", f"session={SECRET}".encode()),)},
        {"body": f"username=demo&password={SECRET}".encode()},
        {"body": f'{{"login": "demo", "password": "{SECRET}"}}'.encode()},
        {"body": f'{{"login": "demo", "new_password" : "{SECRET}'.encode()},
        {"body": f"{{'apiKey': '{SECRET}'}}".encode()},
        {"body": f'{{"user": "demo", "pass": "{SECRET}"}}'.encode()},
        {"body": f"<v:pass>{SECRET}</v:pass>".encode()},
        {"body": f'--x\r\nContent-Disposition: form-data; name="pass"\r\n\r\n{SECRET}\r\n--x--'.encode()},
        {"body": f"<v:password xsi:type='xsd:string'>{SECRET}</v:password>".encode()},
        {"body": f'--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n{SECRET}\r\n--x--'.encode()},
        {"body": f"<arg0>demo</arg0><arg1>{SECRET}</arg1>".encode(), "password": SECRET},
        {"body": f'{{"ackurl": "https://shop.example/ack?token={SECRET}&n=1"}}'.encode()},
        {"answer": f'{{"login": "child", "api_key": "{SECRET}"}}'.encode()},
        {"answer_headers": ((b"authorization", f"Bearer {SECRET}".encode()),)},
    ],
)
def test_a_secret_is_shown_nowhere(fields: dict[str, object]) -> None:
    text = shown(**fields)
    assert SECRET not in text
    assert SECRET.replace("-", "%2D") not in text
    assert MASK in text


def test_a_secret_found_in_one_place_is_masked_everywhere() -> None:
    text = shown(
        target=f"/?password={SECRET}".encode(), body=f"why not {SECRET}".encode(), answer=f"echo {SECRET}".encode()
    )
    assert SECRET not in text
    assert text.count(MASK) == 4  # the target stands in the head too


ODD: Final = "Contraseña <&/+> 1"


@pytest.mark.parametrize(
    "spelled",
    [
        ODD,
        quote(ODD),
        quote(ODD, safe=""),
        quote_plus(ODD),
        quote_plus(ODD).replace("%C3%B1", "%c3%b1"),
        escape(ODD),
        json.dumps(ODD)[1:-1],
        json.dumps(ODD, ensure_ascii=False)[1:-1],
    ],
)
def test_the_callers_password_is_masked_in_every_spelling_and_in_a_field_of_any_name(spelled: str) -> None:
    text = shown(target=f"/x?w={spelled}&n=1".encode(), body=f"arg1={spelled}&n=2".encode(), password=ODD)
    assert "Contrase" not in text
    assert text.count(MASK) == 3
    assert "n=1" in text
    assert "n=2" in text


@pytest.mark.parametrize("password", ["caf\udce9 latino", "\ud800abc", "x" * 200_000])
def test_a_password_that_cannot_be_one_hides_nothing_else(password: str) -> None:
    assert "n=1" in shown(target=b"/x?n=1", body=b"hello", password=password)


def test_names_that_only_contain_pass_are_no_secrets() -> None:
    text = shown(
        target=b"/x?passenger=Anna+Karenina&bypass=nothing&compass=north",
        body=b'{"passenger": "Anna Karenina", "passes": "twelve"} <compass>north</compass>',
    )
    assert MASK not in text


def test_a_signed_token_is_masked_everywhere() -> None:
    assert JWT not in shown(answer=f'{{"status":0,"message":"{JWT}"}}'.encode())


def test_everything_else_is_shown_unchanged() -> None:
    call = redacted(
        HttpRecord(
            method="POST",
            target=b"/json/send?tokens",
            headers=((b"Host", b"127.0.0.1:8080"), (b"authorization", b"Basic " + base64.b64encode(b"demo:ab"))),
            body='{"message": "Hola, ¿qué tal? <b>", "recipient": [{"msisdn": "34600000001"}]}'.encode(),
            status=200,
            answer_headers=((b"content-type", b"application/json"),),
            answer=b'{"code": "0", "message": "sent"}',
        )
    )
    assert call.request_head == f"POST /json/send?tokens HTTP/1.1\nHost: 127.0.0.1:8080\nauthorization: Basic {MASK}"
    assert call.request_body == '{"message": "Hola, ¿qué tal? <b>", "recipient": [{"msisdn": "34600000001"}]}'
    assert call.answer_head == "200\ncontent-type: application/json"
    assert call.answer_body == '{"code": "0", "message": "sent"}'


def test_invalid_utf8_and_short_secrets_mask_nothing_else() -> None:
    text = shown(body=b"\xff\xfe password=a&text=a cat", password="a")
    assert text.endswith("text=a cat\n0\n")
    assert MASK in text


def test_a_long_hostile_body_is_searched_quickly() -> None:
    """A pattern that went back and forth would never end with this."""
    for piece in (b'"password' * 1_000, b"<password " * 1_500, b'name="password"\r\nx' * 500, b"&&&password" * 1_000):
        assert shown(body=piece[: 16 * 1024])


@pytest.mark.parametrize(
    "url",
    ["http://u:p4ss@host/a", "http:\\/\\/u:p4ss@host\\/a", "HTTPS://u:p4ss@host", "http%3A%2F%2Fu%3Ap4ss%40host%2Fa"],
)
def test_user_and_password_in_a_url_are_masked_by_their_place(url: str) -> None:
    text = shown(target=f"/x?ackurl={url}".encode(), body=f'{{"ackurl":"{url}"}}'.encode())
    assert "p4ss" not in text
    assert "host" in text


@pytest.mark.parametrize(
    "unit", [b"eyJ", b"eyJaaaaaaaaa.", b"password=a&", b'"password":"x",', b"<a:password ", b'name="']
)
def test_no_recorded_body_makes_the_search_slow(unit: bytes) -> None:
    def record_of(octets: int) -> HttpRecord:
        return HttpRecord(method="POST", target=b"/x", body=unit * (octets // len(unit)))

    assert growth(redacted, record_of(1_000), record_of(8_000), times=8) < 3
