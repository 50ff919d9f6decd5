"""Hold what an account's messages are judged by before they are stored. Read with the accounts, used by
``acceptance.compose``."""

from dataclasses import dataclass, field

from palomar.billing.prices import PriceList
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The prices and lanes that an account's messages get when they are accepted, and the accounts above it (itself
    first)."""

    prices: PriceList = field(default_factory=PriceList)
    lanes: tuple[Lane, ...] = ()
    lineage: tuple[AccountId, ...] = ()
