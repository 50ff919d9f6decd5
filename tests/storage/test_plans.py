"""The plans of the hot statements: none reads a whole growing table, even if it had few rows when it was planned."""

import re
from dataclasses import dataclass

import pytest

from palomar.access import user_rows
from palomar.billing import ledger_rows
from palomar.callbacks import callback_rows, history, target_rows
from palomar.inbound import inbound_rows
from palomar.receipts import doubt_rows, orphan_rows
from palomar.reports import count_rows
from palomar.sandbox import phone_messages
from palomar.short_links import link_rows
from palomar.storage.database import Database, Transaction
from palomar.storage.statements import Delete, Lookup, Update, numbered
from palomar.transaction import message_rows, timeline_rows

ROWS = 20_000
GROWING = ("messages", "parts", "queue", "events", "callbacks", "orphans", "inbound", "ledger", "balances", "nodes")
GROWING += ("inbound_parts", "virtual_numbers", "links", "clicks", "blocked_numbers")
GROWING += ("counts", "users", "sessions", "login_failures", "doubts", "callback_targets")
GROWING += ("broken_links", "oddities")

HOT: dict[str, Lookup | Update | Delete | str] = {
    "parts by id": message_rows.LOOKUP_PARTS,
    "parts by reference": message_rows.LOOKUP_PART_IDS_BY_REFERENCE,
    "parts of messages": message_rows.LOOKUP_PART_IDS_BY_MESSAGE,
    "parts of one message": message_rows.SELECT_PARTS_OF,
    "what waits": message_rows.LOOKUP_WAITING,
    "who has it": message_rows.LOOKUP_QUEUE,
    "messages by id": message_rows.LOOKUP_MESSAGES,
    "what may be claimed": message_rows.SELECT_CLAIMABLE,
    "what is overdue": message_rows.SELECT_OVERDUE,
    "what is stale": message_rows.SELECT_STALE,
    "texts of messages": message_rows.LOOKUP_WORDS,
    "lanes of messages": message_rows.LOOKUP_QUEUE_LANES,
    "messages that rest": message_rows.UPDATE_QUEUE_DUE,
    "copies in doubt": doubt_rows.LOOKUP_DOUBTS,
    "copies in doubt by phone": doubt_rows.LOOKUP_DOUBTS_BY_PHONE,
    "copies in doubt by the carrier's id": doubt_rows.LOOKUP_DOUBTS_BY_REFERENCE,
    "copies that were in doubt": doubt_rows.UPDATE_DOUBTS,
    "old copies in doubt": doubt_rows.FORGET_DOUBTS,
    "orphans by phone": orphan_rows.LOOKUP_ORPHANS_BY_MSISDN,
    "orphans by sender": orphan_rows.LOOKUP_ORPHANS_BY_SENDER,
    "who has it, locked": message_rows.LOOKUP_QUEUE_LOCKED,
    "rerouted messages": message_rows.REROUTE_QUEUE,
    "moved messages": message_rows.UPDATE_MESSAGES,
    "ended messages": message_rows.UPDATE_MESSAGES_ENDED,
    "moved parts": message_rows.UPDATE_PARTS,
    "taken parts": message_rows.UPDATE_PARTS_WITH_REFERENCE,
    "requeued messages": message_rows.UPDATE_QUEUE,
    "messages that leave the queue": message_rows.DELETE_QUEUE,
    "a timeline": timeline_rows.SELECT_TIMELINE,
    "balances": ledger_rows.LOOKUP_BALANCES,
    "a moved balance": ledger_rows.MOVE_BALANCE,
    "orphans by reference": orphan_rows.LOOKUP_ORPHANS,
    "young orphans": orphan_rows.SELECT_YOUNG_ORPHANS,
    "joined orphans": orphan_rows.DELETE_ORPHANS,
    "callbacks by id": callback_rows.LOOKUP_CALLBACKS,
    "due callbacks of a target": callback_rows.SELECT_DUE_OF_TARGET,
    "accounts that callbacks wait for": callback_rows.SELECT_WAITING_ACCOUNTS,
    "targets that callbacks wait for": callback_rows.SELECT_WAITING_TARGETS,
    "earlier callbacks of messages": callback_rows.LOOKUP_EARLIER,
    "what customers were told": history.LOOKUP_ATTEMPT_DETAILS,
    "targets that fail": target_rows.LOOKUP_TARGETS,
    "targets that have failed for longest": target_rows.SELECT_LONGEST,
    "targets that are off": target_rows.SELECT_OFF,
    "changed callbacks": callback_rows.UPDATE_CALLBACKS,
    "callbacks that succeeded": callback_rows.DELETE_CALLBACKS,
    "open callbacks, newest first": callback_rows.SELECT_OPEN_BEFORE,
    "callbacks that failed, newest first": callback_rows.SELECT_TROUBLED_BEFORE,
    "an open callback": callback_rows.SELECT_ONE_OPEN,
    "attempts of callbacks, newest first": history.SELECT_ATTEMPTS,
    "an attempt of a callback": history.SELECT_ATTEMPT,
    "attempts of some callbacks": history.LOOKUP_ATTEMPTS_OF,
    "parts on a screen": phone_messages.LOOKUP_PARTS,
    "whose messages are": phone_messages.LOOKUP_OWNERS,
    "a short link": link_rows.SELECT_LINK,
    "codes that are taken": link_rows.LOOKUP_CODES,
    "inbound messages that came before": inbound_rows.LOOKUP_BEFORE,
    "inbound messages that were acknowledged": inbound_rows.UPDATE_ACKNOWLEDGED,
    "inbound parts that were acknowledged": inbound_rows.UPDATE_PARTS_ACKNOWLEDGED,
    "inbound messages that are newest no more": inbound_rows.SUPERSEDE,
    "inbound parts that are newest no more": inbound_rows.SUPERSEDE_PART,
    "links that broke": inbound_rows.LOOKUP_BROKEN_LINKS,
    "inbound messages that wait": inbound_rows.LOOKUP_WAITING,
    "inbound messages that waited long": inbound_rows.SELECT_WAITED_LONG,
    "joined inbound messages": inbound_rows.UPDATE_INBOUND,
    "inbound parts that came before": inbound_rows.LOOKUP_PARTS_BEFORE,
    "inbound parts of messages": inbound_rows.LOOKUP_PARTS,
    "old inbound parts": inbound_rows.SELECT_OLD_PARTS,
    "virtual numbers": inbound_rows.LOOKUP_NUMBERS,
    "how far the counting is": count_rows.SELECT_PROGRESS,
    "counts of nothing": count_rows.FORGET_EMPTY,
    "counts by the minute that are old": count_rows.FORGET_MINUTES,
    "ledger entries": ledger_rows.LOOKUP_ENTRIES,
    "a session by its token": user_rows.SELECT_SESSION,
    "a user of a session": user_rows.SELECT_USER,
    "a user's sessions": user_rows.SELECT_SESSIONS_OF_USER,
    "failures to log in": user_rows.SELECT_FAILURES,
}

