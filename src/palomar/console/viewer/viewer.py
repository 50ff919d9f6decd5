"""The viewer: the one door through which the console reads and acts. It knows who looks, and scopes everything.

A page asks a :class:`Viewer` and gets what its person may have: the messages of their accounts and no others, without
texts and numbers where the installation hides those from support. What is out of scope is answered as what does not
exist. A new question of a page is a new method here, and begins with the scope.
"""

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from palomar.acceptance.default_sender import SANDBOX_SENDERS, DefaultSenders
from palomar.access.passwords import Passwords
from palomar.access.sign_in import SignedIn, SignIn
from palomar.access.sign_in_throttle import SignInThrottle
from palomar.accounts.directory import Directory
from palomar.accounts.snapshot import Snapshot
from palomar.console.viewer.callbacks import ViewerCallbacks
from palomar.console.viewer.masking import (
    UrlVisibility,
    masked_message,
    masked_story,
    masked_wait,
    reduced_message,
    reduced_story,
)
from palomar.console.viewer.my_account import MyAccount
from palomar.console.viewer.overview import Overview, Period, overview, without_hosts
from palomar.console.viewer.user_admin import UserAdmin
from palomar.ports import Clock, Ids
from palomar.reports import search
from palomar.reports.search_request import BOUNDS, LATEST, SearchBounds
from palomar.reports.search_terms import SearchFilter
from palomar.reports.why import Story, load_story
from palomar.sandbox.sandbox import PersonalSandbox, Sandbox
from palomar.sending.resend_held import ResendMessage, resend_message
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.access import Principal, Right, Role, Scope
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId, accepted_ms

