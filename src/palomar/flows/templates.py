"""Templates of an account: written by people, in force on every node within a second."""

from palomar.domain.account import AccountId
from palomar.storage import templates as rows
from palomar.storage.change_counter import BUMP_VERSION
from palomar.storage.database import Transaction


async def set_template(tx: Transaction, account_id: AccountId, name: str, text: str) -> bool:
    """Store a text under that name; whether another was there before."""
    replaced = await tx.execute(rows.DELETE_TEMPLATE, account_id, name) == 1
    await tx.insert(rows.INSERT_TEMPLATES, [(account_id, name, text)])
    await tx.execute(BUMP_VERSION)
    return replaced


async def remove_template(tx: Transaction, account_id: AccountId, name: str) -> bool:
    """False if there is none of that name."""
    removed = await tx.execute(rows.DELETE_TEMPLATE, account_id, name) == 1
    await tx.execute(BUMP_VERSION)
    return removed


async def list_templates(tx: Transaction, account_id: AccountId) -> dict[str, str]:
    """An account's templates, in the order of their names."""
    return {str(name): str(text) for name, text in await tx.select(rows.SELECT_TEMPLATES_OF, account_id)}
