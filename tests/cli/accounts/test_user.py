"""``palomar user`` and ``palomar session`` beside no server."""

import asyncio
from pathlib import Path

import pytest
from tests.support.server import Palomar

from palomar.access import sessions
from palomar.access.sessions import NewSession
from palomar.storage.database import Transaction
from palomar.storage.sqlite import open_sqlite
from palomar.vocabulary.account import AccountId


def with_sessions(path: Path, *owners: tuple[int | None, int | None]) -> None:
    """Sessions of users or accounts, as the console opens them."""

    async def fill() -> None:
        async def script(tx: Transaction) -> None:
            for number, (user_id, account_id) in enumerate(owners, 1):
                opening = NewSession(
                    id=number,
                    token=f"t{number}",
                    user_id=user_id,
                    account_id=None if account_id is None else AccountId(account_id),
                    stamp=b"",
                    address="192.0.2.1",
                    agent="A browser",
                )
                await sessions.open_session(tx, opening, now_ms=4_000_000_000_000)

        database = open_sqlite(path)
        await database.write(script)
        await database.close()

    asyncio.run(fill())


def user_id(palomar: Palomar, login: str) -> int:
    async def find() -> int:
        async def script(tx: Transaction) -> int:
            return int((await tx.select("SELECT id FROM users WHERE login = ?", login))[0][0])

        database = open_sqlite(palomar.data_dir / "palomar.db")
        try:
            return await database.read(script)
        finally:
            await database.close()

    return asyncio.run(find())


def test_a_user_is_made_with_a_password_that_is_shown_once(acme: Palomar) -> None:
    made = acme.json("user", "add", "marta@example.com", "--name", "Marta", "--role", "support", "--account", "acme")
    assert made["login"] == "marta@example.com"
    assert len(made["password"]) >= 20
    (listed,) = acme.json("user", "list")
    assert {
        "role": "support",
        "account": "acme",
        "enabled": True,
        "codes": False,
        "name": "Marta",
    }.items() <= listed.items()
    assert made["password"] not in acme.command("user", "list").stdout
    assert "shown this once: " in acme.command("user", "add", "juan").stdout


def test_a_login_belongs_to_one_user_or_account(acme: Palomar) -> None:
    acme.command("user", "add", "marta")
    for taken in ("MARTA", "acme"):
        assert "already a user or an account" in acme.command("user", "add", taken, code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("add", "no good"), "no spaces"),
        (("add", "x", "--password", "short"), "at least 8 characters"),
        (("add", "x", "--role", "king"), "king"),
        (("reset", "nobody"), "no user 'nobody'"),
        (("disable", "nobody"), "no user 'nobody'"),
        (("add", "x", "--account", "nobody"), "no account 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_explained(palomar: Palomar, arguments: tuple[str, ...], complaint: str) -> None:
    palomar.command("migrate")
    done = palomar.command(
        "user", *arguments, code=2 if complaint in ("no spaces", "at least 8 characters", "king") else 1
    )
    assert complaint in done.stderr


def test_a_reset_and_a_disabled_user_end_their_sessions(palomar: Palomar) -> None:
    first = palomar.json("user", "add", "marta")
    identity = user_id(palomar, "marta")
    with_sessions(palomar.data_dir / "palomar.db", (identity, None))
    assert [entry["login"] for entry in palomar.json("session", "list")] == ["marta"]
    second = palomar.json("user", "reset", "marta")
    assert second["password"] != first["password"]
    assert palomar.json("session", "list") == []
    with_sessions(palomar.data_dir / "palomar.db", (identity, None))
    assert "cannot log in" in palomar.command("user", "disable", "marta").stdout
    assert palomar.json("session", "list") == []
    assert [entry["enabled"] for entry in palomar.json("user", "list")] == [False]
    palomar.command("user", "disable", "marta", "--undo")
    assert [entry["enabled"] for entry in palomar.json("user", "list")] == [True]


def test_sessions_are_listed_with_their_logins_and_revoked(acme: Palomar) -> None:
    acme.command("user", "add", "marta")
    with_sessions(acme.data_dir / "palomar.db", (user_id(acme, "marta"), None), (None, 1))
    listed = acme.json("session", "list")
    assert [(entry["id"], entry["login"]) for entry in listed] == [(2, "acme"), (1, "marta")]
    assert "192.0.2.1" in acme.command("session", "list").stdout
    acme.command("session", "revoke", "2")
    assert [entry["id"] for entry in acme.json("session", "list")] == [1]
    assert "no session 2" in acme.command("session", "revoke", "2", code=1).stderr
