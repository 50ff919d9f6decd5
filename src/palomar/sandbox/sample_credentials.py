"""Credentials that examples are written with: those of the first account, which its owner-only file has, and a key and
a pass that are made at the press of a button and shown once.

Everything else is kept as a hash, so it cannot be shown. Only who has the right is shown any.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from palomar.access.passwords import Passwords
from palomar.accounts import keys, tokens
from palomar.accounts.directory import Directory
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Right, Scope, Who
from palomar.vocabulary.account import Account

KEY_NAME: Final = "sandbox"
KEYS_AT_MOST: Final = 50
"""Of this name that an account has at a time, as long as their passes live."""
PASS_LIFETIME_MS: Final = 30 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a program calls with; empty where nobody knows it any more."""

    login: str
    password: str = ""
    api_key: str = ""
    token: str = ""
    """A signed pass, for dialects that log in first."""


FirstSecrets = Callable[[], Awaitable[Secrets | None]]
"""Reads the file that the first start has written; None where there is none."""


class SampleCredentials:
    """See the module."""

    def __init__(
        self,
        who: Who,
        scope: Scope,
        *,
        database: Database,
        directory: Directory,
        passwords: Passwords,
        clock: Clock,
        ids: Ids,
        first: FirstSecrets,
    ) -> None:
        self._who = who
        self._scope = scope
        self._database = database
        self._directory = directory
        self._passwords = passwords
        self._clock = clock
        self._ids = ids
        self._first = first

    @property
    def may_make(self) -> bool:
        """Whether this person may see and make credentials."""
        return self._who.may(Right.KEYS)

    async def first_account(self) -> Account | None:
        """The account that the first start made, if it is in scope."""
        first = await self._first()
        account = self._directory.by_login(first.login) if first is not None else None
        return account if account is not None and self._scope.has(account.id) else None

    async def known(self, account: Account) -> Secrets:
        """What is known of an account's credentials and still good."""
        first = await self._first() if self._may_for(account) else None
        if first is None or self._directory.by_login(first.login) != account:
            return Secrets(login=account.login)
        key_is_good = self._directory.by_key(first.api_key) == account
        password_is_good = await self._passwords.account(first.login, first.password) == account
        return Secrets(
            login=account.login,
            password=first.password if password_is_good else "",
            api_key=first.api_key if key_is_good else "",
        )

    def has_room(self, account: Account) -> bool:
        """Tell whether the account may have one more key made here."""
        passes = self._directory.snapshot.tokens.values()
        made = sum(1 for token in passes if token.account_id == account.id and token.name == KEY_NAME)
        return made < KEYS_AT_MOST

    async def make(self, account: Account) -> Secrets | None:
        """A further key and a pass of an account in scope, shown this once; None where that may not be."""
        if not self._may_for(account) or not self.has_room(account):
            return None
        api_key, now_ms = self._ids.token(), self._clock.wall_ms()

        async def script(tx: Transaction) -> tokens.Token:
            await keys.add_key(tx, self._ids, account.id, secret=api_key, name=KEY_NAME, now_ms=now_ms)
            return await tokens.add_token(
                tx, self._ids, account.id, name=KEY_NAME, lifetime_ms=PASS_LIFETIME_MS, now_ms=now_ms
            )

        token = await self._database.write(script)
        await self._directory.reload()
        known = await self.known(account)
        signed = tokens.signed(token, login=account.login, secret=self._directory.signing_secret)
        return Secrets(login=account.login, password=known.password, api_key=api_key, token=signed)

    def _may_for(self, account: Account) -> bool:
        return self.may_make and self._scope.has(account.id)
