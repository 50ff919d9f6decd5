"""Write accounts, their keys, settings and credit, and read them all into memory.

Every change bumps the counter that nodes read twice a second. Secrets are shown when they are made and kept as hashes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from palomar.accounts import account_rows as rows
from palomar.accounts.blacklist import SELECT_ANY_BLOCKED
from palomar.accounts.blocks import Block, list_blocks
from palomar.accounts.callers import Caller, of_blocked
from palomar.accounts.settings import read_settings, settings_text
from palomar.accounts.templates import SELECT_TEMPLATES
from palomar.accounts.terms import Terms
from palomar.accounts.tokens import Token, live_token
from palomar.billing import ledger_rows as ledger
from palomar.billing.ledger import Ledger
from palomar.billing.prices import PriceList, price_lists
from palomar.ports import Ids
from palomar.receipts.receipt_id_lessons import load_receipt_id_formats
from palomar.routing.route_chooser import lineage
from palomar.routing.rules import RoutingPlan
from palomar.routing.rules_store import load_plan
from palomar.storage.database import Conflict, Transaction
from palomar.storage.statements import Found
from palomar.transaction import token_rows
from palomar.transaction.change_counter import BUMP_VERSION, SELECT_VERSION
from palomar.transaction.context import TransactionContext
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.receipt_ids import ReceiptIdFormat
from palomar.vocabulary.refusals import Refusal

_NO_PRICES = PriceList()
_EVERYBODY = AccountId(0)
"""The account id of the installation's general rates."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All accounts as they were at one version of the change counter. ``passwords`` are argon2 hashes."""

    version: int = 0
    by_id: Mapping[AccountId, Account] = field(default_factory=dict)
    by_login: Mapping[str, Account] = field(default_factory=dict)
    by_key: Mapping[bytes, Account] = field(default_factory=dict)
    passwords: Mapping[AccountId, str] = field(default_factory=dict)
    prices: Mapping[AccountId, PriceList] = field(default_factory=dict)
    tokens: Mapping[int, Token] = field(default_factory=dict)
    children: Mapping[AccountId, tuple[Account, ...]] = field(default_factory=dict)
    has_blocked_numbers: bool = True
    blocks: Mapping[str, Block] = field(default_factory=dict)
    known_callers: Mapping[Caller, int] = field(default_factory=dict)
    """The known callers of blocked addresses, and when each was last written, in milliseconds since 1970."""
    plan: RoutingPlan = field(default_factory=RoutingPlan)
    receipt_id_formats: Mapping[str, ReceiptIdFormat] = field(default_factory=dict)
    """How the receipts of each carrier spell ids, as far as it has been learned."""
    _terms: dict[AccountId, Terms] = field(default_factory=dict)

    def is_within(self, account: Account, ancestor: AccountId) -> bool:
        """Return True if ``account`` is ``ancestor`` or stands below it."""
        current: Account | None = account
        while current is not None:
            if current.id == ancestor:
                return True
            current = self.by_id.get(current.parent_id) if current.parent_id is not None else None
        return False

    def terms(self, account_id: AccountId) -> Terms:
        """Return the terms by which an account's messages are composed."""
        found = self._terms.get(account_id)
        if found is None:
            prices, above = self.prices.get(account_id, _NO_PRICES), lineage(self.by_id, account_id)
            found = self._terms[account_id] = Terms(prices=prices, lanes=self.plan.lanes, lineage=above)
        return found

    def account_of_key(self, secret: str) -> Account | None:
        """Find the account of a live key."""
        return self.by_key.get(key_hash(secret))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """Microcredits that an account can spend, and those that are set aside for messages under way."""

    available: int
    reserved: int


