"""What owners do with users: list, add, reset a password, change a role, switch on and off.

An account's owner sees and changes the users of that account only. Every method checks the right and the scope; a user
out of scope is answered as one who does not exist. Nobody can change themselves, so that an installation keeps an
owner.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from palomar.access import sessions, users
from palomar.access.password_rule import generate_password
from palomar.access.passwords import Passwords
from palomar.access.users import NewUser, User, UserCredentials
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Principal, Right, Role, Scope, is_login
from palomar.vocabulary.account import AccountId

USERS_AT_MOST: Final = 1_000
"""The most users in the scope of the person who adds one: of an account, or of the whole platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """A user and their new random password, which is shown once."""

    user: User
    password: str


class UserAdmin:
    """The users in one person's scope."""

    def __init__(
        self, who: Principal, scope: Scope, *, database: Database, passwords: Passwords, clock: Clock, ids: Ids
    ) -> None:
        self._who = who
        self._scope = scope
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._ids = ids

    async def list_users(self) -> list[User]:
        """List the users in scope, by login."""
        if not self._who.may(Right.MANAGE_USERS):
            return []
        return [user for user in await self._database.read(users.list_users) if self._scope.includes(user.account_id)]

    async def has_room(self) -> bool:
        """Return True if there may be one more user in scope."""
        return len(await self.list_users()) < USERS_AT_MOST

    async def user(self, user_id: int) -> User | None:
        """Return a user; None if they do not exist or are not in scope."""
        return await self._database.read(self._find, user_id)

    async def add(self, *, login: str, name: str, role: Role, account_id: AccountId | None) -> NewPassword | None:
        """Add a user with a random password.

        Return None if the login is invalid or taken, there are too many users, or the account is not in scope. Only a
        person who sees the whole platform may add users without an account.
        """
        if not self._who.may(Right.MANAGE_USERS) or not self._scope.includes(account_id) or not is_login(login):
            return None
        if not await self.has_room():
            return None
        password = generate_password(self._ids.token())
        new = NewUser(
            id=self._ids.serial(),
            login=login,
            name=name,
            password_hash=await self._passwords.hash(password, queue=self._passwords.people_queue),
            role=role,
            account_id=account_id,
        )
        now_ms = self._clock.wall_ms()
        user = await self._database.write(users.add_user, new, now_ms=now_ms)
        return NewPassword(user=user, password=password) if user is not None else None

    async def reset_password(self, user_id: int) -> NewPassword | None:
        """Give a user a new random password, switch codes off and end all sessions. Return None if out of scope."""
        if await self.user(user_id) is None:
            return None
        password = generate_password(self._ids.token())
        password_hash = await self._passwords.hash(password, queue=self._passwords.people_queue)

        async def change(tx: Transaction, user: User) -> None:
            await users.change_password(tx, user.id, password_hash)
            await users.stop_totp(tx, user.id)
            await sessions.revoke_all(tx, user_id=user.id)

        user = await self._change(user_id, change)
        return NewPassword(user=user, password=password) if user is not None else None

    async def set_role(self, user_id: int, role: Role) -> bool:
        """Change a user's role; return False if out of scope."""

        async def change(tx: Transaction, user: User) -> None:
            await users.change_user(tx, replace(user, role=role))

        return await self._change(user_id, change) is not None

    async def set_enabled(self, user_id: int, *, enabled: bool) -> bool:
        """Switch a user on or off; off ends all sessions. Return False if out of scope."""

        async def change(tx: Transaction, user: User) -> None:
            await users.change_user(tx, replace(user, enabled=enabled))
            if not enabled:
                await sessions.revoke_all(tx, user_id=user.id)

        return await self._change(user_id, change) is not None

    async def _change(
        self, user_id: int, change: Callable[[Transaction, User], Coroutine[Any, Any, None]]
    ) -> User | None:
        """Change a user in scope, in one transaction; return None if there is none, or it is the person themselves."""

        async def script(tx: Transaction) -> User | None:
            user = await self._find(tx, user_id)
            if user is None or user.id == self._who.user_id:
                return None
            await change(tx, user)
            return user

        return await self._database.write(script)

    async def _find(self, tx: Transaction, user_id: int) -> User | None:
        if not self._who.may(Right.MANAGE_USERS):
            return None
        found: UserCredentials | None = await users.user_of_id(tx, user_id)
        return found.user if found is not None and self._scope.includes(found.user.account_id) else None
