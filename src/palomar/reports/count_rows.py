"""Rows and statements of the tables ``counts`` (counts of messages) and ``tally`` (how far the counting is).

Counts are never set, only added to, by the differences that a comparison with the messages has found: so minutes,
hours, days and the counts of all accounts always add up. ``tally`` has one row; its version tells whether counts have
changed since a comparison.
"""

from dataclasses import dataclass
from functools import cache

from palomar.reports.buckets import DELAYS_MS, Bucket, CountRetention, Dimension
from palomar.storage.database import Transaction
from palomar.storage.statements import Add, Select, columns_of
from palomar.vocabulary.message import EPOCH_MS, IDS_A_MS

_KEY = (
    *columns_of("bigint", "span_ms start_ms account_id"),
    *columns_of("text", "country carrier dialect state"),
    *columns_of("bigint", "delay"),
)
ADD_COUNTS = Add("counts", _KEY, columns_of("bigint", "messages parts microcredits"))
FORGET_EMPTY = "DELETE FROM counts WHERE messages = 0"

_DELAY = (
    "CASE WHEN m.state <> 'delivered' OR m.final_ms IS NULL THEN 0"
    + "".join(f" WHEN m.final_ms - m.due_ms < {bound} THEN {number}" for number, bound in enumerate(DELAYS_MS, 1))
    + f" ELSE {len(DELAYS_MS) + 1} END"
)
_SUMS = ", ".join(f"CAST(sum({name}) AS BIGINT)" for name in ("messages", "parts", "microcredits"))
# The numbers in GROUP BY are the columns in front.
SELECT_DIFFERENCES = Select(
    "SELECT start_ms, account_id, country, carrier, dialect, state, delay, " + _SUMS + " FROM ("
    " SELECT u.value AS start_ms, m.account_id, m.country, m.carrier, m.dialect, m.state, " + _DELAY + " AS delay,"
    " 1 AS messages, m.parts, m.price_microcredits AS microcredits FROM {ids 2} u CROSS JOIN messages m"
    f" WHERE m.id >= (u.value - {EPOCH_MS}) * {IDS_A_MS} AND m.id < (u.value + {{1}} - {EPOCH_MS}) * {IDS_A_MS}"
    " UNION ALL SELECT start_ms, account_id, country, carrier, dialect, state, delay, -messages, -parts, -microcredits"
    " FROM counts WHERE span_ms = {1} AND start_ms IN {ids 2} AND account_id <> 0"
    ") both_sides GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(messages) <> 0 OR sum(parts) <> 0 OR sum(microcredits) <> 0"
)
"""How the messages of some minutes, hours or days ({2}: when they begin) differ from their counts."""

SELECT_PROGRESS = "SELECT version, reached_ms, minutes_ms, hours_ms FROM tally WHERE id = 1"
UPDATE_PROGRESS = "UPDATE tally SET version = version + 1, reached_ms = ?, minutes_ms = ?, hours_ms = ? WHERE id = 1"
_OPEN = "state IN ('scheduled', 'queued', 'submitting', 'sent', 'held')"
SELECT_OPEN = f"SELECT DISTINCT span_ms, start_ms FROM counts WHERE account_id = 0 AND {_OPEN}"
SELECT_NEXT_MESSAGE = "SELECT id FROM messages WHERE id >= ? ORDER BY id LIMIT 1"
SELECT_NEXT_COUNTED = "SELECT start_ms FROM counts WHERE span_ms = ? AND start_ms > ? ORDER BY start_ms LIMIT 1"