def key_hash(secret: str) -> bytes:
    """Hash a key to be stored; it is random, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def login_key(login: str) -> str:
    """Fold a login to the form by which it is found: letter case and outer spaces make no difference."""
    return login.strip().casefold()


async def load(tx: Transaction) -> Snapshot:
    """Read everything that a snapshot holds."""
    version = int(str((await tx.select(SELECT_VERSION))[0][0]))
    accounts: dict[AccountId, Account] = {}
    passwords = {}
    templates = await _templates(tx)
    for row in await tx.select(rows.SELECT_ACCOUNTS):
        account = _account(row, templates)
        accounts[account.id] = account
        passwords[account.id] = str(row[7])
    by_key = {}
    for digest, owner in await tx.select(rows.SELECT_LIVE_KEYS):
        assert isinstance(digest, bytes)
        by_key[digest] = accounts[AccountId(owner)]
    blocks = {block.subject: block for block in await list_blocks(tx)}
    return Snapshot(
        version=version,
        by_id=accounts,
        by_login={login_key(account.login): account for account in accounts.values()},
        by_key=by_key,
        passwords=passwords,
        prices=await _prices(tx, accounts),
        tokens={row[0]: live_token(row) for row in await tx.select(token_rows.SELECT_LIVE_TOKENS)},
        children=_children(accounts),
        has_blocked_numbers=bool(await tx.select(SELECT_ANY_BLOCKED)),
        blocks=blocks,
        known_callers=await of_blocked(tx) if blocks else {},
        plan=await load_plan(tx),
        receipt_id_formats=await load_receipt_id_formats(tx),
    )


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
    await tx.insert(ledger.INSERT_BALANCES, [(account_id, 0, 0)])
    await add_key(tx, context.ids, account_id, secret=new.key, name="first", now_ms=now_ms)
    if first and new.parent_id is not None:
        work = Work(tx, context, now_ms=now_ms)
        await transfer(work, [Transfer(giver=new.parent_id, taker=account_id, microcredits=first)])
        await work.finish()
    elif first:
        await add_credit(tx, context, account_id, first, now_ms=now_ms)
    return Account(id=account_id, login=new.login, parent_id=new.parent_id, name=new.name, settings=new.settings)


async def add_key(
    tx: Transaction, ids: Ids, account_id: AccountId, *, secret: str, name: str, now_ms: int
) -> rows.KeyRow:
    """Make another key of an account."""
    key = rows.KeyRow(id=ids.serial(), name=name, start=secret[:6], created_ms=now_ms, revoked_ms=None)
    await tx.insert(rows.INSERT_KEYS, [(key_hash(secret), key.id, account_id, name, key.start, now_ms)])
    await tx.execute(BUMP_VERSION)
    return key


async def revoke_key(tx: Transaction, account_id: AccountId, key_id: int, *, now_ms: int) -> bool:
    """Revoke a key, on every node within a second; False if there is no such live key."""
    changed = await tx.execute(rows.REVOKE_KEY, now_ms, account_id, key_id)
    await tx.execute(BUMP_VERSION)
    return changed == 1


async def list_keys(tx: Transaction, account_id: AccountId) -> list[rows.KeyRow]:
    """List an account's keys, revoked ones too, oldest first."""
    found = await tx.select(rows.SELECT_KEYS_OF, account_id)
    return [
        rows.KeyRow(
            id=identity,
            name=str(name),
            start=str(start),
            created_ms=created,
            revoked_ms=None if revoked is None else revoked,
        )
        for identity, name, start, created, revoked in found
    ]


