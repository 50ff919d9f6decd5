"""What a part costs, by country: integer microcredits, an account's own rates before its parents' before everybody's.

Rates are by ISO 3166 code; the empty code is for numbers that no country has (satellite phones and such).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from palomar.domain.account import AccountId
from palomar.domain.countries import COUNTRIES

DEFAULT_RATE_MICROCREDITS = 1_000_000
"""One credit a part, everywhere, until prices are set."""

Rates = Mapping[str, int]
"""Microcredits a part by country."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """An account's rates: ``own``, then ``inherited`` from its parent, its parent's parent and so on, then the house's
    ``general`` ones. Each country takes the first that names it."""

    own: Rates = field(default_factory=dict)
    general: Rates = field(default_factory=dict)
    inherited: tuple[Rates, ...] = ()

    def rate(self, country: str | None) -> int:
        """Microcredits a part to ``country`` (None: a number whose country is not known)."""
        key = country or ""
        rate = self.own.get(key)
        if rate is not None:
            return rate
        for rates in self.inherited:
            if key in rates:
                return rates[key]
        return self.general.get(key, DEFAULT_RATE_MICROCREDITS)

    def rates(self) -> dict[str, int]:
        """The rate of every country there is, in the order of their codes."""
        return {country: self.rate(country) for country in COUNTRIES}


def price_lists(
    accounts: Iterable[tuple[AccountId, AccountId | None]], rates: Mapping[AccountId, Rates], *, general: Rates
) -> dict[AccountId, PriceList]:
    """Every account's list, from accounts with their parents (a parent stands before its children) and the rates that
    are set for some of them."""
    lists: dict[AccountId, PriceList] = {}
    for identity, parent in accounts:
        above = lists.get(parent) if parent is not None else None
        inherited: tuple[Rates, ...] = ()
        if above is not None:
            inherited = (above.own, *above.inherited) if above.own else above.inherited
        lists[identity] = PriceList(own=rates.get(identity, {}), general=general, inherited=inherited)
    return lists
