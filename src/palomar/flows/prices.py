"""Prices: rates a part by country, the house's and each account's own, set by people and read whole into memory."""

from collections.abc import Sequence

from palomar.domain.account import AccountId
from palomar.storage.change_counter import BUMP_VERSION
from palomar.storage.database import Transaction
from palomar.storage.statements import Insert

EVERYBODY = AccountId(0)
"""The account that the house's general rates stand under."""

SLICE = 500
_INSERT = Insert("rates", (("account_id", "bigint"), ("country", "text"), ("microcredits", "bigint")))
_DELETE = "DELETE FROM rates WHERE account_id = ? AND country = ?"
_SELECT = "SELECT country, microcredits FROM rates WHERE account_id = ? ORDER BY country"


async def set_rates(tx: Transaction, account_id: AccountId, rates: Sequence[tuple[str, int]]) -> None:
    """Set rates (ISO country, microcredits a part) for an account, or for EVERYBODY; the last of a country wins."""
    for country, _ in rates:
        await tx.execute(_DELETE, account_id, country)
    if rates:
        await tx.insert(_INSERT, [(account_id, country, rate) for country, rate in dict(rates).items()])
    await tx.execute(BUMP_VERSION)


async def remove_rates(tx: Transaction, account_id: AccountId, countries: Sequence[str]) -> int:
    """Take rates away, so that what stands above them holds again; how many there were."""
    removed = sum([await tx.execute(_DELETE, account_id, country) for country in countries])
    await tx.execute(BUMP_VERSION)
    return removed


async def rates_of(tx: Transaction, account_id: AccountId) -> list[tuple[str, int]]:
    """The rates that stand under an account, or under EVERYBODY; by country."""
    return [(row[0], row[1]) for row in await tx.select(_SELECT, account_id)]
