"""Rows of timelines: one row of the table ``events`` for each moment of a message."""

from collections.abc import Iterable

import msgspec

from palomar.storage.statements import Insert, ResultRow, columns_of
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.timeline import Detail, Moment, MomentKind

INSERT_MOMENTS = Insert("events", (*columns_of("bigint", "message_id id at_ms"), *columns_of("text", "kind detail")))
"""``id`` is a serial, by which the moments of a message are ordered."""
SELECT_TIMELINE = "SELECT message_id, at_ms, kind, detail FROM events WHERE message_id = ? ORDER BY id"

encode_detail = msgspec.json.Encoder().encode
"""Encode a moment's detail for its column: JSON as UTF-8."""
_decode = msgspec.json.Decoder(dict[str, str | int | bool | None]).decode


def moments(rows: Iterable[ResultRow]) -> list[Moment]:
    """Make moments from rows of SELECT_TIMELINE."""
    return [
        Moment(
            message_id=MessageId(message),
            at_ms=at_ms,
            kind=MomentKind(str(kind)),
            detail=detail_of(detail),
        )
        for message, at_ms, kind, detail in rows
    ]


def detail_of(text: object) -> Detail:
    """Decode a moment's detail from its column."""
    return _decode(str(text))
