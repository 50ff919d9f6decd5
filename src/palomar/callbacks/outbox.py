"""Collects the callbacks that one transaction makes, changes and finishes, and writes them at its end.

A new callback is this node's at birth, as long as its target has room here. Not here: the attempts (``attempts``), and
which waiting callbacks a node takes next (``turns``).
"""

from collections.abc import Container, Mapping
from typing import Final, Protocol

from palomar.callbacks.account_callbacks import NoDialect
from palomar.callbacks.callback_rows import DELETE_CALLBACKS, INSERT_CALLBACKS, UPDATE_CALLBACKS, CallbackRow
from palomar.callbacks.callback_target import UNKNOWN_TARGET, OffAfter
from palomar.callbacks.target_rows import TargetRow
from palomar.ports import CallbackRenderer
from palomar.storage.statements import Row
from palomar.transaction.context import ContextExtension
from palomar.transaction.message_rows import MessageRow, OpenMessage
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.events import CarrierTook, Delivered, Event, Failed
from palomar.vocabulary.message import MessageId

_NO_DIALECT: Final[CallbackRenderer] = NoDialect()
_STEPS: dict[type[Event], int] = {CarrierTook: 1, Delivered: 2, Failed: 2}
"""Which of a message's states an event tells (``CallbackRow.step``)."""


class CallbackDesk(Protocol):
    """Where callbacks are made: it knows their targets, and how many more of each this node takes."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        """Give the number of the target of an account's URL (``callbacks.callback_target``)."""
        ...

    def room(self, account_id: AccountId, target: int) -> int:
        """Count how many more callbacks to a target the node takes straight after the commit."""
        ...

    @property
    def behind(self) -> Container[MessageId]:
        """Give the messages with a callback that waits to be claimed: no later one of them may be taken before it. It
        is always the same container, as it stands when it is looked into."""
        ...


class NoDesk:
    """A :class:`CallbackDesk` beside the servers: one of them will find what is stored."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        return UNKNOWN_TARGET

    def room(self, account_id: AccountId, target: int) -> int:
        return 0

    @property
    def behind(self) -> Container[MessageId]:
        return ()


class CallbackContext(ContextExtension, frozen=True, kw_only=True):
    """How each dialect calls back, who takes new callbacks, and when a target is tried no more."""

    renderers: Mapping[str, CallbackRenderer]
    desk: CallbackDesk
    off_after: OffAfter


class Outbox(Participant):
    """The callbacks of one transaction. A target's room is asked for once."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        context = CallbackContext.of(work.context)
        self.born: list[CallbackRow] = []
        """Callbacks that this transaction made; those with our ``node_id`` go to the notifier after the commit."""
        self.targets_off: list[TargetRow] = []
        """Targets that this transaction put off."""
        self._renderers = context.renderers
        self._desk = context.desk
        self._behind = context.desk.behind
        self._room: dict[int, int] = {}
        """How many more callbacks this node takes, by target."""
        self._changed: list[Row] = []
        self._done: list[int] = []

    def tell(self, message: OpenMessage | MessageRow, event: Event) -> None:
        """Let the message's dialect decide the event; its callback, if it makes one, goes into the outbox."""
        self.call_back(
            event, account_id=message.account_id, dialect=message.dialect, target=message.status_url, about=message.id
        )

    def call_back(self, event: Event, *, account_id: AccountId, dialect: str, target: str, about: MessageId) -> None:
        """Do as :meth:`tell`, to another URL. ``about`` is whose callbacks keep their order and whose timeline has
        them: a message, or the id of an inbound one."""
        work = self._work
        account = work.context.accounts.get(account_id)
        if not target or account is None:
            return
        request = self._renderers.get(dialect, _NO_DIALECT).render(event, target=target, account=account)
        if request is None:
            return
        self._add(
            CallbackRow(
                id=work.context.ids.serial(),
                message_id=about,
                account_id=account_id,
                dialect=dialect,
                method=request.method,
                url=request.url,
                body=request.body,
                due_ms=work.now_ms,
                target=self._desk.target_of(account_id, request.url),
                step=_STEPS.get(type(event), 0),
            )
        )

    def done(self, callback_id: int) -> None:
        """Take a callback out that succeeded."""
        self._done.append(callback_id)

    def change(self, callback: CallbackRow) -> None:
        """Let a callback wait for another attempt, or for nobody any more."""
        self._changed.append(
            (callback.id, callback.due_ms, callback.attempts, callback.failed, callback.node_id, callback.target)
        )

    async def write(self) -> None:
        """Write new, changed and finished callbacks, a statement each."""
        work = self._work
        if self.born:
            await work.insert_in_slices(INSERT_CALLBACKS, [callback.row() for callback in self.born])
        if self._changed:
            await work.tx.update(UPDATE_CALLBACKS, self._changed)
        if self._done:
            await work.tx.delete(DELETE_CALLBACKS, self._done)

    def _add(self, callback: CallbackRow) -> None:
        """Take up a new callback: this node's, where its target has room here."""
        target = callback.target
        room = self._room.get(target)
        if room is None:
            room = self._desk.room(callback.account_id, target)
        if room > 0 and callback.message_id not in self._behind:
            callback.node_id = self._work.context.node_id
            room -= 1
        self._room[target] = room
        self.born.append(callback)