SEARCH_SECONDS = 1.0
"""For so long a search that has not filled its page goes on by itself, one bounded survey after the other."""
RESEND = Step(name="resend", script=resend_message, awaited=True, outage_wait_seconds=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """Messages, newest first, and before which id the next page begins; None where there is nothing older.

    ``searched_ms`` is how far back it was looked, where the page is not full because the search is not at its end.
    """

    messages: list[MessageRow]
    older: MessageId | None
    searched_ms: int | None = None


class Viewers:
    """Makes a viewer for whoever is signed in."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        passwords: Passwords,
        throttle: SignInThrottle,
        logins: SignIn,
        clock: Clock,
        ids: Ids,
        carriers: Callable[[], Sequence[str]],
        mask_for_support: bool,
        sandbox: Sandbox | None = None,
        senders: DefaultSenders = SANDBOX_SENDERS,
        bounds: SearchBounds = BOUNDS,
        search_seconds: float = SEARCH_SECONDS,
    ) -> None:
        self.database = database
        self.batcher = batcher
        self.directory = directory
        self.passwords = passwords
        self.throttle = throttle
        self.logins = logins
        self.clock = clock
        self.ids = ids
        self.carriers = carriers
        self.mask_for_support = mask_for_support
        self.sandbox = sandbox
        self.senders = senders
        self.bounds = bounds
        self.search_seconds = search_seconds

    def of(self, signed_in: SignedIn) -> "Viewer":
        return Viewer(self, signed_in)


class Viewer:
    """See the module. Made for one request; ``callbacks``, ``people``, ``profile`` and ``sandbox`` are the rest of what
    somebody may do."""

    def __init__(self, viewers: Viewers, signed_in: SignedIn) -> None:
        self.who = signed_in.who
        self.scope = scope_of(signed_in.who, viewers.directory.snapshot)
        self.hides = viewers.mask_for_support and self.who.role is Role.SUPPORT
        """Whether texts and numbers are hidden from this viewer."""
        self.user_admin = UserAdmin(
            self.who,
            self.scope,
            database=viewers.database,
            passwords=viewers.passwords,
            clock=viewers.clock,
            ids=viewers.ids,
        )
        self.my_account = MyAccount(
            signed_in,
            database=viewers.database,
            batcher=viewers.batcher,
            directory=viewers.directory,
            passwords=viewers.passwords,
            throttle=viewers.throttle,
            logins=viewers.logins,
            clock=viewers.clock,
            ids=viewers.ids,
        )
        self.callbacks = ViewerCallbacks(
            self.who,
            self.scope,
            hides=self.hides,
            database=viewers.database,
            batcher=viewers.batcher,
            directory=viewers.directory,
            clock=viewers.clock,
        )
        self.sandbox = self._personal_sandbox(viewers, signed_in)
        """The sandbox, for who is let in."""
        self._visibility = UrlVisibility.of(self.who)
        self._viewers = viewers
        self._database = viewers.database

    def may(self, right: Right) -> bool:
        return self.who.may(right)

    # --- accounts

    @property
    def account_count(self) -> int:
        """How many accounts are in scope."""
        by_id, ids = self._viewers.directory.snapshot.by_id, self.scope.account_ids
        return len(by_id) if ids is None else len(ids)

    def first_accounts(self, limit: int) -> list[Account]:
        """Accounts in scope, by login: the first of them."""
        by_id, ids = self._viewers.directory.snapshot.by_id, self.scope.account_ids
        found = by_id.values() if ids is None else map(by_id.__getitem__, ids)
        return heapq.nsmallest(limit, found, key=lambda account: account.login.casefold())

    def account(self, account_id: AccountId) -> Account | None:
        """An account in scope; None for any other."""
        return self._viewers.directory.snapshot.by_id.get(account_id) if self.scope.includes(account_id) else None

    def login_of(self, account_id: AccountId) -> str:
        """The login of an account in scope; empty for any other."""
        account = self.account(account_id)
        return account.login if account is not None else ""

    def account_of_login(self, login: str) -> Account | None:
        """The account in scope of that login; None for any other."""
        found = self._viewers.directory.by_login(login)
        return found if found is not None and self.scope.includes(found.id) else None

    @property
    def carriers(self) -> Sequence[str]:
        """The names of the carriers that a message may have gone by."""
        return self._viewers.carriers()

    async def overview(self, period: Period, *, accounts: Collection[Account]) -> Overview:
        """What a period came to and how things stand, with the credit of these accounts in scope."""
        whose, now_ms = self.scope.account_ids, self._viewers.clock.wall_ms()
        with_accounts = self.account_count > 1
        own = [account for account in accounts if self.scope.includes(account.id)]
        found = await self._database.read_long(
            overview, whose, period, with_accounts=with_accounts, accounts=own, now_ms=now_ms
        )
        known = self._viewers.directory.snapshot.by_id.values()
        nameless = self._viewers.senders.accounts_without_sender(
            account for account in known if self.scope.includes(account.id)
        )
        found = replace(found, attention=replace(found.attention, nameless=nameless))
        return without_hosts(found) if self.hides else found

    # --- messages

    async def search(self, wanted: SearchFilter, *, before: MessageId = LATEST, limit: int) -> MessagePage:
        """Find a page of the messages in scope that fit. A search that has found little goes on for
        ``search_seconds``, and then says how far back it has looked."""
        within, whose, viewers = self._unseen(wanted), self.scope.account_ids, self._viewers
        messages: list[MessageRow] = []
        older: MessageId | None = before
        since = viewers.clock.monotonic()
        while older is not None and len(messages) < limit:
            found = await self._database.read_long(
                search.search, whose, within, before=older, limit=limit - len(messages), bounds=viewers.bounds
            )
            messages, older = messages + found.messages, found.older
            if viewers.clock.monotonic() - since >= viewers.search_seconds:
                break
        is_full = older is None or len(messages) >= limit
        return MessagePage(
            messages=[self._shown(row) for row in messages],
            older=older,
            searched_ms=None if is_full or older is None else accepted_ms(older),
        )

    async def oldest_ms(self, wanted: SearchFilter) -> int | None:
        """When the period of a search begins: as it says, else with the oldest message in scope; None if none is."""
        if wanted.since_ms is not None:
            return wanted.since_ms
        whose = self.scope.account_ids
        oldest = await self._database.read_long(search.find_oldest, whose, wanted.account_ids)
        return None if oldest is None else accepted_ms(oldest)

    async def story(self, message_id: MessageId) -> Story | None:
        """Everything about a message in scope; None for any other."""
        story = await self._database.read(load_story, message_id)
        if story is None or not self.scope.includes(story.view.message.account_id):
            return None
        if story.wait is not None and not self.who.sees_all_accounts:
            story = replace(story, wait=masked_wait(story.wait))
        return masked_story(story) if self.hides else reduced_story(story, self._visibility)

    async def resend(self, message_id: MessageId) -> bool | None:
        """Send a message in scope once more of which a part is held; False where none is, None for any other message,
        or without the right."""
        if not self.who.may(Right.RESEND):
            return None
        return await self._viewers.batcher.run(RESEND, ResendMessage(message_id=message_id, scope=self.scope))

    # --- private

    def _personal_sandbox(self, viewers: Viewers, signed_in: SignedIn) -> PersonalSandbox | None:
        """Not for whom texts and numbers are hidden from; beside real carriers only for who sees the whole platform."""
        sandbox = viewers.sandbox
        if sandbox is None or self.hides or not (sandbox.all_simulated or self.who.sees_all_accounts):
            return None
        return PersonalSandbox(
            sandbox,
            signed_in,
            self.scope,
            database=viewers.database,
            directory=viewers.directory,
            passwords=viewers.passwords,
            clock=viewers.clock,
            ids=viewers.ids,
        )

    def _unseen(self, wanted: SearchFilter) -> SearchFilter:
        """The search that does not compare what is hidden from this viewer."""
        return replace(wanted, hides_content=self.hides)

    def _shown(self, row: MessageRow) -> MessageRow:
        return masked_message(row) if self.hides else reduced_message(row, self._visibility)


def scope_of(who: Principal, snapshot: Snapshot) -> Scope:
    """Everybody's rows for who sees the platform; else those of an account and of all accounts below it."""
    if who.account_id is None:
        return Scope(account_ids=None)
    ids: set[AccountId] = set()
    waiting = [who.account_id] if who.account_id in snapshot.by_id else []
    while waiting:
        account_id = waiting.pop()
        ids.add(account_id)
        waiting += [child.id for child in snapshot.children.get(account_id, ()) if child.id not in ids]
    return Scope(account_ids=frozenset(ids))
