"""Commands of the batcher that change accounts and may be repeated: each is written together with its idempotency key.

Not here: the changes themselves (``store``), and how a key and its answer are kept (``transaction.idempotency``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from palomar.accounts.store import NewAccount, add_account, change_password
from palomar.transaction import idempotency
from palomar.transaction.idempotency import Key, KeyReused, Replay
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAccount:
    """A command to make an account; ``answer`` renders the status and body to keep under the key."""

    new: NewAccount
    key: Key | None = None
    answer: Callable[[Account], tuple[int, bytes]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """A command to write a new password hash; ``answer`` is the status and body to keep under the key."""

    account_id: AccountId
    password_hash: str
    key: Key | None = None
    answer: tuple[int, bytes] = (200, b"")


async def add_accounts(work: Work, commands: Sequence[AddAccount]) -> list[Account | Replay | KeyReused | None]:
    """Make each account, or return what its key has kept; None where the login is taken."""
    await idempotency.read_kept(work, [command.key for command in commands if command.key])
    results: list[Account | Replay | KeyReused | None] = []
    for command in commands:
        before = idempotency.recall(work, command.key) if command.key else None
        if before is not None:
            results.append(before)
            continue
        account = await add_account(work.tx, work.context, command.new, now_ms=work.now_ms)
        assert not isinstance(account, Refusal), "an account added by a program begins without credit"
        if account is not None and command.key and command.answer:
            status, body = command.answer(account)
            idempotency.keep(work, command.key, status=status, body=body)
        results.append(account)
    return results


async def change_passwords(work: Work, commands: Sequence[ChangePassword]) -> list[Replay | KeyReused | None]:
    """Write each password, or return what its key has kept; None where it was written now."""
    await idempotency.read_kept(work, [command.key for command in commands if command.key])
    results: list[Replay | KeyReused | None] = []
    for command in commands:
        before = idempotency.recall(work, command.key) if command.key else None
        if before is None:
            await change_password(work.tx, command.account_id, command.password_hash, now_ms=work.now_ms)
            if command.key:
                idempotency.keep(work, command.key, status=command.answer[0], body=command.answer[1])
        results.append(before)
    return results
