"""``palomar carrier`` and ``keyword`` without a server; ``tests/journeys/test_carriers.py`` has them beside one."""

from tests.support.server import Palomar


def test_without_a_server_the_state_of_a_carrier_is_unknown(acme: Palomar) -> None:
    assert acme.json("carrier", "list") == []
    assert "no server runs" in acme.command("carrier", "list").stdout
    assert acme.json("carrier", "lessons") == acme.json("carrier", "orphans") == []
    assert "In all: none" in acme.command("carrier", "orphans").stdout
    assert "nothing was learned" in acme.command("carrier", "unlearn", "simulator", code=1).stderr


def test_a_keyword_is_added_listed_and_removed(acme: Palomar) -> None:
    made = acme.json("keyword", "add", "7711", "Pizzá!", "--account", "acme", "--url", "https://x.es/in")
    assert (made["number"], made["word"]) == ("7711", "pizza")
    assert (
        "is an account's already" in acme.command("keyword", "add", "7711", "PIZZA", "--account", "acme", code=1).stderr
    )
    (listed,) = acme.json("keyword", "list")
    assert (listed["word"], listed["account"], listed["url"]) == ("pizza", "acme", "https://x.es/in")
    assert "pizza" in acme.command("keyword", "list").stdout
    acme.command("keyword", "remove", "7711", "pizza")
    assert "is no account's" in acme.command("keyword", "remove", "7711", "pizza", code=1).stderr
    assert "one word" in acme.command("keyword", "add", "7711", "two words", "--account", "acme", code=2).stderr
    assert "http" in acme.command("keyword", "add", "7711", "x", "--account", "acme", "--url", "x", code=2).stderr
