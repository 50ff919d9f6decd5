"""The signature of a callback: what is signed, with what time, and when there is none."""

import hashlib
import hmac

import pytest

from palomar.net.signing import HEADER, CallbackSigner, is_signature, signature
from palomar.vocabulary.account import AccountId

NOW_MS = 1_760_000_000_999
SECRETS = {AccountId(1): "s3cret", AccountId(2): "", AccountId(3): "clave-ñ"}


@pytest.fixture
def signer() -> CallbackSigner:
    return CallbackSigner(secret_of=SECRETS.__getitem__, wall_ms=lambda: NOW_MS)


def expected(secret: str, signed: bytes) -> tuple[tuple[str, str], ...]:
    digest = hmac.new(secret.encode(), b"1760000000." + signed, hashlib.sha256).hexdigest()
    return ((HEADER, f"t=1760000000,v1={digest}"),)


def test_a_body_is_signed_and_the_query_is_not(signer: CallbackSigner) -> None:
    headers = signer.headers(AccountId(1), "http://x.es/in?token=1", b'{"a":1}')
    assert headers == expected("s3cret", b'{"a":1}')


def test_without_a_body_the_query_is_signed_as_it_is_sent(signer: CallbackSigner) -> None:
    headers = signer.headers(AccountId(3), "http://x.es/ack?who=ñ x&status=ok#part", None)
    assert headers == expected("clave-ñ", b"who=%C3%B1%20x&status=ok")


def test_an_empty_query_is_signed_too(signer: CallbackSigner) -> None:
    assert signer.headers(AccountId(1), "http://x.es/ack", None) == expected("s3cret", b"")


def test_an_account_without_a_secret_signs_nothing(signer: CallbackSigner) -> None:
    assert signer.headers(AccountId(2), "http://x.es/ack?a=b", None) == ()


def test_a_url_that_cannot_be_sent_does_not_stop_the_callback_sender(signer: CallbackSigner) -> None:
    assert signer.headers(AccountId(1), "nonsense", None) == expected("s3cret", b"")


def test_the_time_is_part_of_what_is_signed() -> None:
    one, other = (signature("s", b"x", at_seconds=seconds) for seconds in (1, 2))
    assert one.partition("v1=")[2] != other.partition("v1=")[2]


def test_a_signature_is_valid_for_its_own_octets_and_secret_only() -> None:
    header = signature("secret", b"a=1", at_seconds=1_772_107_200)
    assert is_signature("secret", header, b"a=1")
    assert not is_signature("secret", header, b"a=2")
    assert not is_signature("another", header, b"a=1")
    assert not is_signature("", header, b"a=1")
    for nonsense in ("", "t=", "v1=x", "t=x,v1=y", f"t={'9' * 5_000},v1=x", header + ",v1=z", "t=1,v1=ÿ", "=,="):
        assert not is_signature("secret", nonsense, b"a=1")
