"""``POST /sms/v3/status``: the states of messages, by their ids, by their batch, or by both."""

from http import HTTPStatus
from zoneinfo import ZoneInfo

from palomar.dialects.sofmex import responses
from palomar.dialects.sofmex.documents import read_query
from palomar.dialects.sofmex.responses import Answer
from palomar.dialects.sofmex.states import UNSENT, status_words_of
from palomar.dialects.sofmex.wire import MessageStatus, Query
from palomar.gateway import Gateway
from palomar.text.alphabets import has_unusable_characters
from palomar.text.times import format_in_zone
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId, State, message_id_of, public_id

IDS_AT_MOST = 10_000
"""Ids of a query: a hundred whole batches."""
_SLICE = 500
"""Ids that are read at once."""


class Queries:
    """The handler of status. ``zone`` is that of the times in the answers."""

    def __init__(self, gateway: Gateway, zone: ZoneInfo) -> None:
        self._gateway = gateway
        self._zone = zone

    async def answer(self, account: Account, body: bytes) -> Answer | HTTPStatus:
        """Answer a query. Ids that are unknown, of another account or of another batch are left out; too many ids are a
        body too large. Raises NoJson."""
        query = read_query(body)
        id_batch = (query.id_batch or "").strip().lower()
        if len(query.registros or ()) > IDS_AT_MOST:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if any(record.id_message.strip() for record in query.registros or ()):
            found = await self._by_ids(account.id, query, id_batch)
        elif id_batch and not has_unusable_characters(id_batch):
            rows = await self._gateway.messages_of_request(account.id, id_batch)
            found = [self._status(row.id, row.state, row.sent_ms or row.final_ms or row.due_ms) for row in rows]
        else:
            found = []
        return responses.statuses(found)

    async def _by_ids(self, account_id: AccountId, query: Query, id_batch: str) -> list[MessageStatus]:
        """Find the messages in the order of the query, and as often as it names them."""
        asked = [message_id_of(record.id_message.strip()) for record in query.registros or ()]
        ids = [identity for identity in asked if identity is not None]
        found = []
        for start in range(0, len(ids), _SLICE):
            some = ids[start : start + _SLICE]
            rows = await self._gateway.messages(account_id, list(dict.fromkeys(some)))
            found += [
                self._status(row.id, row.state, row.sent_ms or row.final_ms or row.due_ms)
                for identity in some
                if (row := rows.get(identity)) is not None and id_batch in ("", row.request_ref)
            ]
        return found

    def _status(self, identity: MessageId, state: State, at_ms: int) -> MessageStatus:
        """Write the status of a message; ``at_ms`` is when the carrier took it, else when it ended, else when it is
        due."""
        status, motivo = status_words_of(state)
        sent = "" if status == UNSENT else format_in_zone(at_ms, self._zone)
        return MessageStatus(id_message=public_id(identity), status=status, motivo=motivo, hora_envio=sent)
