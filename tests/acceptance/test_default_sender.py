"""Default senders: the order in which they are taken, and when the name of a vendor is borrowed."""

import pytest

from palomar.acceptance.default_sender import CARRIER_SENDER, FALLBACK_SENDER, SANDBOX_SENDERS, DefaultSenders
from palomar.dialects import DIALECTS
from palomar.vocabulary.account import Account, AccountId, AccountSettings


def account(**settings: object) -> Account:
    return Account(id=AccountId(1), login="acme", settings=AccountSettings(**settings))  # type: ignore[arg-type]


def test_a_dialect_that_names_no_vendor_never_sends_as_another_dialects() -> None:
    assert SANDBOX_SENDERS.of(account()) == FALLBACK_SENDER
    assert FALLBACK_SENDER.lower() not in {
        name.lower() for dialect in DIALECTS for name in (dialect.name, dialect.title)
    }
    assert SANDBOX_SENDERS.of(account(), vendor="FOXSYS") == "FOXSYS"


def test_on_a_real_network_no_name_is_borrowed() -> None:
    real = DefaultSenders(is_real=True, uses_vendor_names=False)
    assert real.of(account()) is None
    assert real.of(account(), vendor="FOXSYS") is None


@pytest.mark.parametrize(
    ("settings", "dialect", "senders", "sender"),
    [
        ({"default_sender": "Own", "senders": ("First",)}, "Dialect", DefaultSenders(installation="House"), "Own"),
        ({"senders": ("First", "Second")}, "Dialect", DefaultSenders(installation="House"), "First"),
        ({}, "Dialect", DefaultSenders(installation="House", of_carriers={"c": "Carrier"}), "Dialect"),
        ({}, "", DefaultSenders(installation="House", of_carriers={"c": "Carrier"}), CARRIER_SENDER),
        ({}, "", DefaultSenders(installation="House"), "House"),
    ],
)
def test_default_senders_are_taken_in_one_order(
    settings: dict[str, object], dialect: str, senders: DefaultSenders, sender: str
) -> None:
    assert senders.of(account(**settings), dialect=dialect, vendor="Vendor") == sender