ORDERED = ("what may be claimed", "what is overdue", "what is stale", "due callbacks of a target", "young orphans")
ORDERED += (
    "open callbacks, newest first",
    "callbacks that failed, newest first",
    "attempts of callbacks, newest first",
    "targets that have failed for longest",
)
"""What takes the first of many: it must find them in order."""

_SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})",
    "postgres": "WITH s(n) AS (SELECT generate_series(1::bigint, {rows}))",
}
_FILL = (
    "INSERT INTO messages (id, account_id, dialect, request_ref, label, sender, msisdn, country, text, alphabet,"
    " reference, parts, parts_left, parts_open, state, presumed, rate_microcredits, price_microcredits, carrier,"
    " status_url, due_ms, expires_ms, final_ms) {series}"
    " SELECT n * 256, n % 50, 'foxsys', 's' || n, '', 'FOXSYS', '5255' || n, 'MX',"
    " 'hello', 'gsm', 0, 1, 0, 0, 'sent', 0, 1, 1, 'c', '', n, n,"
    " CASE WHEN n % 20 = 0 THEN NULL ELSE n END FROM s",
    "INSERT INTO parts (id, state, attempt, carrier, carrier_reference, sent_ms)"
    " {series} SELECT n * 256 + 1, 'sent', 1, 'c', 'r' || n, n FROM s",
    "INSERT INTO queue (message_id, account_id, carrier, due_ms, node_id, rank, stale_ms)"
    " {series} SELECT n * 256, n % 50, 'c', n, CASE WHEN n % 2 = 0 THEN 1 ELSE NULL END, n % 3,"
    " CASE WHEN n % 7 = 0 THEN n ELSE NULL END FROM s",
    "INSERT INTO events (message_id, id, at_ms, kind, detail) {series} SELECT n * 256, n, n, 'accepted', '' FROM s",
    "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed, node_id,"
    " target, step) {series} SELECT n, n * 256, n % 50, 'foxsys', 'GET', 'u', n, 0, n % 2, NULL, n % 40, 1 FROM s",
    "INSERT INTO callback_targets (id, account_id, origin, since_ms, failures, off_ms) {series} SELECT n, n % 50, 'o',"
    " n, 1, CASE WHEN n % 20 = 0 THEN n ELSE NULL END FROM s",
    "INSERT INTO orphans (id, carrier, carrier_reference, state, stat, raw, msisdn, sender, received_ms)"
    " {series} SELECT n, 'c', 'o' || n, 'delivered', 'DELIVRD', '', '5255' || n, 's' || n, n FROM s",
    "INSERT INTO doubts (part_id, attempt, carrier, phone, sender, cause, reference, at_ms)"
    " {series} SELECT n * 256 + 1, 1, 'c', 'p' || n, '', 'unanswered', CASE WHEN n % 2 = 0 THEN 'r' || n ELSE '' END, n"
    " FROM s",
    "INSERT INTO links (code, message_id, account_id, url, created_ms)"
    " {series} SELECT 'c' || n, n * 256, 1, 'u', n FROM s",
    "INSERT INTO inbound (id, carrier, source, destination, text, reference, parts_came, parts, same, received_ms,"
    " account_id, whole) {series} SELECT n, 'c', 's', 'd', '', n, 1, 2, 'w' || n, n, 1, n % 2 FROM s",
    "INSERT INTO inbound_parts (same, inbound_id, number, text, received_ms)"
    " {series} SELECT 'p' || n, n, 1, '', n FROM s",
    "INSERT INTO virtual_numbers (number, account_id, url, created_ms) {series} SELECT 'v' || n, 1, '', n FROM s",
    "INSERT INTO counts (span_ms, start_ms, account_id, country, carrier, dialect, state, delay, messages, parts,"
    " microcredits) {series} SELECT 60000, n / 20 * 60000, n % 20, 'MX', 'c', 'foxsys',"
    " CASE WHEN n % 20 = 0 THEN 'sent' ELSE 'delivered' END, 0, 1, 1, 1 FROM s",
    "INSERT INTO ledger (entry_id, leg, account_id, book, microcredits, reason, items, at_ms)"
    " {series} SELECT n, 0, 1, 'available', 1, 'credit', 1, n FROM s",
    "INSERT INTO users (id, login, login_key, name, password_hash, role, enabled, totp_step, created_ms)"
    " {series} SELECT n, 'u' || n, 'u' || n, '', '', 'owner', 1, 0, n FROM s",
    "INSERT INTO login_failures (subject, failures, last_ms) {series} SELECT 'l' || n, 1, n FROM s",
    "INSERT INTO balances (account_id, available_microcredits, reserved_microcredits) {series} SELECT n, 1, 0 FROM s",
)


