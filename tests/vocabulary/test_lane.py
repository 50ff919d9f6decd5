"""Lanes: the first that a message meets is used; campaigns are bulk if they meet none."""

import re

import pytest

from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import BULK_FROM_RECIPIENTS, Lane, Rank, find_lane, rank_of

CODE = Lane(id=1, name="codes", rank=Rank.URGENT, pattern=re.compile(r"\bcódigo\b|\bcode\b", re.IGNORECASE))
OTP = Lane(id=2, name="otp", rank=Rank.URGENT, label="otp*")
SHOP = Lane(id=3, name="shop", rank=Rank.BULK, account_id=AccountId(3), sender="shop")


def lane(*, label: str = "", sender: str = "ACME", text: str = "hola", account: int = 7) -> Lane | None:
    lineage = (AccountId(account), AccountId(3)) if account == 7 else (AccountId(account),)
    return find_lane((CODE, OTP, SHOP), lineage=lineage, label=label, sender=sender, text=text)


def test_a_message_meets_a_lane_by_its_account_label_sender_or_text() -> None:
    assert lane(text="Su CÓDIGO es 1234") is CODE
    assert lane(label="OTP-login") is OTP
    assert lane(sender="Shop") is SHOP
    assert lane(sender="Shop", account=8) is None
    assert lane(text="decoder") is None


def test_of_several_lanes_the_first_is_used() -> None:
    assert lane(text="code 1", label="otp") is CODE


@pytest.mark.parametrize(("recipients", "rank"), [(1, Rank.NORMAL), (BULK_FROM_RECIPIENTS, Rank.BULK)])
def test_without_a_lane_a_request_of_many_recipients_is_bulk(recipients: int, rank: Rank) -> None:
    assert rank_of(None, recipients=recipients) is rank
    assert rank_of(OTP, recipients=recipients) is Rank.URGENT
