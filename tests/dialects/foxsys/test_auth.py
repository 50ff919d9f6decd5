"""Credentials are looked up once, and forgotten as soon as the accounts are read again."""

import base64
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.dialects.foxsys.fake_gateway import BASIC, DEMO, FakeDirectory, admission_of, snapshot_of
from tests.dialects.foxsys.gateway_on_sqlite import TOKEN

from palomar.access.admission import REMEMBERED_AT_MOST, Denial
from palomar.dialects.foxsys.auth import Callers
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.refusals import Refusal


def _scope(authorization: bytes, client: Any = ("192.0.2.1", 4711)) -> dict[str, Any]:
    return {"headers": [(b"host", b"x"), (b"authorization", authorization)], "client": client}


def _callers(directory: FakeDirectory) -> Callers:
    gateway = SimpleNamespace(admission=admission_of(directory).for_dialect)  # all that callers use of it
    return Callers(gateway, TrustedProxies())  # type: ignore[arg-type]


def test_a_revoked_key_is_refused_after_the_accounts_are_read_again() -> None:
    directory = FakeDirectory(snapshot_of(DEMO))
    callers = _callers(directory)
    assert callers.caller(_scope(BASIC)) is DEMO
    directory.snapshot = snapshot_of(DEMO, token="another")
    assert callers.caller(_scope(BASIC)) == Denial(refusal=Refusal.BAD_CREDENTIALS)


def test_changed_settings_apply_after_the_accounts_are_read_again() -> None:
    directory = FakeDirectory(snapshot_of(DEMO))
    callers = _callers(directory)
    assert callers.caller(_scope(BASIC)) is DEMO
    disabled = replace(DEMO, enabled=False)
    directory.snapshot = snapshot_of(disabled)
    denied = Denial(refusal=Refusal.ACCOUNT_DISABLED, account=disabled)
    assert callers.caller(_scope(BASIC)) == denied


def test_bad_credentials_are_not_remembered_and_good_ones_up_to_a_limit() -> None:
    directory = FakeDirectory(snapshot_of(replace(DEMO, login="demo")))
    callers = _callers(directory)
    proxied = {"client": ("127.0.0.1", 1)}  # who guesses from loopback is not blocked
    for number in range(5_000):
        callers.caller(_scope(b"Basic " + base64.b64encode(b"demo:%d" % number)) | proxied)
        callers.caller(_scope(BASIC + b" " * number) | proxied)
    assert 0 < len(callers._admission._remembered) <= REMEMBERED_AT_MOST


@pytest.mark.parametrize("login", ["Señor@example.com", "señor@EXAMPLE.com"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_login_may_be_utf8_or_latin1(login: str, encoding: str) -> None:
    account = replace(DEMO, login="señor@example.com")
    header = b"Basic " + base64.b64encode(f"{login}:{TOKEN}".encode(encoding))
    assert _callers(FakeDirectory(snapshot_of(account))).caller(_scope(header)) is account


@pytest.mark.parametrize(
    ("client", "allowed"), [("192.0.2.7", True), ("::ffff:192.0.2.7", True), ("203.0.113.1", False), ("", False)]
)
def test_the_address_must_be_on_the_accounts_list(client: str, allowed: bool) -> None:
    account = replace(DEMO, settings=replace(DEMO.settings, allowed_addresses=("192.0.2.0/24",)))
    found = _callers(FakeDirectory(snapshot_of(account))).caller(_scope(BASIC, (client, 1) if client else None))
    assert found == (account if allowed else Denial(refusal=Refusal.ADDRESS_NOT_ALLOWED, account=account))
