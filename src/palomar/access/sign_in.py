"""Sign people in: a login, its password and, where it has one, a code open a session; a session's token shows who it
is.

An unknown login costs as much time as a wrong password. Not here: whether the credentials let anybody in
(``admission``), how often a login may be tried (``sign_in_throttle``), what somebody may see
(``console.viewer.viewer``), cookies and pages (``console``).
"""

from dataclasses import dataclass
from typing import Final

import structlog

from palomar.access import sessions, users
from palomar.access.admission import TOO_MANY_FAILURES, Admission, Denial
from palomar.access.sessions import SEEN_EVERY_MS, NewSession, UserSession, stamp_of
from palomar.access.sign_in_throttle import SignInThrottle, TooManyAttempts
from palomar.access.totp import step_of_code
from palomar.access.users import UserCredentials
from palomar.accounts.directory import Directory
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.access import ClientAddress, Principal, Role
from palomar.vocabulary.account import Account, AccountId

MARK_USED = Step(name="see_session", script=sessions.mark_used, batch_delay_seconds=0.050)
FACE: Final = "console"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """The token of a new session; with ``awaits_code`` it is good for :meth:`SignIn.enter_code` only."""

    token: str
    awaits_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session and the person or account that it belongs to."""

    session: UserSession
    who: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class _LoginOwner:
    """The user or account of a login, or neither, and the hash of the password."""

    user: UserCredentials | None
    account: Account | None
    password_hash: str


class SignIn:
    """The opening and finding of sessions. An account signs in only from an address that its own list allows."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        admission: Admission,
        throttle: SignInThrottle,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._directory = directory
        self._admission = admission
        self._clock = clock
        self._ids = ids
        self._throttle = throttle
        self._secret = b""

    async def log_in(
        self, login: str, password: str, client: ClientAddress, *, agent: str
    ) -> LoggedIn | TooManyAttempts | None:
        """Open a session; None for a wrong password, an unknown login and a disabled one alike.

        Raises ``Busy`` if too many passwords wait to be hashed.
        """
        right = await self.verify_password(login, password, client)
        if isinstance(right, TooManyAttempts):
            return right
        owner = await self._owner_of_login(login)
        if not right or not self._is_allowed(owner, client):
            return None
        awaits_code = owner.user is not None and owner.user.user.has_totp
        token = await self._open(owner, address=client.address, agent=agent, awaits_code=awaits_code)
        if not awaits_code:
            await self._succeeded(login, client)
            _log.info("logged in", address=client.address, **_log_ids(owner))
        return LoggedIn(token=token, awaits_code=awaits_code)

    async def verify_password(self, login: str, password: str, client: ClientAddress) -> TooManyAttempts | bool:
        """Return True if this is the password of the login. It counts as an attempt to sign in. Raises ``Busy``."""
        denial = self._admission.check_address_block(client, login)
        if denial is not None:
            return _too_many_attempts(denial)
        queue = self._admission.passwords.people_queue
        queue.check_room(*self._admission.caller_and_rank(client, login))  # before any question to the database
        wait = await self._throttle.count_attempt(login, client)
        if wait is not None:
            self._admission.record_failure(client, FACE, reason=TOO_MANY_FAILURES)
            return wait
        owner = await self._owner_of_login(login)
        right = await self._admission.verify_password(
            client, login, owner.password_hash, password, queue=queue, face=FACE
        )
        if isinstance(right, Denial):
            return _too_many_attempts(right)
        return right

    async def awaits_code(self, token: str) -> bool:
        """Return True if the session of this token waits for a code."""
        session = await self._session(token)
        return session is not None and session.awaits_code

    async def enter_code(self, token: str, typed: str, client: ClientAddress) -> LoggedIn | TooManyAttempts | None:
        """Open a session in place of the one that waited for this code; None for a wrong code, or if none waits."""
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
        denial = self._admission.check_address_block(client, login)
        if denial is not None:
            return _too_many_attempts(denial)
        wait = await self._throttle.count_attempt(login, client, with_code=True)
        if wait is not None:
            self._admission.record_failure(client, FACE, reason=TOO_MANY_FAILURES)
            return wait
        now_ms = self._clock.wall_ms()
        totp = users.open_totp(owner.sealed_totp, user_id=owner.user.id, secret=await self.console_secret())
        step = step_of_code(totp, typed, now_ms=now_ms, after=owner.totp_step)
        opening = self._new_session(_of_user(owner), address=client.address, agent=waiting.agent, awaits_code=False)
        if step is None or not await self._exchange(waiting, owner.user.id, step, opening):
            self._admission.record_failure(client, FACE)
            return None
        await self._succeeded(login, client)
        _log.info("logged in with a code", address=client.address, user_id=owner.user.id)
        return LoggedIn(token=opening.token, awaits_code=False)

    async def signed_in(self, token: str) -> SignedIn | None:
        """Find the session of a token and its owner; None if it has ended, was revoked or waits for a code, or if its
        owner is disabled or has another password."""
        session = await self._session(token)
        if session is None or session.awaits_code:
            return None
        owner = await self._owner_of_session(session)
        if stamp_of(owner.password_hash) != session.stamp or not self._is_enabled(owner):
            return None
        if self._clock.wall_ms() - session.seen_ms >= SEEN_EVERY_MS:
            self._batcher.post(MARK_USED, session, _seen)
        return SignedIn(session=session, who=_who(owner))

    async def log_out(self, session_id: int) -> None:
        """End a session."""
        await self._database.write(sessions.revoke, session_id)

    async def console_secret(self) -> bytes:
        """Return the installation's secret for the console; it is made when it is first needed."""
        if not self._secret:
            fresh = self._ids.token().encode()
            self._secret = await self._database.write(users.console_secret, fresh=fresh)
        return self._secret

    # --- private

    async def _owner_of_login(self, login: str) -> _LoginOwner:
        user = await self._database.read(users.user_of_login, login)
        return _of_user(user) if user is not None else self._of_account(self._directory.by_login(login))

    async def _owner_of_session(self, session: UserSession) -> _LoginOwner:
        if session.user_id is None:
            by_id = self._directory.snapshot.by_id
            return self._of_account(by_id.get(session.account_id) if session.account_id is not None else None)
        user = await self._user(session.user_id)
        return _of_user(user) if user is not None else self._of_account(None)

    async def _user(self, user_id: int) -> UserCredentials | None:
        return await self._database.read(users.user_of_id, user_id)

    def _of_account(self, account: Account | None) -> _LoginOwner:
        stored = self._directory.snapshot.passwords.get(account.id, "") if account else ""
        return _LoginOwner(user=None, account=account, password_hash=stored)

    async def _succeeded(self, login: str, client: ClientAddress) -> None:
        await self._throttle.forget_failures(login, client)
        self._admission.callers.remember(client, login)

    def _is_allowed(self, owner: _LoginOwner, client: ClientAddress) -> bool:
        if owner.account is not None and self._admission.check_account(owner.account, client, FACE) is not None:
            return False
        return self._is_enabled(owner)

    def _is_enabled(self, owner: _LoginOwner) -> bool:
        if owner.user is None:
            return owner.account is not None and owner.account.enabled
        bound_to = owner.user.user.account_id
        account = self._directory.snapshot.by_id.get(bound_to) if bound_to is not None else None
        return owner.user.user.enabled and (bound_to is None or (account is not None and account.enabled))

    async def _session(self, token: str) -> UserSession | None:
        now_ms = self._clock.wall_ms()
        return await self._database.read(sessions.session_of_token, token, now_ms=now_ms) if token else None

    def _new_session(self, owner: _LoginOwner, *, address: str, agent: str, awaits_code: bool) -> NewSession:
        return NewSession(
            id=self._ids.serial(),
            token=self._ids.token(),
            user_id=owner.user.user.id if owner.user else None,
            account_id=owner.account.id if owner.account else None,
            stamp=stamp_of(owner.password_hash),
            address=address,
            agent=agent,
            awaits_code=awaits_code,
        )

    async def _open(self, owner: _LoginOwner, *, address: str, agent: str, awaits_code: bool) -> str:
        opening = self._new_session(owner, address=address, agent=agent, awaits_code=awaits_code)
        now_ms = self._clock.wall_ms()
        await self._database.write(sessions.open_session, opening, now_ms=now_ms)
        return opening.token

    async def _exchange(self, waiting: UserSession, user_id: int, step: int, opening: NewSession) -> bool:
        """Use up the code and replace the session that waited for it; False if the code or the session was used
        already."""
        now_ms = self._clock.wall_ms()

        async def script(tx: Transaction) -> bool:
            if not await users.use_totp_step(tx, user_id, step) or not await sessions.revoke(tx, waiting.id):
                return False
            await sessions.open_session(tx, opening, now_ms=now_ms)
            return True

        return await self._database.write(script)


def _of_user(user: UserCredentials) -> _LoginOwner:
    return _LoginOwner(user=user, account=None, password_hash=user.password_hash)


def _too_many_attempts(denial: Denial) -> TooManyAttempts:
    return TooManyAttempts(wait_seconds=max(1, round(denial.wait_seconds)))


def _who(owner: _LoginOwner) -> Principal:
    if owner.user is not None:
        user = owner.user.user
        return Principal(login=user.login, name=user.name, role=user.role, user_id=user.id, account_id=user.account_id)
    assert owner.account is not None, "nobody is signed in as nobody"
    account = owner.account
    return Principal(login=account.login, name=account.name, role=Role.OWNER, user_id=None, account_id=account.id)


def _log_ids(owner: _LoginOwner) -> dict[str, int | AccountId]:
    if owner.user is not None:
        return {"user_id": owner.user.user.id}
    return {"account_id": owner.account.id} if owner.account else {}


def _seen(result: None) -> None:
    """Do nothing after the commit: nobody waits for it."""
