"""Collects the callbacks that one transaction makes, changes and finishes, and writes them at its end.

A new callback is claimed by this node in its insert, as long as its target has room here. Not here: the attempts
(``attempts``), and which waiting callbacks a node claims next (``claim``).
"""

from collections.abc import Container, Mapping
from typing import Final, Protocol

from palomar.callbacks.account_callbacks import AccountOnlyRenderer
from palomar.callbacks.callback_rows import DELETE_CALLBACKS, INSERT_CALLBACKS, UPDATE_CALLBACKS, CallbackRow
from palomar.callbacks.callback_target import UNKNOWN_TARGET, OffAfter
from palomar.callbacks.target_rows import TargetRow
from palomar.ports import CallbackRenderer
from palomar.storage.statements import Row
from palomar.transaction.context import ContextExtension
from palomar.transaction.message_rows import MessageRow, OpenMessage
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.events import Delivered, Event, Failed, SentToCarrier
from palomar.vocabulary.message import MessageId

_ACCOUNT_ONLY: Final[CallbackRenderer] = AccountOnlyRenderer()
_STEPS: dict[type[Event], int] = {SentToCarrier: 1, Delivered: 2, Failed: 2}
"""Which state of a message an event tells (``CallbackRow.step``)."""


class CallbackIntake(Protocol):
    """What a transaction asks about this node's sending: the targets of callbacks, and how many more of each fit."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        """Return the number of the target of an account's URL (``callbacks.callback_target``)."""
        ...

    def room(self, account_id: AccountId, target: int) -> int:
        """Return how many more callbacks to a target the node takes straight after the commit."""
        ...

    @property
    def messages_in_table(self) -> Container[MessageId]:
        """Return the messages with a callback that waits to be claimed: no later one of them may be sent before it.
        The container is always the same; its content changes."""
        ...


class NoIntake:
    """A :class:`CallbackIntake` for commands, which send nothing: a server will find what is stored."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        return UNKNOWN_TARGET

    def room(self, account_id: AccountId, target: int) -> int:
        return 0

    @property
    def messages_in_table(self) -> Container[MessageId]:
        return ()


class CallbackContext(ContextExtension, frozen=True, kw_only=True):
    """The renderers by dialect, the intake of new callbacks, and when a target is switched off."""

    renderers: Mapping[str, CallbackRenderer]
    intake: CallbackIntake
    off_after: OffAfter


class Outbox(Participant):
    """The callbacks of one transaction. Each target's room is asked for once."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        context = CallbackContext.of(work.context)
        self.created: list[CallbackRow] = []
        """Callbacks that this transaction made; those with our ``node_id`` go to the sender after the commit."""
        self.targets_off: list[TargetRow] = []
        """Targets that this transaction switched off."""
        self._accounts = work.context.accounts
        self._renderers = context.renderers
        self._intake = context.intake
        self._messages_in_table = context.intake.messages_in_table
        self._room: dict[int, int] = {}
        """How many more callbacks this node takes, by target."""
        self._changed: list[Row] = []
        self._done: list[int] = []

    def add_for(self, message: OpenMessage | MessageRow, event: Event) -> None:
        """Add the callback that the message's dialect makes of an event, if it makes one, to the message's URL."""
        self.add(
            event, account_id=message.account_id, dialect=message.dialect, target=message.status_url, about=message.id
        )

    def add(self, event: Event, *, account_id: AccountId, dialect: str, target: str, about: MessageId) -> None:
        """Add the callback that a dialect makes of an event, if it makes one, to the URL ``target``. ``about`` is the
        message, or the inbound message, whose callbacks keep their order and whose timeline has them."""
        work = self._work
        account = self._accounts.get(account_id)
        if not target or account is None:
            return
        request = self._renderers.get(dialect, _ACCOUNT_ONLY).render(event, target=target, account=account)
        if request is None:
            return
        self._store(
            CallbackRow(
                id=work.context.ids.serial(),
                message_id=about,
                account_id=account_id,
                dialect=dialect,
                method=request.method,
                url=request.url,
                body=request.body,
                due_ms=work.now_ms,
                target=self._intake.target_of(account_id, request.url),
                step=_STEPS.get(type(event), 0),
            )
        )

    def done(self, callback_id: int) -> None:
        """Delete a callback that succeeded."""
        self._done.append(callback_id)

    def change(self, callback: CallbackRow) -> None:
        """Update a callback's due time, attempts, ``failed``, node and target."""
        self._changed.append(
            (callback.id, callback.due_ms, callback.attempts, callback.failed, callback.node_id, callback.target)
        )

    async def write(self) -> None:
        """Write new, changed and finished callbacks, a statement each."""
        work = self._work
        if self.created:
            await work.insert_in_slices(INSERT_CALLBACKS, [callback.row() for callback in self.created])
        if self._changed:
            await work.tx.update(UPDATE_CALLBACKS, self._changed)
        if self._done:
            await work.tx.delete(DELETE_CALLBACKS, self._done)

    def _store(self, callback: CallbackRow) -> None:
        """Store a new callback, claimed by this node if its target has room here."""
        target = callback.target
        room = self._room.get(target)
        if room is None:
            room = self._intake.room(callback.account_id, target)
        if room > 0 and callback.message_id not in self._messages_in_table:
            callback.node_id = self._work.context.node_id
            room -= 1
        self._room[target] = room
        self.created.append(callback)
