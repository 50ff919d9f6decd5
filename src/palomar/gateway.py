"""Serve the dialects: whatever they do to accounts and messages goes through this gateway, which answers after the
commit.

Not here: what a request says (``dialects``), who may send it (``access.admission``), and the console, which asks the
``console.viewer``.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence

from msgspec import structs

from palomar.acceptance import scheduled
from palomar.acceptance.accept import Result, accept
from palomar.acceptance.compose import Acceptance, Request, compose
from palomar.acceptance.default_sender import SANDBOX_SENDERS, DefaultSenders
from palomar.acceptance.withdraw import can_withdraw, withdraw
from palomar.access.admission import Admission
from palomar.access.password_rule import GoodPassword
from palomar.accounts import tokens
from palomar.accounts.account_commands import AddAccount, ChangePassword, add_accounts, change_passwords
from palomar.accounts.directory import Directory
from palomar.accounts.subaccount_limits import SubaccountLimitReached, SubaccountLimits
from palomar.billing import credit
from palomar.billing.prices import PriceList
from palomar.ports import Clock, Ids
from palomar.reports import messages as lookup
from palomar.sending.dispatcher import Dispatcher
from palomar.short_links.shorten import CodeMaker, Shortener
from palomar.storage.database import Database, Transaction
from palomar.text.languages import Language
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.idempotency import Key, KeyReused, Replay, look_up
from palomar.transaction.message_rows import MessageRow
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.refusals import Refusal, TemporarilyUnavailable

ACCEPT_WAIT_SECONDS = 4.0
"""How long a request may wait for the database. Clients give up after 4.5 s at the earliest, and have an answer by
then."""

_COMPOSE_AT_ONCE = 500
_P = ACCEPT_WAIT_SECONDS
ADD_ACCOUNT = Step(name="add_account", script=add_accounts, awaited=True, outage_wait_seconds=_P)
CANCEL = Step(
    name="cancel",
    script=scheduled.cancel,
    awaited=True,
    outage_wait_seconds=_P,
    weigh=lambda order: scheduled.AT_ONCE,
)
SEND_NOW = Step(
    name="send_now",
    script=scheduled.send_now,
    awaited=True,
    outage_wait_seconds=_P,
    weigh=lambda order: scheduled.AT_ONCE,
)
TRANSFER = Step(name="transfer", script=credit.transfer, awaited=True, outage_wait_seconds=_P)
CHANGE_PASSWORD = Step(name="change_password", script=change_passwords, awaited=True, outage_wait_seconds=_P)


class Gateway:
    """All that a dialect may do. Nothing here knows a vendor."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        dispatcher: Dispatcher,
        admission: Admission,
        clock: Clock,
        ids: Ids,
        public_url: Callable[[], str] = lambda: "http://localhost",
        languages: Collection[Language] = (),
        senders: DefaultSenders = SANDBOX_SENDERS,
    ) -> None:
        """Take as ``public_url`` the beginning of short links for accounts without a domain of their own, as
        ``languages`` those whose national tables every carrier takes, and as ``senders`` the senders of requests that
        name none."""
        self._database = database
        self._batcher = batcher
        self._dispatcher = dispatcher
        self._admission = admission
        self.admission = admission.for_dialect
        """Makes the admission of a dialect, its only way to an account: see :meth:`Admission.for_dialect`."""
        self._directory = directory
        self.clock = clock
        self.ids = ids
        self._subaccount_limits = SubaccountLimits()
        self._public_url = public_url
        self._languages = languages
        self.default_sender = senders.of
        """Returns the sender of a request that names none: see :meth:`DefaultSenders.of`."""
        self._senders = senders
        self._codes = CodeMaker(ids.token)
        self._accept = Step(
            name="accept",
            script=accept,
            lane=0,
            awaited=True,
            outage_wait_seconds=ACCEPT_WAIT_SECONDS,
            prepare=dispatcher.claim_new_messages,
            weigh=_weight,
            undo=withdraw,
            can_undo=can_withdraw,
        )

    # --- prices and sub-accounts

    def prices(self, account: Account) -> PriceList:
        """List what a part costs the account, by country."""
        return self._directory.prices(account.id)

    def account_within(self, caller: Account, login: str) -> Account | None:
        """Find the caller itself or an account below it, by login in any case."""
        account = self._directory.by_login(login)
        return account if account is not None and self._directory.snapshot.is_within(account, caller.id) else None

    # --- sending

    def shortener(self, account: Account) -> Shortener:
        """Make the shortener for the links in this account's texts."""
        return Shortener(account.settings.link_domain or self._public_url(), self._codes.make)

    async def accept(self, request: Request) -> Result:
        """Store and bill a request. Returns after the commit; raises only on a bug."""
        command = await self._compose(request)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def done(result: Result) -> None:
            self._dispatcher.accepted(result, command)
            if not future.done():
                future.set_result(result)

        def failed(error: BaseException) -> None:
            self._dispatcher.not_accepted(command)
            if future.done():
                return
            if isinstance(error, TemporarilyUnavailable):
                future.set_result(Refusal.UNAVAILABLE)
            else:
                future.set_exception(error)

        self._batcher.post(self._accept, command, done, failed)
        return await future

    async def cancel_scheduled(self, account_id: AccountId, request_ref: str = "") -> int:
        """Cancel the account's scheduled messages of a request, or all of them. Returns how many there were."""
        return await self._repeat(CANCEL, scheduled.ScheduledChange(account_id=account_id, request_ref=request_ref))

    async def send_scheduled(self, account_id: AccountId, request_ref: str = "") -> int:
        """Send the account's scheduled messages of a request, or all of them, at once. Returns how many there were."""
        count = await self._repeat(SEND_NOW, scheduled.ScheduledChange(account_id=account_id, request_ref=request_ref))
        self._dispatcher.recheck_all()
        return count

    async def _repeat(self, step: Step[scheduled.ScheduledChange, int], order: scheduled.ScheduledChange) -> int:
        total = 0
        while True:
            count = await self._batcher.run(step, order)
            total += count
            if count < scheduled.AT_ONCE:
                return total

    # --- reading

    async def balance(self, account_id: AccountId) -> credit.AccountBalance:
        """Read what the account can spend, and what is set aside for messages under way."""
        return await self._database.read(credit.balance, account_id)

    async def messages(self, account_id: AccountId, ids: Sequence[MessageId]) -> dict[MessageId, MessageRow]:
        """Read those of these messages that the account sent."""
        return await self._database.read(lookup.messages_of, account_id, ids)

    async def kept_answer(self, key: Key) -> Replay | KeyReused | None:
        """Read the answer that is kept under an idempotency key; None: the request is new, or had no effect."""
        now_ms = self.clock.wall_ms()

        async def script(tx: Transaction) -> Replay | KeyReused | None:
            return await look_up(Work(tx, self._batcher.context().without_node(), now_ms=now_ms), key)

        return await self._database.read(script)

    async def messages_of_request(self, account_id: AccountId, request_ref: str) -> list[MessageRow]:
        """Read the account's messages of one request, in the order of its recipients."""
        return await self._database.read(lookup.messages_of_request, account_id, request_ref)

    async def message_by_short_id(self, account_id: AccountId, short_id: int) -> MessageRow | None:
        """Read the account's message with this short id."""
        return await self._database.read(lookup.message_by_short_id, account_id, short_id)

    async def message_status(
        self, account_id: AccountId, *, request_ref: str, msisdn: str
    ) -> lookup.MessageStatus | None:
        """Read the status of the account's youngest message with that ``request_ref`` to that number; None if there is
        none."""
        return await self._database.read(lookup.find_status, account_id, request_ref=request_ref, msisdn=msisdn)

    # --- accounts

    async def token(self, account: Account, *, name: str, lifetime_ms: int) -> str:
        """Return a signed token for an account that has just logged in. It ends with the password.

        It is the youngest live token that a log-in made, if what is left of it is between half of ``lifetime_ms`` and
        all of it; else a new one. Raises TemporarilyUnavailable if the password has just been changed.
        """
        now_ms, snapshot = self.clock.wall_ms(), self._directory.snapshot
        mine = [token for token in snapshot.tokens.values() if token.account_id == account.id and token.by_login]
        for token in sorted(mine, key=lambda token: token.created_ms, reverse=True):
            if lifetime_ms // 2 < token.expires_ms - now_ms <= lifetime_ms:
                return tokens.write_jwt(token, login=account.login, secret=self._directory.signing_secret)
        password_hash = snapshot.passwords.get(account.id, "")
        made = await self._batcher.write(
            tokens.add_token_of_login,
            self.ids,
            account.id,
            name=name,
            lifetime_ms=lifetime_ms,
            now_ms=now_ms,
            password_hash=password_hash,
        )
        await self._directory.reload()
        if made is None:
            raise TemporarilyUnavailable("the password has just been changed")
        return tokens.write_jwt(made, login=account.login, secret=self._directory.signing_secret)

    def count_subaccount(self, parent: Account) -> SubaccountLimitReached | None:
        """Count one more sub-account that a program makes, or return the limit that forbids it."""
        return self._subaccount_limits.count_one(self._directory.snapshot, parent, now=self.clock.monotonic())

    async def add_account(self, command: AddAccount) -> Account | Replay | KeyReused | None:
        """Make a sub-account with one key; None if the login is taken."""
        result = await self._batcher.run(ADD_ACCOUNT, command)
        await self._directory.reload()
        return result

    async def change_password(self, command: ChangePassword) -> Replay | KeyReused | None:
        """Write a new password, which is hashed already; None when it is written."""
        result = await self._batcher.run(CHANGE_PASSWORD, command)
        await self._directory.reload()
        return result

    async def hash_password(self, password: GoodPassword, *, by: Account) -> str:
        """Hash a password to be stored; slow on purpose, in a queue. Raises ``Busy``."""
        passwords = self._admission.passwords
        return await passwords.hash(password, queue=passwords.program_queue, caller=by.id)

    async def transfer(self, giver: AccountId, taker: AccountId, microcredits: int) -> credit.AccountBalance | Refusal:
        """Move credit from one account to another. Returns the giver's balance after it, or a refusal."""
        order = credit.Transfer(giver=giver, taker=taker, microcredits=microcredits)
        return await self._batcher.run(TRANSFER, order)

    # --- private

    async def _compose(self, request: Request) -> Acceptance:
        """Compose a request in slices, because thousands of recipients must not stop the loop."""
        terms = self._directory.terms(request.account.id)
        now_ms = self.clock.wall_ms()
        recipients, languages = request.recipients, self._languages
        first = recipients if len(recipients) <= _COMPOSE_AT_ONCE else recipients[:_COMPOSE_AT_ONCE]
        whole = compose(request, first, terms=terms, ids=self.ids, now_ms=now_ms, languages=languages)
        for start in range(_COMPOSE_AT_ONCE, len(recipients), _COMPOSE_AT_ONCE):
            await asyncio.sleep(0)
            some = recipients[start : start + _COMPOSE_AT_ONCE]
            more = compose(request, some, terms=terms, ids=self.ids, now_ms=now_ms, languages=languages)
            whole.messages.extend(more.messages)
        if self._senders.of_carriers:
            filled = self._senders.with_carrier_senders(
                whole.messages, lineage=terms.lineage, router=self._dispatcher.router
            )
            return structs.replace(whole, messages=filled)
        return whole


def _weight(command: Acceptance) -> int:
    return len(command.messages)
