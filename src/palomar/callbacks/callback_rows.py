"""Rows and statements of the table ``callbacks``: those that have not succeeded yet. A success is deleted there and
becomes a moment of its message's timeline."""

from collections.abc import Iterable

from msgspec import Struct, structs

from palomar.callbacks.callback_target import UNKNOWN_TARGET
from palomar.storage.statements import Delete, Insert, Lookup, ResultRow, Row, Select, Update, columns_of
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

_COLUMNS = (
    *columns_of("bigint", "id message_id account_id"),
    *columns_of("text", "dialect method url"),
    *columns_of("bytea", "body"),
    *columns_of("bigint", "due_ms attempts failed node_id target step"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)

INSERT_CALLBACKS = Insert("callbacks", _COLUMNS)
UPDATE_CALLBACKS = Update(
    "callbacks", columns_of("bigint", "id"), columns_of("bigint", "due_ms attempts failed node_id target")
)
DELETE_CALLBACKS = Delete("callbacks", ("id", "bigint"))
LOOKUP_CALLBACKS = Lookup(
    f"SELECT {_NAMES} FROM callbacks WHERE id IN {{keys}} ORDER BY id", "bigint", lock="callbacks"
)
SELECT_CALLBACKS_OF = f"SELECT {_NAMES} FROM callbacks WHERE message_id = ? ORDER BY id"
_WAITS = "node_id IS NULL AND failed = 0"
SELECT_DUE_OF_TARGET = (
    f"SELECT {_NAMES} FROM callbacks WHERE {_WAITS} AND account_id = ? AND target = ? AND due_ms <= ?"
    " ORDER BY due_ms, id LIMIT ?"
)
LOOKUP_EARLIER = Lookup(
    f"SELECT {_NAMES} FROM callbacks WHERE message_id IN {{keys}} AND {_WAITS} AND step > 0 ORDER BY id",
    "bigint",
    lock="callbacks",
)
"""Callbacks about states of these messages that are not claimed."""
# These skip through an index from one account (or target) to the next, and do not read what waits for each.
SELECT_WAITING_ACCOUNTS = (
    "WITH RECURSIVE found(id) AS ("
    f"SELECT (SELECT min(account_id) FROM callbacks WHERE {_WAITS} AND account_id > ?)"
    f" UNION ALL SELECT (SELECT min(c.account_id) FROM callbacks c WHERE c.node_id IS NULL AND c.failed = 0"
    " AND c.account_id > found.id) FROM found WHERE found.id IS NOT NULL"
    ") SELECT id FROM found WHERE id IS NOT NULL LIMIT ?"
)
SELECT_WAITING_TARGETS = (
    "WITH RECURSIVE found(id) AS ("
    f"SELECT (SELECT min(target) FROM callbacks WHERE {_WAITS} AND account_id = ? AND target > ?)"
    f" UNION ALL SELECT (SELECT min(c.target) FROM callbacks c WHERE c.node_id IS NULL AND c.failed = 0"
    " AND c.account_id = ? AND c.target > found.id) FROM found WHERE found.id IS NOT NULL"
    ") SELECT id, (SELECT min(d.due_ms) FROM callbacks d WHERE d.node_id IS NULL AND d.failed = 0"
    " AND d.account_id = ? AND d.target = found.id) FROM found WHERE id IS NOT NULL LIMIT ?"
)
"""Targets of an account that follow one, in order, each with when its first waiting callback is due."""
RELEASE_OF_NODE = "UPDATE callbacks SET node_id = NULL WHERE node_id = ?"
_OPEN = (
    "SELECT " + ", ".join(f"c.{name}" for name, _ in _COLUMNS) + ", m.id FROM callbacks c"
    " LEFT JOIN messages m ON m.id = c.message_id"
)
SELECT_OPEN = f"{_OPEN} WHERE c.id > ?"
"""Conditions, an order and a limit follow."""
SELECT_OPEN_BEFORE = f"{_OPEN} WHERE c.id < ? ORDER BY c.id DESC LIMIT ?"
SELECT_TROUBLED_BEFORE = f"{_OPEN} WHERE c.id < ? AND (c.failed = 1 OR c.attempts > 0) ORDER BY c.id DESC LIMIT ?"
SELECT_ONE_OPEN = f"{_OPEN} WHERE c.id = ?"
_TROUBLED = "SELECT url, failed FROM callbacks WHERE (failed = 1 OR attempts > 0)"
# The host ends at the first of these three signs; what comes before it may have a name and a password in front.
_HOST = {
    "sqlite": "substr(rest, 1, instr(replace(replace(rest, '?', '/'), '#', '/') || '/', '/') - 1)",
    "postgres": "substring(rest from '^[^/?#]*')",
}
_REST = {
    "sqlite": "CASE instr(url, '//') WHEN 0 THEN url ELSE substr(url, instr(url, '//') + 2) END",
    "postgres": "coalesce(substring(url from '//(.*)'), url)",
}
_RESET = "UPDATE callbacks SET failed = 0, attempts = 0, due_ms = ?, node_id = NULL"
REPLAY = f"{_RESET} WHERE failed = 1 AND id = ?"
REPLAY_SOME = f"{_RESET} WHERE id IN (SELECT id FROM callbacks WHERE failed = 1 ORDER BY id LIMIT ?)"
REPLAY_SOME_OF_ACCOUNT = (
    f"{_RESET} WHERE id IN (SELECT id FROM callbacks WHERE failed = 1 AND account_id = ? ORDER BY id LIMIT ?)"
)
REPLAY_SOME_TO_TARGET = (
    f"{_RESET} WHERE id IN (SELECT id FROM callbacks WHERE failed = 1 AND target = ? ORDER BY id LIMIT ?)"
)


class CallbackRow(Struct, kw_only=True):
    """One callback to make; every attempt sends the same bytes."""

    id: int
    message_id: MessageId
    account_id: AccountId
    dialect: str
    method: str
    url: str
    body: bytes | None
    due_ms: int
    attempts: int = 0
    failed: int = 0
    node_id: int | None = None
    target: int = UNKNOWN_TARGET
    step: int = 0
    """Which state of a message it tells: 1 that the carrier took it, 2 its end; 0 for callbacks about anything else."""

    def row(self) -> Row:
        """Return the values in the order of INSERT_CALLBACKS, which is that of the fields."""
        return structs.astuple(self)


def read_callbacks(rows: Iterable[ResultRow]) -> list[CallbackRow]:
    """Read rows of SELECT_DUE_OF_TARGET or LOOKUP_CALLBACKS."""
    names = [name for name, _ in _COLUMNS]
    return [CallbackRow(**dict(zip(names, row, strict=True))) for row in rows]


def select_failing_hosts(*, all_accounts: bool) -> Select:
    """Build the select of hosts with failures: host, callbacks given up, callbacks tried again. It reads at most {1}
    callbacks, of all accounts or of these accounts ({2})."""
    condition = "" if all_accounts else " AND account_id IN {ids 2}"
    texts = [
        f"SELECT {_HOST[engine]} AS host, CAST(sum(failed) AS BIGINT), CAST(count(*) - sum(failed) AS BIGINT)"
        f" FROM (SELECT {_REST[engine]} AS rest, failed FROM ({_TROUBLED}{condition} LIMIT {{1}}) troubled) urls"
        " GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1"
        for engine in ("sqlite", "postgres")
    ]
    return Select(*texts)
