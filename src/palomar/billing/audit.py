"""Audit the money: compare the ledger, the balances and what messages under way will cost."""

from palomar.billing.ledger_rows import SELECT_BOOKS, SELECT_UNBALANCED, SELECT_UNDER_WAY, Book
from palomar.storage.database import Transaction


async def audit_ledger(tx: Transaction) -> list[str]:
    """List what is wrong with the money: entries that do not sum to zero, balances that are not the sum of their
    entries."""
    faults = [f"entry {row[0]} does not sum to zero" for row in await tx.select(SELECT_UNBALANCED)]
    sums = {(row[0], row[1]): row[2] for row in await tx.select(SELECT_BOOKS)}
    for account_id, available, reserved in await tx.select(
        "SELECT account_id, available_microcredits, reserved_microcredits FROM balances ORDER BY account_id"
    ):
        for book, amount in ((Book.AVAILABLE, available), (Book.RESERVED, reserved)):
            entered = sums.get((account_id, book.value), 0)
            if entered != amount:
                faults.append(f"account {account_id}: {book} is {amount}, its ledger says {entered}")
    return faults + await _audit_reserved(tx)


async def _audit_reserved(tx: Transaction) -> list[str]:
    """List accounts whose reserved credit is not what their parts under way and not yet paid for will cost."""
    expected = {row[0]: row[1] for row in await tx.select(SELECT_UNDER_WAY)}
    return [
        f"account {account_id}: {reserved} is reserved, but what is under way costs {expected.get(account_id, 0)}"
        for account_id, reserved in await tx.select("SELECT account_id, reserved_microcredits FROM balances")
        if reserved != expected.get(account_id, 0)
    ]