async def change_password(tx: Transaction, account_id: AccountId, password_hash: str, *, now_ms: int) -> None:
    """Write a new password hash and revoke the tokens that log-ins made. Tokens that were made by name go on
    (``tokens.named_tokens``)."""
    await tx.execute(rows.CHANGE_PASSWORD, password_hash, account_id)
    await tx.execute(token_rows.REVOKE_TOKENS_OF_LOGIN, now_ms, account_id)
    await tx.execute(BUMP_VERSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An order to move credit from one account to another; a negative amount moves it the other way."""

    giver: AccountId
    taker: AccountId
    microcredits: int


async def transfer(work: Work, orders: Sequence[Transfer]) -> list[AccountBalance | Refusal]:
    """Move credit, one ledger entry of two legs an order. Returns the payer's balance after each order, or a refusal.

    The caller has checked that one account is the parent of the other.
    """
    ledger = Ledger.of(work)
    results: list[AccountBalance | Refusal] = []
    for order in orders:
        giver, taker, microcredits = order.giver, order.taker, order.microcredits
        if microcredits < 0:
            giver, taker, microcredits = taker, giver, -microcredits
        for party in sorted({giver, taker}):
            await ledger.lock(party)
        if ledger.balances.get(giver, 0) < microcredits:
            results.append(Refusal.NO_CREDIT)
            continue
        ledger.transfer(giver, taker, microcredits)
        reserved = (await balance(work.tx, giver)).reserved
        results.append(AccountBalance(available=ledger.balances[giver], reserved=reserved))
    return results


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


async def add_credit(
    tx: Transaction, context: TransactionContext, account_id: AccountId, microcredits: int, *, now_ms: int
) -> AccountBalance | Refusal:
    """Add credit or, negative, take it out, never below zero. Returns the balance after it, or a refusal."""
    before = await balance(tx, account_id)
    if before.available + microcredits < 0:
        return Refusal.NO_CREDIT
    work = Work(tx, context, now_ms=now_ms)
    Ledger.of(work).credit(account_id, microcredits)
    await work.finish()
    return AccountBalance(available=before.available + microcredits, reserved=before.reserved)


async def balance(tx: Transaction, account_id: AccountId) -> AccountBalance:
    """Read an account's balance; zero for an account that does not exist."""
    for _, available, reserved in await tx.lookup(ledger.LOOKUP_BALANCES, [account_id]):
        return AccountBalance(available=available, reserved=reserved)
    return AccountBalance(available=0, reserved=0)


async def audit_ledger(tx: Transaction) -> list[str]:
    """List what is wrong with the money: entries that do not sum to zero, balances that are not the sum of their
    entries."""
    faults = [f"entry {row[0]} does not sum to zero" for row in await tx.select(ledger.SELECT_UNBALANCED)]
    sums = {(row[0], row[1]): row[2] for row in await tx.select(ledger.SELECT_BOOKS)}
    for account_id, available, reserved in await tx.select(
        "SELECT account_id, available_microcredits, reserved_microcredits FROM balances ORDER BY account_id"
    ):
        for book, amount in ((ledger.Book.AVAILABLE, available), (ledger.Book.RESERVED, reserved)):
            entered = sums.get((account_id, book.value), 0)
            if entered != amount:
                faults.append(f"account {account_id}: {book} is {amount}, its ledger says {entered}")
    return faults + await _audit_reserved(tx)


async def _audit_reserved(tx: Transaction) -> list[str]:
    """List accounts whose reserved credit is not what their parts under way and not yet paid for will cost."""
    expected = {row[0]: row[1] for row in await tx.select(ledger.SELECT_UNDER_WAY)}
    return [
        f"account {account_id}: {reserved} is reserved, but what is under way costs {expected.get(account_id, 0)}"
        for account_id, reserved in await tx.select("SELECT account_id, reserved_microcredits FROM balances")
        if reserved != expected.get(account_id, 0)
    ]


async def _prices(tx: Transaction, accounts: Mapping[AccountId, Account]) -> dict[AccountId, PriceList]:
    """Read the price lists of all accounts, which come in the order of their ids: a parent before its children."""
    rates: dict[AccountId, dict[str, int]] = {}
    for owner, country, microcredits in await tx.select(rows.SELECT_RATES):
        rates.setdefault(AccountId(owner), {})[str(country)] = microcredits
    general = rates.pop(_EVERYBODY, {})
    families = ((account.id, account.parent_id) for account in accounts.values())
    return price_lists(families, rates, general=general)


def _children(accounts: Mapping[AccountId, Account]) -> dict[AccountId, tuple[Account, ...]]:
    children: dict[AccountId, tuple[Account, ...]] = {}
    for account in accounts.values():
        if account.parent_id is not None:
            children[account.parent_id] = (*children.get(account.parent_id, ()), account)
    return children


async def _templates(tx: Transaction) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for owner, name, text in await tx.select(SELECT_TEMPLATES):
        found.setdefault(owner, {})[str(name)] = str(text)
    return found


def _account(row: Found, templates: Mapping[int, Mapping[str, str]]) -> Account:
    identity, login, parent, name, enabled, may_send, stored, _ = row
    settings = read_settings(str(stored))
    return Account(
        id=AccountId(identity),
        login=str(login),
        parent_id=None if parent is None else AccountId(parent),
        name=str(name),
        enabled=bool(enabled),
        may_send=bool(may_send),
        settings=settings,
        templates=templates.get(identity, {}) if settings.templates else {},
    )
