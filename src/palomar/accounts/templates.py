"""Keep an account's templates: few, short texts by name, in force on every node within a second."""

from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, columns_of
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.vocabulary.account import AccountId


async def set_template(tx: Transaction, account_id: AccountId, name: str, text: str) -> bool:
    """Store a text under that name; True if it replaced another."""
    replaced = await tx.execute(DELETE_TEMPLATE, account_id, name) == 1
    await tx.insert(INSERT_TEMPLATES, [(account_id, name, text)])
    await tx.execute(BUMP_VERSION)
    return replaced


async def remove_template(tx: Transaction, account_id: AccountId, name: str) -> bool:
    """Remove a template; False if there is none of that name."""
    removed = await tx.execute(DELETE_TEMPLATE, account_id, name) == 1
    await tx.execute(BUMP_VERSION)
    return removed


async def list_templates(tx: Transaction, account_id: AccountId) -> dict[str, str]:
    """List an account's templates, in the order of their names."""
    return {str(name): str(text) for name, text in await tx.select(SELECT_TEMPLATES_OF, account_id)}


INSERT_TEMPLATES = Insert("templates", (("account_id", "bigint"), *columns_of("text", "name text")))
DELETE_TEMPLATE = "DELETE FROM templates WHERE account_id = ? AND name = ?"
SELECT_TEMPLATES = "SELECT account_id, name, text FROM templates ORDER BY account_id, name"
SELECT_TEMPLATES_OF = "SELECT name, text FROM templates WHERE account_id = ? ORDER BY name"