_ROW = "(span_ms, start_ms, account_id, country, carrier, dialect, state, delay)"
_FORGET = (
    f"DELETE FROM counts WHERE {_ROW} IN (SELECT {_ROW[1:-1]} FROM counts WHERE span_ms = {{span}}"
    " AND start_ms < ? AND start_ms < (SELECT {floor} FROM tally WHERE id = 1) ORDER BY start_ms LIMIT ?)"
)
FORGET_MINUTES = _FORGET.format(span=int(Bucket.MINUTE), floor="minutes_ms")
FORGET_HOURS = _FORGET.format(span=int(Bucket.HOUR), floor="hours_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingProgress:
    """How far the counting is: the row of ``tally``. ``reached_ms`` is the time up to which everything was counted."""

    version: int
    reached_ms: int
    retention: CountRetention


async def read_progress(tx: Transaction, *, locked: bool = False) -> CountingProgress:
    """Read how far the counting is; ``locked`` keeps others from counting until this transaction ends."""
    found = await (tx.select_locked(SELECT_PROGRESS) if locked else tx.select(SELECT_PROGRESS))
    version, reached_ms, minutes_ms, hours_ms = found[0]
    return CountingProgress(version=version, reached_ms=reached_ms, retention=CountRetention(minutes_ms, hours_ms))


_SPENT = (
    "SELECT account_id, CAST(sum(microcredits) AS BIGINT) AS spent, min(start_ms) AS first_ms FROM counts"
    f" WHERE span_ms = {int(Bucket.DAY)} AND start_ms >= {{1}} AND start_ms < {{2}} AND account_id <> 0"
    " GROUP BY account_id"
)


def select_low_accounts(*, all_accounts: bool) -> Select:
    """Build the select of accounts with low credit: those whose balance lasts less than {3} milliseconds if they go on
    spending as between {1} and {2}; and those whose owner was told that it is low and whose balance lasts less than
    {4}, or is used up. Columns: account, balance, what it spent, since when, and whether the owner was told. Spending
    of less than a day counts as one day. At most {5} accounts, of all or of these ({6})."""
    condition = "" if all_accounts else " AND b.account_id IN {ids 6}"
    in_ms = f"CASE WHEN {{2}} - s.first_ms < {int(Bucket.DAY)} THEN {int(Bucket.DAY)} ELSE {{2}} - s.first_ms END"
    lasts_ms = "CASE WHEN n.account_id IS NULL THEN CAST({3} AS BIGINT) ELSE CAST({4} AS BIGINT) END"
    return Select(
        "SELECT b.account_id, b.available_microcredits, coalesce(s.spent, 0), coalesce(s.first_ms, {2}),"
        " CASE WHEN n.account_id IS NULL THEN 0 ELSE 1 END FROM balances b"
        f" LEFT JOIN ({_SPENT}) s ON s.account_id = b.account_id LEFT JOIN notices n ON n.account_id = b.account_id"
        " WHERE ((n.account_id IS NOT NULL AND b.available_microcredits <= 0) OR"
        f" (s.spent > 0 AND b.available_microcredits * 1.0 * ({in_ms}) < s.spent * 1.0 * ({lasts_ms})))"
        f"{condition} ORDER BY b.available_microcredits LIMIT {{5}}"
    )


SELECT_LARGEST = Select(
    "SELECT account_id FROM counts WHERE span_ms = {1} AND start_ms >= {2} AND start_ms < {3} AND account_id <> 0"
    " GROUP BY account_id ORDER BY sum(messages) DESC, account_id LIMIT {4}"
)
"""The accounts with the most messages between two times, at most {4}, by the counts of one length of buckets."""


@cache
def select_counts(*, by: tuple[Dimension, ...], in_time: bool, many: bool) -> Select:
    """Build the select of sums of the counts by a bucket ({1}), grouped by time (0 if not ``in_time``), state, delay
    and dimensions. Columns: time, state, delay, the sums, then a key for each dimension. {2} is when the buckets begin
    and {3} the accounts. If those are too ``many`` to look up one by one, {2} and {3} are the period and {4} the
    accounts."""
    time, keys = "start_ms" if in_time else "0", "".join(f", {one.value}" for one in by)
    condition = "start_ms IN {ids 2} AND account_id IN {ids 3}"
    if many:
        condition = (
            "start_ms >= {2} AND start_ms < {3} AND +account_id IN {ids 4}"  # the plus: along the time, not by these
        )
    return Select(
        f"SELECT {time}, state, delay, {_SUMS}{keys} FROM counts WHERE span_ms = {{1}} AND {condition}"
        f" GROUP BY 1, state, delay{keys}"
    )


@cache
def select_spans(*, state: bool, carrier: bool) -> Select:
    """Build the select of the hours or days ({1}) among those that begin at {2} in which accounts ({3}) have
    messages that have not ended or that match, the youngest first, each with the number of all messages of these
    accounts. Further values, in this order: a state, a carrier."""
    values = iter(range(4, 6))
    fits = [f"{column} = {{{next(values)}}}" for column, asked in (("state", state), ("carrier", carrier)) if asked]
    fitting = " AND ".join(fits) or "messages > 0"
    return Select(
        "SELECT start_ms, CAST(sum(messages) AS BIGINT) FROM counts"
        " WHERE span_ms = {1} AND start_ms IN {ids 2} AND account_id IN {ids 3} GROUP BY start_ms"
        f" HAVING max(CASE WHEN {_OPEN} OR ({fitting}) THEN 1 ELSE 0 END) = 1 ORDER BY start_ms DESC"
    )