@dataclass(frozen=True)
class Filled:
    """A database, and whether its tables have rows that its planner knows of."""

    database: Database
    engine: str


@pytest.fixture(params=["empty", "full"])
async def filled(database: Database, request: pytest.FixtureRequest) -> Filled:
    """Make a new database on which plans were made before the first row came, and one with rows and statistics."""
    return await fill(database, full=request.param == "full")


async def fill(database: Database, *, full: bool) -> Filled:
    """Insert rows and make statistics, or do nothing."""
    engine = "sqlite" if database.lanes == 1 else "postgres"
    if full:
        series = _SERIES[engine].format(rows=ROWS)

        async def script(tx: Transaction) -> None:
            for statement in _FILL:
                await tx.execute(statement.format(series=series))  # type: ignore[arg-type]  # from two literals
            await tx.execute("ANALYZE")

        await database.write(script)
    return Filled(database, engine)


async def test_no_hot_statement_reads_a_whole_table_or_index_and_no_claim_sorts(filled: Filled) -> None:
    for name, statement in HOT.items():
        plan = await plan_of(filled, statement)
        scanned = re.findall(r"Seq Scan on (\w+)|^SCAN (\w+)", plan, re.MULTILINE)
        tables = {table for pair in scanned for table in pair if table in GROWING or len(table) == 1}
        assert not tables, f"{name} reads all of {tables}:\n{plan}"
        lines = plan.splitlines()
        for line, after in zip(lines, [*lines[1:], ""], strict=True):
            assert "Scan using" not in line or "Index Cond" in after, f"{name} reads a whole index:\n{plan}"
        if name in ORDERED:
            assert not re.search(r"Sort|Hash|TEMP B-TREE", plan), f"{name} sorts:\n{plan}"


async def plan_of(filled: Filled, statement: Lookup | Update | Delete | str) -> str:
    """Explain a statement; on PostgreSQL, return the plan that it keeps for all values."""
    if filled.engine == "sqlite":
        sql = statement if isinstance(statement, str) else statement.sqlite
        marks = max([sql.count("?"), *(int(number) for number in re.findall(r"\?(\d+)", sql))])

        async def explain(tx: Transaction) -> str:
            rows = await tx.select(f"EXPLAIN QUERY PLAN {sql}", *[None] * marks)  # type: ignore[arg-type]
            return "\n".join(str(row[3]) for row in rows)

        return await filled.database.write(explain)
    text = numbered(statement) if isinstance(statement, str) else statement.postgres
    marks = max((int(number) for number in re.findall(r"\$(\d+)", text)), default=0)
    arguments = f"({', '.join(['NULL'] * marks)})" if marks else ""

    async def explain_prepared(tx: Transaction) -> str:
        await tx.execute(f"PREPARE probe AS {text}")  # type: ignore[arg-type]
        rows = await tx.select(f"EXPLAIN (COSTS OFF) EXECUTE probe{arguments}")  # type: ignore[arg-type]
        await tx.execute("DEALLOCATE probe")
        return "\n".join(str(row[0]) for row in rows)

    return await filled.database.write(explain_prepared)
