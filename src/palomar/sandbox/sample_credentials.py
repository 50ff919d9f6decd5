"""Credentials for the sandbox's sample requests.

The secrets of the first account are read from the owner-only file that the first start wrote. For any account a key and
a token can be made, which are shown once. All other secrets are stored as hashes and cannot be shown. Not here: the
sample requests (``apidocs.samples``).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from palomar.access.passwords import Passwords
from palomar.accounts import keys, tokens
from palomar.accounts.directory import Directory
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Principal, Right, Scope
from palomar.vocabulary.account import Account

KEY_NAME: Final = "sandbox"
KEYS_AT_MOST: Final = 50
"""Keys of this name that an account may have at a time. Each counts until its token expires."""
TOKEN_LIFETIME_MS: Final = 30 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """An account's credentials; those that are stored as a hash only are empty."""

    login: str
    password: str = ""
    api_key: str = ""
    token: str = ""
    """A signed token, for dialects that log in first."""


ReadSecrets = Callable[[], Awaitable[Secrets | None]]
"""Reads the file that the first start wrote; None if there is none."""


class SampleCredentials:
    """The credentials that one person may see and make."""

    def __init__(
        self,
        who: Principal,
        scope: Scope,
        *,
        database: Database,
        directory: Directory,
        passwords: Passwords,
        clock: Clock,
        ids: Ids,
        read_first: ReadSecrets,
    ) -> None:
        self._who = who
        self._scope = scope
        self._database = database
        self._directory = directory
        self._passwords = passwords
        self._clock = clock
        self._ids = ids
        self._read_first = read_first

    @property
    def may_make(self) -> bool:
        """True if this person may see and make credentials."""
        return self._who.may(Right.MAKE_KEYS)

    async def first_account(self) -> Account | None:
        """Return the account that the first start made; None if it is gone or not in scope."""
        first = await self._read_first()
        account = self._directory.by_login(first.login) if first is not None else None
        return account if account is not None and self._scope.includes(account.id) else None

    async def known_secrets(self, account: Account) -> Secrets:
        """Return those of an account's credentials that are known and still valid."""
        first = await self._read_first() if self._may_for(account) else None
        if first is None or self._directory.by_login(first.login) != account:
            return Secrets(login=account.login)
        is_key_valid = self._directory.by_key(first.api_key) == account
        is_password_valid = await self._passwords.account_with_password(first.login, first.password) == account
        return Secrets(
            login=account.login,
            password=first.password if is_password_valid else "",
            api_key=first.api_key if is_key_valid else "",
        )

    def has_room(self, account: Account) -> bool:
        """Return True if one more key of this account may be made here."""
        known = self._directory.snapshot.tokens.values()
        made = sum(1 for token in known if token.account_id == account.id and token.name == KEY_NAME)
        return made < KEYS_AT_MOST

    async def make(self, account: Account) -> Secrets | None:
        """Make a key and a token of an account and return their secrets, for the only time.

        Return None if the account is not in scope, the person lacks the right, or the account has too many keys.
        """
        if not self._may_for(account) or not self.has_room(account):
            return None
        api_key, now_ms = self._ids.token(), self._clock.wall_ms()

        async def script(tx: Transaction) -> tokens.Token:
            await keys.add_key(tx, self._ids, account.id, secret=api_key, name=KEY_NAME, now_ms=now_ms)
            return await tokens.add_token(
                tx, self._ids, account.id, name=KEY_NAME, lifetime_ms=TOKEN_LIFETIME_MS, now_ms=now_ms
            )

        token = await self._database.write(script)
        await self._directory.reload()
        known = await self.known_secrets(account)
        signed = tokens.write_jwt(token, login=account.login, secret=self._directory.signing_secret)
        return Secrets(login=account.login, password=known.password, api_key=api_key, token=signed)

    def _may_for(self, account: Account) -> bool:
        return self.may_make and self._scope.includes(account.id)
