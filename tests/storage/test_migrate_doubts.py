"""The migration of doubts gives every held part a row of its own, so that its receipt still finds it."""

from tests.support.databases import Place, migrate_with_old_data

from palomar.storage.database import Transaction

BEFORE = 12


async def test_a_held_part_gets_a_row_of_its_own(empty_place: Place) -> None:
    database = await empty_place.open()
    try:

        async def store(tx: Transaction) -> None:
            await tx.execute(
                "INSERT INTO messages (id, account_id, dialect, subid, label, sender, msisdn, country, text, alphabet,"
                " reference, parts, parts_left, parts_open, state, presumed, rate_microcredits, price_microcredits,"
                " carrier, ackurl, due_ms, expires_ms) VALUES (256, 1, 'foxsys', 's', '', 'FOXSYS', '34600000001',"
                " 'ES', 'hello', 'gsm', 0, 2, 0, 2, 'held', 0, 1, 2, 'c', '', 7, 9)"
            )
            await tx.execute(
                "INSERT INTO parts (id, state, attempt, carrier) VALUES (257, 'held', 3, 'c'), (258, 'sent', 1, 'c')"
            )

        await migrate_with_old_data(database, empty_place.engine, number=BEFORE, store=store)
        columns = "part_id, attempt, carrier, phone, cause, reference, at_ms"
        found = await database.read(lambda tx: tx.select(f"SELECT {columns} FROM doubts"))
        assert [tuple(row) for row in found] == [(257, 3, "c", "00000001", "unanswered", "", 7)]
    finally:
        await database.close()
