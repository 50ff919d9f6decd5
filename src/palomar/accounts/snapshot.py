"""Read all accounts, with everything about them that is held in memory, as one snapshot.

Not here: when it is read again (``directory``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from palomar.accounts import account_rows as rows
from palomar.accounts import token_rows
from palomar.accounts.blacklist import SELECT_ANY_BLOCKED
from palomar.accounts.blocks import Block, list_blocks
from palomar.accounts.keys import SELECT_LIVE_KEYS, key_hash
from palomar.accounts.known_callers import Caller, read_of_blocked_addresses
from palomar.accounts.settings import read_settings
from palomar.accounts.store import login_key
from palomar.accounts.templates import SELECT_TEMPLATES
from palomar.accounts.terms import Terms
from palomar.accounts.tokens import Token, read_live_token
from palomar.billing.prices import EVERYBODY, SELECT_ALL_RATES, PriceList, price_lists
from palomar.receipts.lessons import load_receipt_id_formats
from palomar.routing.route_chooser import lineage
from palomar.routing.rules import RoutingPlan
from palomar.routing.rules_store import load_plan
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.change_counter import SELECT_VERSION
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.receipt_ids import ReceiptIdFormat

_NO_PRICES = PriceList()


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


async def load_snapshot(tx: Transaction) -> Snapshot:
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
    for digest, owner in await tx.select(SELECT_LIVE_KEYS):
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
        tokens={row[0]: read_live_token(row) for row in await tx.select(token_rows.SELECT_LIVE_TOKENS)},
        children=_children(accounts),
        has_blocked_numbers=bool(await tx.select(SELECT_ANY_BLOCKED)),
        blocks=blocks,
        known_callers=await read_of_blocked_addresses(tx) if blocks else {},
        plan=await load_plan(tx),
        receipt_id_formats=await load_receipt_id_formats(tx),
    )


async def _prices(tx: Transaction, accounts: Mapping[AccountId, Account]) -> dict[AccountId, PriceList]:
    """Read the price lists of all accounts, which come in the order of their ids: a parent before its children."""
    rates: dict[AccountId, dict[str, int]] = {}
    for owner, country, microcredits in await tx.select(SELECT_ALL_RATES):
        rates.setdefault(AccountId(owner), {})[str(country)] = microcredits
    general = rates.pop(EVERYBODY, {})
    with_parents = ((account.id, account.parent_id) for account in accounts.values())
    return price_lists(with_parents, rates, general=general)


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


def _account(row: ResultRow, templates: Mapping[int, Mapping[str, str]]) -> Account:
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
