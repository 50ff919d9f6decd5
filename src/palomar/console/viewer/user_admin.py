"""People: what an owner does with those who log in. An account's owner sees and makes users of that account only.

Every method begins with the right and the scope; a user out of scope is answered as one who does not exist. Nobody
switches off, demotes or binds themselves: an installation keeps an owner.
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
"""In the scope of who adds one: of an account, or of the whole platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """A user and the password that was made up for them, to be shown once."""

    user: User
    password: str


class UserAdmin:
    """See the module."""

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
        """The users in scope, by login."""
        if not self._who.may(Right.PEOPLE):
            return []
        return [user for user in await self._database.read(users.list_users) if self._scope.includes(user.account_id)]

    async def has_room(self) -> bool:
        """Tell whether there may be one more user in scope."""
        return len(await self.list_users()) < USERS_AT_MOST

    async def user(self, user_id: int) -> User | None:
        """A user in scope; None for any other."""
        return await self._database.read(self._within, user_id)

    async def add(self, *, login: str, name: str, role: Role, account_id: AccountId | None) -> NewPassword | None:
        """A new user with a password that is shown this once; None if the login is no good or taken.

        The account must be in scope (None, the platform, is in nobody's but the platform's own).
        """
        if not self._who.may(Right.PEOPLE) or not self._scope.includes(account_id) or not is_login(login):
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
        """Another password, shown this once, and no code any more: their sessions end. None if out of scope."""
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
        """Another role; False if out of scope."""

        async def change(tx: Transaction, user: User) -> None:
            await users.change_user(tx, replace(user, role=role))

        return await self._change(user_id, change) is not None

    async def set_enabled(self, user_id: int, *, enabled: bool) -> bool:
        """Let a user in, or not any more: then their sessions end. False if out of scope."""

        async def change(tx: Transaction, user: User) -> None:
            await users.change_user(tx, replace(user, enabled=enabled))
            if not enabled:
                await sessions.revoke_all(tx, user_id=user.id)

        return await self._change(user_id, change) is not None

    async def _change(
        self, user_id: int, change: Callable[[Transaction, User], Coroutine[Any, Any, None]]
    ) -> User | None:
        """Change another user in scope, in one transaction; None if it is none, or oneself."""

        async def script(tx: Transaction) -> User | None:
            user = await self._within(tx, user_id)
            if user is None or user.id == self._who.user_id:
                return None
            await change(tx, user)
            return user

        return await self._database.write(script)

    async def _within(self, tx: Transaction, user_id: int) -> User | None:
        if not self._who.may(Right.PEOPLE):
            return None
        found: UserCredentials | None = await users.user_of_id(tx, user_id)
        return found.user if found is not None and self._scope.includes(found.user.account_id) else None
