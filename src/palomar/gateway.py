"""The gateway: the one door through which faces reach the house. It answers after the commit."""

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
from palomar.short_links.shorten import Codes, Shortener
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
"""Clients give up after 4.5 s at the earliest: by then they have our answer."""

_COMPOSE_AT_ONCE = 500
_P = ACCEPT_WAIT_SECONDS
ADD = Step(name="add_account", script=add_accounts, awaited=True, outage_wait_seconds=_P)
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
    """What a dialect may ask. Nothing here knows a vendor."""

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
        """Take as ``public_url`` what short links begin with where the account has no domain of its own; ``languages``
        are those whose national tables every carrier takes; ``senders`` says whose messages are that name nobody."""
        self._database = database
        self._batcher = batcher
        self._dispatcher = dispatcher
        self._admission = admission
        self.admission = admission.for_dialect
        """Makes the way in of a dialect, and the only one: see :meth:`Admission.for_dialect`."""
        self._directory = directory
        self.clock = clock
        self.ids = ids
        self._subaccount_limits = SubaccountLimits()
        self._public_url = public_url
        self._languages = languages
        self.sender = senders.of
        """Whose message it is that names no sender: see :meth:`DefaultSenders.of`."""
        self._senders = senders
        self._codes = Codes(ids.token)
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

    # --- who else there is

    def prices(self, account: Account) -> PriceList:
        """List what a part costs the account, by country."""
        return self._directory.prices(account.id)

    def below(self, caller: Account, login: str) -> Account | None:
        """Find the caller itself or an account below it, by login in any case."""
        account = self._directory.by_login(login)
        return account if account is not None and self._directory.snapshot.is_within(account, caller.id) else None

    # --- sending

    def shortener(self, account: Account) -> Shortener:
        """What shortens the links of this account's texts."""
        return Shortener(account.settings.link_domain or self._public_url(), self._codes.make)

    async def accept(self, request: Request) -> Result:
        """Store and bill a request. Returns after the commit; raises only what a bug raises."""
        command = await self._composed(request)
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
        """Cancel the account's scheduled messages of a request, or all; how many there were."""
        return await self._all_of(CANCEL, scheduled.ScheduledChange(account_id=account_id, request_ref=request_ref))

    async def send_scheduled(self, account_id: AccountId, request_ref: str = "") -> int:
        """Send the account's scheduled messages of a request, or all, at once; how many there were."""
        count = await self._all_of(SEND_NOW, scheduled.ScheduledChange(account_id=account_id, request_ref=request_ref))
        self._dispatcher.recheck_all()
        return count

    async def _all_of(self, step: Step[scheduled.ScheduledChange, int], order: scheduled.ScheduledChange) -> int:
        total = 0
        while True:
            count = await self._batcher.run(step, order)
            total += count
            if count < scheduled.AT_ONCE:
                return total

    # --- looking

    async def balance(self, account_id: AccountId) -> credit.AccountBalance:
        """What the account can spend, and what is set aside for messages under way."""
        return await self._database.read(credit.balance, account_id)

    async def messages(self, account_id: AccountId, ids: Sequence[MessageId]) -> dict[MessageId, MessageRow]:
        """Those of these messages that the account sent."""
        return await self._database.read(lookup.messages_of, account_id, ids)

    async def answered(self, key: Key) -> Replay | KeyReused | None:
        """What is kept under an idempotency key; None: its request is new, or had no effect."""
        now_ms = self.clock.wall_ms()

        async def script(tx: Transaction) -> Replay | KeyReused | None:
            return await look_up(Work(tx, self._batcher.context().without_node(), now_ms=now_ms), key)

        return await self._database.read(script)

    async def batch(self, account_id: AccountId, request_ref: str) -> list[MessageRow]:
        """The account's messages of one request, in the order of its recipients."""
        return await self._database.read(lookup.messages_of_request, account_id, request_ref)

    async def message_by_short_id(self, account_id: AccountId, short_id: int) -> MessageRow | None:
        """The message that the account knows by this number of its own."""
        return await self._database.read(lookup.message_by_short_id, account_id, short_id)

    async def standing(self, account_id: AccountId, *, request_ref: str, msisdn: str) -> lookup.MessageStatus | None:
        """Where the account's youngest message with that request_ref to that number stands."""
        return await self._database.read(lookup.find_status, account_id, request_ref=request_ref, msisdn=msisdn)

    # --- accounts

    async def token(self, account: Account, *, name: str, lifetime_ms: int) -> str:
        """Give a signed pass to who has logged in: the youngest live one that a log-in made if at least half of
        ``lifetime_ms`` is left of it and no more than all, else a new one. It ends with the password.

        Raises TemporarilyUnavailable where the password has just been changed.
        """
        now_ms, snapshot = self.clock.wall_ms(), self._directory.snapshot
        mine = [token for token in snapshot.tokens.values() if token.account_id == account.id and token.by_login]
        for token in sorted(mine, key=lambda token: token.created_ms, reverse=True):
            if lifetime_ms // 2 < token.expires_ms - now_ms <= lifetime_ms:
                return tokens.signed(token, login=account.login, secret=self._directory.signing_secret)
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
        return tokens.signed(made, login=account.login, secret=self._directory.signing_secret)

    def count_subaccount(self, parent: Account) -> SubaccountLimitReached | None:
        """Count one more sub-account of a program's; or why there may be none."""
        return self._subaccount_limits.count_one(self._directory.snapshot, parent, now=self.clock.monotonic())

    async def add_account(self, command: AddAccount) -> Account | Replay | KeyReused | None:
        """Make a (sub-)account with one key; None if the login is taken."""
        result = await self._batcher.run(ADD, command)
        await self._directory.reload()
        return result

    async def change_password(self, command: ChangePassword) -> Replay | KeyReused | None:
        """A new password (already hashed); None when it is written."""
        result = await self._batcher.run(CHANGE_PASSWORD, command)
        await self._directory.reload()
        return result

    async def hash_password(self, password: GoodPassword, *, by: Account) -> str:
        """Make the argon2 hash to store; slow on purpose, in a lane. Raises ``Busy``."""
        passwords = self._admission.passwords
        return await passwords.hash(password, queue=passwords.program_queue, caller=by.id)

    async def transfer(self, giver: AccountId, taker: AccountId, microcredits: int) -> credit.AccountBalance | Refusal:
        """Credit goes from one account to another; the giver's balance after it."""
        order = credit.Transfer(giver=giver, taker=taker, microcredits=microcredits)
        return await self._batcher.run(TRANSFER, order)

    # --- private

    async def _composed(self, request: Request) -> Acceptance:
        """Compose in slices: thousands of recipients must not stop the loop."""
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
            filled = self._senders.filled(whole.messages, lineage=terms.lineage, router=self._dispatcher.router)
            return structs.replace(whole, messages=filled)
        return whole


def _weight(command: Acceptance) -> int:
    return len(command.messages)
