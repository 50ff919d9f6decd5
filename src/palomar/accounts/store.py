"""Write accounts: make them, change their settings, switches and passwords.

Every change bumps the counter that nodes read twice a second. Not here: their keys (``keys``), their credit
(``billing.credit``), and reading them all into memory (``snapshot``).
"""

from dataclasses import dataclass

from palomar.accounts import account_rows as rows
from palomar.accounts import token_rows
from palomar.accounts.keys import add_key
from palomar.accounts.settings import settings_text
from palomar.billing.credit import Transfer, add_credit, balance, transfer
from palomar.billing.ledger_rows import INSERT_BALANCES
from palomar.storage.database import Conflict, Transaction
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.context import TransactionContext
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be made; its password is hashed before the transaction, because that is slow on purpose."""

    login: str
    name: str
    password_hash: str
    key: str
    settings: AccountSettings
    credit_microcredits: int = 0
    parent_id: AccountId | None = None
    surname: str = ""
    contact_email: str = ""


def login_key(login: str) -> str:
    """Fold a login to the form by which it is found: letter case and outer spaces make no difference."""
    return login.strip().casefold()


async def add_account(
    tx: Transaction, context: TransactionContext, new: NewAccount, *, now_ms: int
) -> Account | Refusal | None:
    """Make an account with one key and its first credit, which its parent pays where it has one.

    None if an account or a user of the console has the login already; a refusal if the parent has too little credit.
    Then nothing is written. Raises Conflict if another node took the same id meanwhile.
    """
    if await tx.select(rows.SELECT_USER_WITH_LOGIN, login_key(new.login)):
        return None
    first = new.credit_microcredits
    if new.parent_id is not None and first > (await balance(tx, new.parent_id)).available:
        return Refusal.NO_CREDIT
    account_id = AccountId(int(str((await tx.select("SELECT coalesce(max(id), 0) + 1 FROM accounts"))[0][0])))
    row = (
        account_id,
        new.login,
        login_key(new.login),
        new.parent_id,
        new.name,
        1,
        1,
        new.password_hash,
        settings_text(new.settings),
        now_ms,
    )
    if not await tx.insert_new(rows.INSERT_ACCOUNTS, [row]):
        if await tx.select(rows.SELECT_ACCOUNT_BY_LOGIN, login_key(new.login)):
            return None
        raise Conflict("another node took the same id for another account meanwhile")
    await tx.insert(INSERT_BALANCES, [(account_id, 0, 0)])
    await add_key(tx, context.ids, account_id, secret=new.key, name="first", now_ms=now_ms)
    if first and new.parent_id is not None:
        work = Work(tx, context, now_ms=now_ms)
        await transfer(work, [Transfer(giver=new.parent_id, taker=account_id, microcredits=first)])
        await work.finish()
    elif first:
        await add_credit(tx, context, account_id, first, now_ms=now_ms)
    return Account(id=account_id, login=new.login, parent_id=new.parent_id, name=new.name, settings=new.settings)


async def change_password(tx: Transaction, account_id: AccountId, password_hash: str, *, now_ms: int) -> None:
    """Write a new password hash and revoke the tokens that log-ins made. Tokens that were made by name go on
    (``tokens.named_tokens``)."""
    await tx.execute(rows.CHANGE_PASSWORD, password_hash, account_id)
    await tx.execute(token_rows.REVOKE_TOKENS_OF_LOGIN, now_ms, account_id)
    await tx.execute(BUMP_VERSION)


async def change_account(tx: Transaction, account: Account) -> None:
    """Write an account's name, switches and settings as they are in ``account``."""
    await tx.execute(
        rows.UPDATE_ACCOUNT,
        account.name,
        int(account.enabled),
        int(account.may_send),
        settings_text(account.settings),
        account.id,
    )
    await tx.execute(BUMP_VERSION)
