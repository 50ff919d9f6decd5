"""The gateway: the one door through which faces reach the house. It answers after the commit."""

import asyncio

from palomar.domain.account import Account, AccountId
from palomar.domain.refusals import Refusal
from palomar.engine.batcher import Batcher, Step
from palomar.engine.directory import Directory
from palomar.engine.dispatcher import Dispatcher
from palomar.engine.limits import RequestLimits
from palomar.flows import accounts
from palomar.flows.accept import Acceptance, Accepted, Request, accept, compose
from palomar.ports import Clock, Ids
from palomar.storage.database import Database, Transaction

ACCEPT_PATIENCE_SECONDS = 4.0
"""Clients give up after 4.5 s at the earliest: by then they have our answer."""

_COMPOSE_AT_ONCE = 500


class Gateway:
    """What a dialect may ask. Nothing here knows a vendor."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        dispatcher: Dispatcher,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._database = database
        self._batcher = batcher
        self._dispatcher = dispatcher
        self._limits = RequestLimits()
        self.directory = directory
        self.clock = clock
        self.ids = ids
        self._accept = Step(
            name="accept",
            script=accept,
            rank=10,
            lane=0,
            patience_seconds=ACCEPT_PATIENCE_SECONDS,
            prepare=dispatcher.claim_at_birth,
            weigh=_weight,
        )

    def account_by_key(self, secret: str) -> Account | None:
        """Whose live key this is; a revoked one dies within a second."""
        return self.directory.by_key(secret)

    def wait_seconds(self, account: Account) -> float:
        """0.0 if the account may make one more request now, else how long it should wait."""
        return self._limits.wait_seconds(
            account.id, per_second=account.settings.requests_per_second, now=self.clock.monotonic()
        )

    async def accept(self, request: Request) -> Accepted | Refusal:
        """Store and bill a request. Returns after the commit; raises what only a bug or a lost database raises."""
        command = await self._composed(request)
        future: asyncio.Future[Accepted | Refusal] = asyncio.get_running_loop().create_future()

        def done(result: Accepted | Refusal) -> None:
            self._dispatcher.accepted(result, command)
            if not future.done():
                future.set_result(result)

        def failed(error: BaseException) -> None:
            self._dispatcher.not_accepted(command)
            if not future.done():
                future.set_exception(error)

        self._batcher.post(self._accept, command, done, failed)
        return await future

    async def balance(self, account_id: AccountId) -> accounts.Balance:
        """What the account can spend, and what is set aside for messages under way."""

        async def script(tx: Transaction) -> accounts.Balance:
            return await accounts.balance(tx, account_id)

        return await self._database.read(script)

    async def _composed(self, request: Request) -> Acceptance:
        """Compose in slices: thousands of recipients must not stop the loop."""
        prices = self.directory.prices(request.account.id)
        now_ms = self.clock.wall_ms()
        recipients = request.recipients
        whole = compose(request, recipients[:_COMPOSE_AT_ONCE], prices=prices, ids=self.ids, now_ms=now_ms)
        for start in range(_COMPOSE_AT_ONCE, len(recipients), _COMPOSE_AT_ONCE):
            await asyncio.sleep(0)
            some = recipients[start : start + _COMPOSE_AT_ONCE]
            more = compose(request, some, prices=prices, ids=self.ids, now_ms=now_ms)
            whole.messages.extend(more.messages)
            whole.microcredits += more.microcredits
        return whole


def _weight(command: Acceptance) -> int:
    return len(command.messages)
