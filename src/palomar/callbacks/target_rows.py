"""Rows and statements of the table ``callback_targets``: targets whose last attempt failed. A success deletes the row;
most targets never have one."""

from msgspec import Struct

from palomar.storage.statements import Delete, Insert, Lookup, ResultRow, Row, Update, columns_of
from palomar.vocabulary.account import AccountId

_COLUMNS = (
    *columns_of("bigint", "id account_id"),
    *columns_of("text", "origin"),
    *columns_of("bigint", "since_ms failures off_ms"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)

INSERT_TARGETS = Insert("callback_targets", _COLUMNS, ignore_conflicts=True)
UPDATE_TARGETS = Update("callback_targets", columns_of("bigint", "id"), columns_of("bigint", "failures off_ms"))
DELETE_TARGETS = Delete("callback_targets", ("id", "bigint"))
LOOKUP_TARGETS = Lookup(
    f"SELECT {_NAMES} FROM callback_targets WHERE id IN {{keys}} ORDER BY id", "bigint", lock="callback_targets"
)
SELECT_LONGEST = f"SELECT {_NAMES} FROM callback_targets WHERE since_ms > 0 ORDER BY since_ms, id LIMIT ?"
"""Targets that have failed for longest. Those that are off are among the first."""
FORGET_TARGETS = (
    "DELETE FROM callback_targets WHERE id IN (SELECT id FROM callback_targets t WHERE since_ms < ?"
    " AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.account_id = t.account_id AND c.target = t.id"
    " AND c.node_id IS NULL AND c.failed = 0)"
    " AND NOT EXISTS (SELECT 1 FROM callbacks c WHERE c.target = t.id AND c.failed = 1) ORDER BY since_ms, id LIMIT ?)"
)
"""Forget targets that no callback waits for or is kept for."""
SELECT_OFF = f"SELECT {_NAMES} FROM callback_targets WHERE off_ms IS NOT NULL AND id > ? ORDER BY id LIMIT ?"
SELECT_OFF_OF_ACCOUNT = (
    f"SELECT {_NAMES} FROM callback_targets WHERE off_ms IS NOT NULL AND account_id = ? ORDER BY id LIMIT ?"
)
SELECT_LOGINS = "SELECT id, login FROM accounts WHERE id IN (SELECT account_id FROM callback_targets)"
RESUME = "DELETE FROM callback_targets WHERE id = ? AND off_ms IS NOT NULL"
RESUME_OF_CALLBACK = (
    "DELETE FROM callback_targets WHERE off_ms IS NOT NULL"
    " AND id = (SELECT target FROM callbacks WHERE failed = 1 AND id = ?)"
)
RESUME_ALL = "DELETE FROM callback_targets WHERE off_ms IS NOT NULL"
RESUME_ALL_OF_ACCOUNT = "DELETE FROM callback_targets WHERE off_ms IS NOT NULL AND account_id = ?"
COUNT_KEPT = "SELECT count(*) FROM (SELECT id FROM callbacks WHERE failed = 1 AND target = ? LIMIT ?) kept"


class TargetRow(Struct, kw_only=True):
    """A target that fails: since when (the first failure after its last success), and how often since then."""

    id: int
    account_id: AccountId
    origin: str
    since_ms: int
    failures: int
    off_ms: int | None = None
    """Since when nothing is tried any more; None while it is."""

    def row(self) -> Row:
        """Return the values in the order of INSERT_TARGETS."""
        return (self.id, self.account_id, self.origin, self.since_ms, self.failures, self.off_ms)


def target_row(row: ResultRow) -> TargetRow:
    """Read a row of a statement above."""
    identity, account_id, origin, since_ms, failures, off_ms = row
    return TargetRow(
        id=identity,
        account_id=AccountId(account_id),
        origin=str(origin),
        since_ms=since_ms,
        failures=failures,
        off_ms=off_ms,
    )
