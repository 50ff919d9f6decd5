"""What a person changes about their own log-in: password, an app's codes, sessions, and the account's tokens.

What makes a log-in weaker needs the password again, and counts as an attempt, so that somebody who finds an open
browser cannot guess it.
"""

import hashlib
from typing import Final

from palomar.access import sessions, users
from palomar.access.password_rule import PasswordFault, check_password
from palomar.access.passwords import Passwords
from palomar.access.sessions import UserSession, stamp_of
from palomar.access.sign_in import SignedIn, SignIn
from palomar.access.sign_in_throttle import SignInThrottle, TooManyAttempts
from palomar.access.totp import SECRET_OCTETS, step_of_code
from palomar.access.users import UserCredentials
from palomar.accounts import store, tokens
from palomar.accounts.directory import Directory
from palomar.accounts.tokens import Token
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.access import ClientAddress
from palomar.vocabulary.account import AccountId

NONCE_OCTETS: Final = 12


class MyAccount:
    """The signed-in person's, or account's, own log-in. Only people have codes: for an account ``takes_codes`` is
    False."""

    def __init__(
        self,
        signed_in: SignedIn,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        passwords: Passwords,
        throttle: SignInThrottle,
        sign_in: SignIn,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.session = signed_in.session
        self._who = signed_in.who
        self._database = database
        self._batcher = batcher
        self._directory = directory
        self._passwords = passwords
        self._throttle = throttle
        self._sign_in = sign_in
        self._clock = clock
        self._ids = ids

    @property
    def takes_codes(self) -> bool:
        return self._who.user_id is not None

    async def has_totp(self) -> bool:
        """Return True if the log-in asks for a code."""
        user = await self._user()
        return user is not None and user.user.has_totp

    async def change_password(
        self, current: str, new: str, *, client: ClientAddress
    ) -> TooManyAttempts | PasswordFault | bool:
        """Set a new password, and end all other sessions and the tokens that a log-in made.

        Return False if ``current`` is wrong. A new password that breaks the rule is refused before ``current`` is
        checked.
        """
        good = check_password(new, login=self._who.login)
        if isinstance(good, PasswordFault):
            return good
        confirmed = await self._confirm(current, client=client)
        if confirmed is not True:
            return confirmed
        password_hash = await self._passwords.hash(good, queue=self._passwords.people_queue)
        who, session_id, now_ms = self._who, self.session.id, self._clock.wall_ms()

        async def script(tx: Transaction) -> None:
            if who.user_id is not None:
                await users.change_password(tx, who.user_id, password_hash)
            elif who.account_id is not None:
                await store.change_password(tx, who.account_id, password_hash, now_ms=now_ms)
            await sessions.restamp(tx, session_id, stamp_of(password_hash))

        await self._batcher.write(script)
        await self._directory.reload()
        return True

    def fresh_totp(self) -> bytes:
        """Make a secret for an app. It has no effect until :meth:`start_totp`."""
        return self._octets(SECRET_OCTETS)

    async def start_totp(self, totp: bytes, typed: str) -> bool:
        """Let the log-in ask for codes of this secret, if ``typed`` is one; return False if not."""
        user = await self._user()
        step = step_of_code(totp, typed, now_ms=self._clock.wall_ms(), after=0)
        if user is None or user.user.has_totp or step is None or len(totp) != SECRET_OCTETS:
            return False
        user_id = user.user.id
        secret = await self._sign_in.console_secret()
        sealed = users.seal_totp(totp, user_id=user_id, secret=secret, nonce=self._octets(NONCE_OCTETS))
        await self._database.write(users.start_totp, user_id, sealed=sealed, step=step)
        return True

    async def stop_totp(self, password: str, *, client: ClientAddress) -> TooManyAttempts | bool:
        """Let the log-in ask for no codes any more; return False if the password is wrong."""
        confirmed = await self._confirm(password, client=client)
        user_id = self._who.user_id
        if confirmed is not True or user_id is None:
            return confirmed
        await self._database.write(users.stop_totp, user_id)
        return True

    async def sessions(self) -> list[UserSession]:
        """List the own sessions, newest first."""
        now_ms = self._clock.wall_ms()
        user_id, account_id = self._owner
        return await self._database.read(sessions.sessions_of, user_id=user_id, account_id=account_id, now_ms=now_ms)

    async def revoke(self, session_id: int) -> bool:
        """End one of the own sessions; return False if it is not one."""

        async def script(tx: Transaction) -> bool:
            session = await sessions.session_of_id(tx, session_id)
            is_own = session is not None and (session.user_id, session.account_id) == self._owner
            return is_own and await sessions.revoke(tx, session_id)

        return await self._database.write(script)

    async def revoke_others(self) -> int:
        """End all own sessions but this one, and return their number."""
        user_id, account_id = self._owner
        return await self._database.write(
            sessions.revoke_all, user_id=user_id, account_id=account_id, but=self.session.id
        )

    async def tokens(self) -> list[Token]:
        """List the own account's valid tokens that were made by name: they outlive a change of its password."""
        account_id, now_ms = self._own_account, self._clock.wall_ms()
        if account_id is None:
            return []
        return await self._database.read(tokens.named_tokens, account_id, now_ms=now_ms)

    async def revoke_token(self, token_id: int) -> bool:
        """Revoke one of these tokens; return False if it is not one."""
        account_id, now_ms = self._own_account, self._clock.wall_ms()
        if account_id is None:
            return False
        is_ended = await self._batcher.write(tokens.revoke_token, account_id, token_id, now_ms=now_ms)
        await self._directory.reload()
        return is_ended

    # --- private

    @property
    def _own_account(self) -> AccountId | None:
        """Return the account that is logged in with its own password; None for a person."""
        return self._who.account_id if self._who.user_id is None else None

    def _octets(self, count: int) -> bytes:
        """Return random octets."""
        return hashlib.sha256(self._ids.token().encode()).digest()[:count]

    async def _confirm(self, password: str, *, client: ClientAddress) -> TooManyAttempts | bool:
        """Return True if this is the own password. It counts as an attempt to log in."""
        right = await self._sign_in.verify_password(self._who.login, password, client)
        if right is True:
            await self._throttle.forget_failures(self._who.login, client)
        return right

    @property
    def _owner(self) -> tuple[int | None, AccountId | None]:
        """Return the user id, or else the account id, that the own sessions have."""
        who = self._who
        return (who.user_id, None) if who.user_id is not None else (None, who.account_id)

    async def _user(self) -> UserCredentials | None:
        user_id = self._who.user_id
        if user_id is None:
            return None
        return await self._database.read(users.user_of_id, user_id)
