"""Log-ins: a login and a password, and a code where one is asked for, become a session; a token becomes who it is.

An unknown login costs what a wrong password costs. Not here: whether the credentials let anybody in (``admission``),
how often somebody may try (``sign_in_throttle``), what somebody may see (``console.viewer.viewer``), cookies and pages
(``console``).
"""

from dataclasses import dataclass
from typing import Final

import structlog

from palomar.access import sessions, users
from palomar.access.admission import TOO_MANY_FAILURES, Admission, Denied
from palomar.access.sessions import SEEN_EVERY_MS, NewSession, UserSession, stamp_of
from palomar.access.sign_in_throttle import SignInThrottle, TryLater
from palomar.access.totp import step_of_code
from palomar.access.users import UserCredentials
from palomar.accounts.directory import Directory
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.access import Role, Visitor, Who
from palomar.vocabulary.account import Account, AccountId

SEE = Step(name="see_session", script=sessions.see, batch_delay_seconds=0.050)
DOOR: Final = "console"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """The token of a new session; with ``awaits_code`` it is worth nothing until :meth:`SignIn.give_code`."""

    token: str
    awaits_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session and whose it is."""

    session: UserSession
    who: Who


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Who a login is: a user or an account, or neither, and the hash of their password."""

    user: UserCredentials | None
    account: Account | None
    password_hash: str


