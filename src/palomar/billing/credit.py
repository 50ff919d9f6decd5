"""Add credit to accounts, move it between them, and read their balances.

Not here: the money of messages (``ledger``), automatic credit (``topups``), and the audit (``audit``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.billing.ledger import Ledger
from palomar.billing.ledger_rows import LOOKUP_BALANCES
from palomar.storage.database import Transaction
from palomar.transaction.context import TransactionContext
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """Microcredits that an account can spend, and those that are set aside for messages under way."""

    available: int
    reserved: int


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
    for _, available, reserved in await tx.lookup(LOOKUP_BALANCES, [account_id]):
        return AccountBalance(available=available, reserved=reserved)
    return AccountBalance(available=0, reserved=0)
