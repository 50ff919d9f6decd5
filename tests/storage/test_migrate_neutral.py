"""The migration to neutral names of columns: requests, addresses and settings are read as they were before."""

import json

from tests.support.databases import Place, migrate_with_old_data

from palomar.accounts.snapshot import load_snapshot
from palomar.dialects import ACCOUNT_SETTINGS
from palomar.reports import messages
from palomar.short_links import clicks
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

BEFORE = 21
SETTINGS = {
    "ackurl": "http://own.example/ack",
    "clickurl": "http://own.example/click",
    "inboundurl": "http://own.example/in",
    "noticeurl": "http://own.example/notice",
    "nofilter": True,
    "subid_idempotent": True,
    "business_error_status": 400,
    "sofmex_requests_per_second": 7,
    "convergia_requests_per_second": 8,
    "labs402t_requests_per_second": 9,
    "inbound_dialect": "foxsys",
    "senders": ["Tienda"],
}
DIALECTS = ("foxsys", "convergia", "sofmex", "labs402t")
_COLUMNS = (
    "id, account_id, dialect, subid, label, sender, msisdn, country, text, alphabet, reference, parts, parts_left,"
    " parts_open, state, presumed, rate_microcredits, price_microcredits, carrier, ackurl, clickurl, due_ms, expires_ms"
)


async def store(tx: Transaction) -> None:
    """Write an account with settings of every dialect, and a message of each with a short link."""
    await tx.execute(
        "INSERT INTO accounts (id, login, login_key, name, enabled, may_send, password_hash, settings, created_ms)"
        " VALUES (1, 'acme', 'acme', '', 1, 1, '', ?, 0)",
        json.dumps(SETTINGS),
    )
    for number, dialect in enumerate(DIALECTS, 1):
        marks = ", ".join("?" * 23)
        words = (dialect, f"ref-{number}", "", "Acme", "34600000001", "ES", "hello", "gsm")
        counts = (1, 1, 1, 1, "sent", 0, 1, 1)
        urls = ("c", f"http://x.example/{number}", f"http://x.example/click/{number}")
        await tx.execute(
            f"INSERT INTO messages ({_COLUMNS}) VALUES ({marks})", number * 256, 1, *words, *counts, *urls, 7, 9
        )
        await tx.execute(
            "INSERT INTO links (code, message_id, account_id, url, created_ms) VALUES (?, ?, 1, 'http://y.example', 0)",
            f"code{number}aa",
            number * 256,
        )


async def test_values_stored_under_the_old_names_are_found_under_the_new_ones(empty_place: Place) -> None:
    database = await empty_place.open()
    try:
        await migrate_with_old_data(database, empty_place.engine, number=BEFORE, store=store)
        account = AccountId(1)
        for number, dialect in enumerate(DIALECTS, 1):
            (row,) = await database.read(
                lambda tx, ref=f"ref-{number}": messages.messages_of_request(tx, account, ref)  # type: ignore[misc]
            )
            assert (row.id, row.dialect, row.request_ref) == (MessageId(number * 256), dialect, f"ref-{number}")
            assert row.status_url == f"http://x.example/{number}"
            assert row.click_url == f"http://x.example/click/{number}"
            link = await database.read(
                lambda tx, code=f"code{number}aa": clicks.find_link(tx, code)  # type: ignore[misc]
            )
            assert link is not None
            assert link.message is not None
            assert link.message.click_url == row.click_url
        snapshot = await database.read(load_snapshot)
        named = ACCOUNT_SETTINGS.values(snapshot.by_id[account].settings)
        assert {name: named[name] for name in SETTINGS} == SETTINGS | {"senders": ("Tienda",)}
    finally:
        await database.close()