class SignIn:
    """Opens and finds sessions. A password is right only from an address that the account's own list allows."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        admission: Admission,
        attempts: SignInThrottle,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._directory = directory
        self._admission = admission
        self._clock = clock
        self._ids = ids
        self._attempts = attempts
        self._secret = b""

    async def log_in(self, login: str, password: str, visitor: Visitor, *, agent: str) -> LoggedIn | TryLater | None:
        """Make a new session; None for a wrong password, an unknown login and one that is switched off alike.

        Raises ``Busy`` where too many passwords wait.
        """
        right = await self.is_password(login, password, visitor)
        if isinstance(right, TryLater):
            return right
        found = await self._find(login)
        if not right or not self._may_enter(found, visitor):
            return None
        awaits_code = found.user is not None and found.user.user.has_totp
        token = await self._open(found, address=visitor.address, agent=agent, awaits_code=awaits_code)
        if not awaits_code:
            await self._succeeded(login, visitor)
            _log.info("logged in", address=visitor.address, **_names(found))
        return LoggedIn(token=token, awaits_code=awaits_code)

    async def is_password(self, login: str, password: str, visitor: Visitor) -> TryLater | bool:
        """Tell whether this is the password of that login; an attempt like any other. Raises ``Busy``."""
        denied = self._admission.blocked(visitor, login)
        if denied is not None:
            return _later(denied)
        lane = self._admission.passwords.people
        lane.check_room(*self._admission.turn_of(visitor, login))  # before the database is asked anything
        wait = await self._attempts.begin(login, visitor)
        if wait is not None:
            self._admission.refuse(visitor, DOOR, reason=TOO_MANY_FAILURES)
            return wait
        found = await self._find(login)
        right = await self._admission.is_password(visitor, login, found.password_hash, password, lane=lane, door=DOOR)
        if isinstance(right, Denied):
            return _later(right)
        return right

    async def awaits_code(self, token: str) -> bool:
        """Whether the session of this token waits for a code."""
        session = await self._session(token)
        return session is not None and session.awaits_code

    async def give_code(self, token: str, typed: str, visitor: Visitor) -> LoggedIn | TryLater | None:
        """A session in place of the one that waited for this code; None for a wrong code, or where none waits."""
        waiting = await self._session(token)
        owner = await self._user(waiting.user_id) if waiting is not None and waiting.user_id is not None else None
        if (
            waiting is None
            or owner is None
            or not waiting.awaits_code
            or waiting.stamp != stamp_of(owner.password_hash)
        ):
            return None
        login = owner.user.login
        denied = self._admission.blocked(visitor, login)
        if denied is not None:
            return _later(denied)
        wait = await self._attempts.begin(login, visitor, with_code=True)
        if wait is not None:
            self._admission.refuse(visitor, DOOR, reason=TOO_MANY_FAILURES)
            return wait
        now_ms = self._clock.wall_ms()
        totp = users.open_totp(owner.sealed_totp, user_id=owner.user.id, secret=await self.console_secret())
        step = step_of_code(totp, typed, now_ms=now_ms, after=owner.totp_step)
        opening = self._opening(_of_user(owner), address=visitor.address, agent=waiting.agent, awaits_code=False)
        if step is None or not await self._exchange(waiting, owner.user.id, step, opening):
            self._admission.refuse(visitor, DOOR)
            return None
        await self._succeeded(login, visitor)
        _log.info("logged in with a code", address=visitor.address, user_id=owner.user.id)
        return LoggedIn(token=opening.token, awaits_code=False)

    async def signed_in(self, token: str) -> SignedIn | None:
        """Whose session it is; None where it has ended, was revoked, waits for a code, or its owner may not enter."""
        session = await self._session(token)
        if session is None or session.awaits_code:
            return None
        found = await self._owner(session)
        if stamp_of(found.password_hash) != session.stamp or not self._is_enabled(found):
            return None
        if self._clock.wall_ms() - session.seen_ms >= SEEN_EVERY_MS:
            self._batcher.post(SEE, session, _seen)
        return SignedIn(session=session, who=_who(found))

    async def log_out(self, session_id: int) -> None:
        """End a session."""
        await self._database.write(sessions.revoke, session_id)

    async def console_secret(self) -> bytes:
        """The installation's secret for the console, made when it is first needed, and always the same."""
        if not self._secret:
            fresh = self._ids.token().encode()
            self._secret = await self._database.write(users.console_secret, fresh=fresh)
        return self._secret

    # --- private

    async def _find(self, login: str) -> _Found:
        user = await self._database.read(users.user_of_login, login)
        return _of_user(user) if user is not None else self._of_account(self._directory.by_login(login))

    async def _owner(self, session: UserSession) -> _Found:
        if session.user_id is None:
            by_id = self._directory.snapshot.by_id
            return self._of_account(by_id.get(session.account_id) if session.account_id is not None else None)
        user = await self._user(session.user_id)
        return _of_user(user) if user is not None else self._of_account(None)

    async def _user(self, user_id: int) -> UserCredentials | None:
        return await self._database.read(users.user_of_id, user_id)

    def _of_account(self, account: Account | None) -> _Found:
        stored = self._directory.snapshot.passwords.get(account.id, "") if account else ""
        return _Found(user=None, account=account, password_hash=stored)

    async def _succeeded(self, login: str, visitor: Visitor) -> None:
        await self._attempts.succeeded(login, visitor)
        self._admission.callers.remember(visitor, login)

    def _may_enter(self, found: _Found, visitor: Visitor) -> bool:
        if found.account is not None and self._admission.judge(found.account, visitor, DOOR) is not None:
            return False
        return self._is_enabled(found)

    def _is_enabled(self, found: _Found) -> bool:
        if found.user is None:
            return found.account is not None and found.account.enabled
        bound_to = found.user.user.account_id
        account = self._directory.snapshot.by_id.get(bound_to) if bound_to is not None else None
        return found.user.user.enabled and (bound_to is None or (account is not None and account.enabled))

    async def _session(self, token: str) -> UserSession | None:
        now_ms = self._clock.wall_ms()
        return await self._database.read(sessions.session_of_token, token, now_ms=now_ms) if token else None

    def _opening(self, found: _Found, *, address: str, agent: str, awaits_code: bool) -> NewSession:
        return NewSession(
            id=self._ids.serial(),
            token=self._ids.token(),
            user_id=found.user.user.id if found.user else None,
            account_id=found.account.id if found.account else None,
            stamp=stamp_of(found.password_hash),
            address=address,
            agent=agent,
            awaits_code=awaits_code,
        )

    async def _open(self, found: _Found, *, address: str, agent: str, awaits_code: bool) -> str:
        opening = self._opening(found, address=address, agent=agent, awaits_code=awaits_code)
        now_ms = self._clock.wall_ms()
        await self._database.write(sessions.open_session, opening, now_ms=now_ms)
        return opening.token

    async def _exchange(self, waiting: UserSession, user_id: int, step: int, opening: NewSession) -> bool:
        """The code is used up and the session that waited for it gives way to another; False if either was too late."""
        now_ms = self._clock.wall_ms()

        async def script(tx: Transaction) -> bool:
            if not await users.use_totp_step(tx, user_id, step) or not await sessions.revoke(tx, waiting.id):
                return False
            await sessions.open_session(tx, opening, now_ms=now_ms)
            return True

        return await self._database.write(script)


def _of_user(user: UserCredentials) -> _Found:
    return _Found(user=user, account=None, password_hash=user.password_hash)


def _later(denied: Denied) -> TryLater:
    return TryLater(seconds=max(1, round(denied.wait_seconds)))


def _who(found: _Found) -> Who:
    if found.user is not None:
        user = found.user.user
        return Who(login=user.login, name=user.name, role=user.role, user_id=user.id, account_id=user.account_id)
    assert found.account is not None, "nobody is signed in as nobody"
    account = found.account
    return Who(login=account.login, name=account.name, role=Role.OWNER, user_id=None, account_id=account.id)


def _names(found: _Found) -> dict[str, int | AccountId]:
    if found.user is not None:
        return {"user_id": found.user.user.id}
    return {"account_id": found.account.id} if found.account else {}


def _seen(result: None) -> None:
    """Nobody waits."""
