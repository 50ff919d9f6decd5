"""``palomar number`` and ``palomar blacklist``, as scripts use them."""

from tests.support.server import Palomar


def test_a_number_is_added_listed_and_removed(acme: Palomar) -> None:
    made = acme.json("number", "add", "+34 900 100 200", "--account", "acme", "--url", "https://x.es/in")
    assert made == {"number": "34900100200", "account": "acme", "url": "https://x.es/in"}
    (listed,) = acme.json("number", "list")
    assert (listed["number"], listed["account"], listed["url"]) == ("34900100200", "acme", "https://x.es/in")
    assert (listed["stop_words"], listed["start_words"]) == (None, None)
    assert "34900100200" in acme.command("number", "list").stdout
    assert acme.json("number", "remove", "0034900100200")["removed"] is True
    assert acme.json("number", "list") == []


def test_a_number_can_have_its_own_stop_words_or_none(acme: Palomar) -> None:
    acme.command("number", "add", "25000", "--account", "acme", "--stop-words", "FUERA, ADIOS", "--start-words", "")
    (listed,) = acme.json("number", "list")
    assert (listed["stop_words"], listed["start_words"]) == (["FUERA", "ADIOS"], [])


def test_a_number_belongs_to_one_account(acme: Palomar) -> None:
    acme.command("account", "add", "other")
    acme.command("number", "add", "25000", "--account", "acme")
    assert "is an account's already" in acme.command("number", "add", "25000", "--account", "other", code=1).stderr
    assert "is no account's" in acme.command("number", "remove", "25001", code=1).stderr


def test_bad_options_of_numbers_are_refused(acme: Palomar) -> None:
    assert "no number" in acme.command("number", "add", "+", "--account", "acme", code=2).stderr
    assert "http" in acme.command("number", "add", "1", "--account", "acme", "--url", "x.es", code=2).stderr
    assert "no account" in acme.command("number", "add", "1", "--account", "nobody", code=1).stderr
    assert "foxsys" in acme.command("account", "set", "acme", "inbound_dialect=foxsis", code=2).stderr
    assert acme.json("number", "list") == []


def test_without_inbound_messages_no_number_is_unclaimed(acme: Palomar) -> None:
    assert acme.json("number", "unclaimed") == []


def test_a_black_list_is_an_accounts_or_everybodys(acme: Palomar) -> None:
    assert acme.json("blacklist", "add", "+34600000001", "34600000002", "--account", "acme") == {"added": 2}
    assert acme.json("blacklist", "add", "34600000002", "34600000003") == {"added": 2}
    assert acme.json("blacklist", "add", "34600000003") == {"added": 0}
    of_acme = acme.json("blacklist", "list", "--account", "acme")
    assert [(entry["msisdn"], entry["word"]) for entry in of_acme] == [("34600000001", ""), ("34600000002", "")]
    assert [entry["msisdn"] for entry in acme.json("blacklist", "list")] == ["34600000002", "34600000003"]
    acme.command("message", "send", "--account", "acme", "--to", "34600000003", "--text", "hi")
    acme.command("message", "send", "--account", "acme", "--to", "34600000004", "--text", "hi")
    sent = {entry["msisdn"]: entry["state"] for entry in acme.json("message", "list")}
    assert sent == {"34600000003": "blocked", "34600000004": "queued"}
    assert acme.json("blacklist", "remove", "34600000003", "34600000009") == {"removed": 1}
    assert "34600000003" not in acme.command("blacklist", "list").stdout
    assert "no international number" in acme.command("blacklist", "add", "hello", code=2).stderr
