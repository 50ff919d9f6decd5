"""Set and find the price of a part by country, in integer microcredits.

An account's own rates go before its parents', and those before the general ones. Rates are set by people, by ISO 3166
code; the empty code is for numbers that belong to no country, such as those of satellite phones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from palomar.numbers.countries import COUNTRIES
from palomar.storage.database import Transaction
from palomar.storage.statements import Insert
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.vocabulary.account import AccountId

DEFAULT_RATE_MICROCREDITS = 1_000_000
"""One credit a part, everywhere, until prices are set."""

Rates = Mapping[str, int]
"""Microcredits a part by country."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """An account's rates: ``own``, then ``inherited`` from its parent, its parent's parent and so on, then the
    installation's ``general`` ones. The first that names a country is its rate."""

    own: Rates = field(default_factory=dict)
    general: Rates = field(default_factory=dict)
    inherited: tuple[Rates, ...] = ()

    def rate(self, country: str | None) -> int:
        """Return the microcredits that a part to ``country`` costs (None: the number's country is not known)."""
        key = country or ""
        rate = self.own.get(key)
        if rate is not None:
            return rate
        for rates in self.inherited:
            if key in rates:
                return rates[key]
        return self.general.get(key, DEFAULT_RATE_MICROCREDITS)

    def rates(self) -> dict[str, int]:
        """List the rates of all countries, in the order of their codes."""
        return {country: self.rate(country) for country in COUNTRIES}


def price_lists(
    accounts: Iterable[tuple[AccountId, AccountId | None]], rates: Mapping[AccountId, Rates], *, general: Rates
) -> dict[AccountId, PriceList]:
    """Make the price list of every account. ``accounts`` has each with its parent, a parent before its children;
    ``rates`` has those of the accounts for which some are set."""
    lists: dict[AccountId, PriceList] = {}
    for identity, parent in accounts:
        above = lists.get(parent) if parent is not None else None
        inherited: tuple[Rates, ...] = ()
        if above is not None:
            inherited = (above.own, *above.inherited) if above.own else above.inherited
        lists[identity] = PriceList(own=rates.get(identity, {}), general=general, inherited=inherited)
    return lists


EVERYBODY = AccountId(0)
"""The account id of the general rates."""

SLICE = 500
_INSERT = Insert("rates", (("account_id", "bigint"), ("country", "text"), ("microcredits", "bigint")))
_DELETE = "DELETE FROM rates WHERE account_id = ? AND country = ?"
SELECT_ALL_RATES = "SELECT account_id, country, microcredits FROM rates"
_SELECT = "SELECT country, microcredits FROM rates WHERE account_id = ? ORDER BY country"


async def set_rates(tx: Transaction, account_id: AccountId, rates: Sequence[tuple[str, int]]) -> None:
    """Set rates (ISO country, microcredits a part) for an account or for EVERYBODY. Of several for one country the last
    is taken."""
    for country, _ in rates:
        await tx.execute(_DELETE, account_id, country)
    if rates:
        await tx.insert(_INSERT, [(account_id, country, rate) for country, rate in dict(rates).items()])
    await tx.execute(BUMP_VERSION)


async def remove_rates(tx: Transaction, account_id: AccountId, countries: Sequence[str]) -> int:
    """Remove rates, so that those they hid hold again. Returns how many there were."""
    removed = sum([await tx.execute(_DELETE, account_id, country) for country in countries])
    await tx.execute(BUMP_VERSION)
    return removed


async def rates_of(tx: Transaction, account_id: AccountId) -> list[tuple[str, int]]:
    """List the rates that are set for an account or for EVERYBODY, by country."""
    return [(row[0], row[1]) for row in await tx.select(_SELECT, account_id)]
