"""Hold the prices and lanes of an account's messages. They are read with the accounts and used by
``acceptance.compose``."""

from dataclasses import dataclass, field

from palomar.billing.prices import PriceList
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The prices and lanes that an account's messages get when they are accepted. ``lineage`` is the account itself and
    then those above it."""

    prices: PriceList = field(default_factory=PriceList)
    lanes: tuple[Lane, ...] = ()
    lineage: tuple[AccountId, ...] = ()
