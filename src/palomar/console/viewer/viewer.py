"""Everything that the console's pages read and change, limited to one person's scope and rights.

A page calls its :class:`Viewer` and gets the messages of the person's accounts and no others, without texts and numbers
if the installation hides these from support. What is out of scope is answered like what does not exist. If a page needs
something new, it becomes a method here that begins with the scope.
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
from palomar.reports.story import Story, load_story
from palomar.sandbox.sandbox import PersonalSandbox, Sandbox
from palomar.sending.resend_held import ResendMessage, resend_message
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.access import Principal, Right, Role, Scope
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId, accepted_ms

SEARCH_SECONDS = 1.0
"""The longest time that a search goes on to fill its page, one bounded transaction after the other."""
RESEND = Step(name="resend", script=resend_message, awaited=True, outage_wait_seconds=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """Messages, newest first. The next page begins before the id ``older``; None if there is nothing older.

    ``searched_ms`` is the time back to which messages were searched, if the page is not full and the search not at its
    end.
    """

    messages: list[MessageRow]
    older: MessageId | None
    searched_ms: int | None = None


class Viewers:
    """Makes the viewers of signed-in people, and has what all of them need."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        passwords: Passwords,
        throttle: SignInThrottle,
        sign_in: SignIn,
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
        self.sign_in = sign_in
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
    """One person's access to messages and accounts, and by ``callbacks``, ``user_admin``, ``my_account`` and
    ``sandbox`` to the rest. Made for one request."""

    def __init__(self, viewers: Viewers, signed_in: SignedIn) -> None:
        self.who = signed_in.who
        self.scope = scope_of(signed_in.who, viewers.directory.snapshot)
        self.masks = viewers.mask_for_support and self.who.role is Role.SUPPORT
        """True if texts and numbers are hidden from this person."""
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
            sign_in=viewers.sign_in,
            clock=viewers.clock,
            ids=viewers.ids,
        )
        self.callbacks = ViewerCallbacks(
            self.who,
            self.scope,
            masks=self.masks,
            database=viewers.database,
            batcher=viewers.batcher,
            directory=viewers.directory,
            clock=viewers.clock,
        )
        self.sandbox = self._personal_sandbox(viewers, signed_in)
        """None for people who have no sandbox."""
        self._visibility = UrlVisibility.of(self.who)
        self._viewers = viewers
        self._database = viewers.database

    def may(self, right: Right) -> bool:
        return self.who.may(right)

    # --- accounts

    @property
    def account_count(self) -> int:
        """Count the accounts in scope."""
        by_id, ids = self._viewers.directory.snapshot.by_id, self.scope.account_ids
        return len(by_id) if ids is None else len(ids)

    def first_accounts(self, limit: int) -> list[Account]:
        """List the first accounts in scope, by login."""
        by_id, ids = self._viewers.directory.snapshot.by_id, self.scope.account_ids
        found = by_id.values() if ids is None else map(by_id.__getitem__, ids)
        return heapq.nsmallest(limit, found, key=lambda account: account.login.casefold())

    def account(self, account_id: AccountId) -> Account | None:
        """Return an account; None if it does not exist or is not in scope."""
        return self._viewers.directory.snapshot.by_id.get(account_id) if self.scope.includes(account_id) else None

    def login_of(self, account_id: AccountId) -> str:
        """Return the login of an account; empty if it does not exist or is not in scope."""
        account = self.account(account_id)
        return account.login if account is not None else ""

    def account_of_login(self, login: str) -> Account | None:
        """Return the account of that login; None if it does not exist or is not in scope."""
        found = self._viewers.directory.by_login(login)
        return found if found is not None and self.scope.includes(found.id) else None

    @property
    def carriers(self) -> Sequence[str]:
        """List the names of the carriers that messages may have left by."""
        return self._viewers.carriers()

    async def overview(self, period: Period, *, accounts: Collection[Account]) -> Overview:
        """Read the overview of a period, with the credit of these accounts as far as they are in scope."""
        account_ids, now_ms = self.scope.account_ids, self._viewers.clock.wall_ms()
        with_accounts = self.account_count > 1
        own = [account for account in accounts if self.scope.includes(account.id)]
        found = await self._database.read_long(
            overview, account_ids, period, with_accounts=with_accounts, accounts=own, now_ms=now_ms
        )
        known = self._viewers.directory.snapshot.by_id.values()
        nameless = self._viewers.senders.accounts_without_sender(
            account for account in known if self.scope.includes(account.id)
        )
        found = replace(found, attention=replace(found.attention, nameless=nameless))
        return without_hosts(found) if self.masks else found

    # --- messages

    async def search(self, wanted: SearchFilter, *, before: MessageId = LATEST, limit: int) -> MessagePage:
        """Find a page of the messages in scope that match. A search that has not filled its page goes on for
        ``search_seconds``, and then returns how far back it has searched."""
        within, account_ids, viewers = self._without_hidden(wanted), self.scope.account_ids, self._viewers
        messages: list[MessageRow] = []
        older: MessageId | None = before
        since = viewers.clock.monotonic()
        while older is not None and len(messages) < limit:
            found = await self._database.read_long(
                search.search, account_ids, within, before=older, limit=limit - len(messages), bounds=viewers.bounds
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
        """Return when the period of a search begins: as chosen, else with the oldest message in scope; None if there is
        none."""
        if wanted.since_ms is not None:
            return wanted.since_ms
        account_ids = self.scope.account_ids
        oldest = await self._database.read_long(search.find_oldest, account_ids, wanted.account_ids)
        return None if oldest is None else accepted_ms(oldest)

    async def story(self, message_id: MessageId) -> Story | None:
        """Read everything about a message; None if it does not exist or is not in scope."""
        story = await self._database.read(load_story, message_id)
        if story is None or not self.scope.includes(story.view.message.account_id):
            return None
        if story.wait is not None and not self.who.sees_all_accounts:
            story = replace(story, wait=masked_wait(story.wait))
        return masked_story(story) if self.masks else reduced_story(story, self._visibility)

    async def resend(self, message_id: MessageId) -> bool | None:
        """Send a message once more if a part of it is held.

        Return False if none is held, and None if the message is not in scope or the person lacks the right.
        """
        if not self.who.may(Right.RESEND):
            return None
        return await self._viewers.batcher.run(RESEND, ResendMessage(message_id=message_id, scope=self.scope))

    # --- private

    def _personal_sandbox(self, viewers: Viewers, signed_in: SignedIn) -> PersonalSandbox | None:
        """Return the person's sandbox.

        Return None if there is none, texts are hidden from the person, or there are real carriers and the person does
        not see the whole platform.
        """
        sandbox = viewers.sandbox
        if sandbox is None or self.masks or not (sandbox.all_simulated or self.who.sees_all_accounts):
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

    def _without_hidden(self, wanted: SearchFilter) -> SearchFilter:
        """Return a search that does not compare what is hidden from this person."""
        return replace(wanted, hides_content=self.masks)

    def _shown(self, row: MessageRow) -> MessageRow:
        return masked_message(row) if self.masks else reduced_message(row, self._visibility)


def scope_of(who: Principal, snapshot: Snapshot) -> Scope:
    """Return the scope of a person: all accounts for the platform's people, else an account and all accounts below
    it."""
    if who.account_id is None:
        return Scope(account_ids=None)
    ids: set[AccountId] = set()
    waiting = [who.account_id] if who.account_id in snapshot.by_id else []
    while waiting:
        account_id = waiting.pop()
        ids.add(account_id)
        waiting += [child.id for child in snapshot.children.get(account_id, ()) if child.id not in ids]
    return Scope(account_ids=frozenset(ids))
