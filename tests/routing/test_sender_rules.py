"""The most particular sender rule decides."""

import pytest

from palomar.routing.sender_rules import SenderAction, SenderForm, SenderRule, in_order, sender_for

RULES = in_order(
    [
        SenderRule(id=1, action=SenderAction.PASS),
        SenderRule(id=2, country="MX", action=SenderAction.REPLACE, replacement="5255"),
        SenderRule(id=3, carrier="a", action=SenderAction.REPLACE, replacement="HOUSE"),
        SenderRule(id=4, carrier="a", country="US", action=SenderAction.REFUSE),
        SenderRule(id=5, carrier="a", country="US", form=SenderForm.NUMBER, action=SenderAction.PASS),
        SenderRule(id=6, form=SenderForm.NAME, country="FR", action=SenderAction.REFUSE),
    ]
)


@pytest.mark.parametrize(
    ("carrier", "country", "sender", "on_air"),
    [
        ("b", "ES", "ACME", "ACME"),
        ("b", "MX", "ACME", "5255"),
        ("a", "ES", "ACME", "HOUSE"),
        ("a", "MX", "ACME", "HOUSE"),
        ("a", "US", "ACME", None),
        ("a", "US", "34600000000", "34600000000"),
        ("b", "FR", "ACME", None),
        ("b", "FR", "12345", "12345"),
    ],
)
def test_the_most_particular_rule_decides(carrier: str, country: str, sender: str, on_air: str | None) -> None:
    assert sender_for(RULES, carrier=carrier, country=country, sender=sender) == on_air


def test_without_rules_every_sender_passes() -> None:
    assert sender_for((), carrier="a", country="ES", sender="ACME") == "ACME"


def test_of_equally_particular_rules_the_oldest_decides() -> None:
    rules = in_order(
        [
            SenderRule(id=9, country="ES", action=SenderAction.REFUSE),
            SenderRule(id=8, country="ES", action=SenderAction.PASS),
        ]
    )
    assert sender_for(rules, carrier="a", country="ES", sender="ACME") == "ACME"
