"""``palomar migrate``."""

from tests.support.server import Palomar


def test_migrating_twice_changes_nothing(palomar: Palomar) -> None:
    first = palomar.json("migrate")
    assert first[0] == "0001_first.sql"
    assert palomar.json("migrate") == first
