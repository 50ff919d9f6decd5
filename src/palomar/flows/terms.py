"""Hold what an account's messages are judged by before they are stored. Read with the accounts, used by ``compose``."""

from dataclasses import dataclass, field

from palomar.domain.account import AccountId
from palomar.domain.lane import Lane
from palomar.domain.pricing import PriceList


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The prices and lanes that an account's messages get when they are accepted, and the accounts above it (itself
    first)."""

    prices: PriceList = field(default_factory=PriceList)
    lanes: tuple[Lane, ...] = ()
    lineage: tuple[AccountId, ...] = ()
