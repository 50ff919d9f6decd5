import sqlite3
import uuid

import pytest
from tests.support.server import Palomar

CONTRACT = {"id", "subid", "msisdn", "text", "parts", "state", "price", "carrier"}
"""What scripts may rest on in ``message list --json``; it has more."""


def send(palomar: Palomar, *more: str, text: str = "hi", to: str = "34600000000") -> str:
    (sent,) = palomar.json("message", "send", "--account", "acme", "--to", to, "--text", text, *more)
    return str(sent["id"])


def test_a_message_sent_without_a_server_is_queued_and_its_price_reserved(acme: Palomar) -> None:
    identity = send(acme, "--label", "first")

    (listed,) = acme.json("message", "list")

    assert set(listed) >= CONTRACT
    assert listed["id"] == identity
    assert uuid.UUID(identity).version == 7
    assert (listed["msisdn"], listed["text"], listed["parts"], listed["price"]) == ("34600000000", "hi", 1, 1)
    assert (listed["state"], listed["carrier"], listed["label"], listed["account"]) == ("queued", "", "first", "acme")
    (account,) = acme.json("account", "list")
    assert (account["credits"], account["reserved"]) == (99, 1)
    acme.audit()


def test_a_long_text_costs_as_much_as_its_parts(acme: Palomar) -> None:
    identity = send(acme, text="x" * 161)
    shown = acme.json("message", "show", identity)
    assert (shown["parts"], shown["price"]) == (2, 2)
    assert [part["number"] for part in shown["parts_detail"]] == [1, 2]


def test_control_characters_of_strangers_texts_are_escaped_on_the_terminal(acme: Palomar) -> None:
    identity = send(acme, "--label", "a\x1b]0;b", text="one\ntwo \u202ethree ñ 👩\u200d🚀")
    with acme.database() as database:
        database.execute("UPDATE messages SET status_url = 'http://x.example/\x9b2J'")
    listed = acme.command("message", "list").stdout
    shown = acme.command("message", "show", identity).stdout
    assert len(listed.splitlines()) == 2
    assert "one two \\u202ethree ñ 👩\u200d🚀" in listed
    assert "one\\ntwo \\u202ethree ñ 👩\u200d🚀" in shown
    assert "a\\x1b]0;b" in shown
    assert "http://x.example/\\x9b2J" in shown
    assert acme.json("message", "show", identity)["label"] == "a\x1b]0;b", "programs get it as it is"


def test_several_numbers_are_several_messages_of_one_request(acme: Palomar) -> None:
    sent = acme.json(
        "message", "send", "--account", "acme", "--to", "34600000001", "--to", "+34 600 000 002", "--text", "hi"
    )
    assert [entry["msisdn"] for entry in sent] == ["34600000001", "34600000002"]
    assert len({entry["subid"] for entry in sent}) == 1


def test_the_list_is_newest_first_and_narrowed_by_each_filter(acme: Palomar) -> None:
    first = send(acme, "--label", "one", to="34600000001")
    second = send(acme, "--label", "two", to="34600000002")
    subid = acme.json("message", "show", second)["subid"]

    def listed(*filters: str) -> list[str]:
        return [entry["id"] for entry in acme.json("message", "list", *filters)]

    assert listed() == [second, first]
    assert listed("--limit", "1") == [second]
    assert listed("--label", "one") == listed("--label", "ONE") == [first]
    assert listed("--msisdn", "000002") == [second], "as the console finds it"
    for written in ("+34600000002", "34600000002", "00 34 600-000-002", "\u200e34\u00a0600000002"):
        assert listed("--msisdn", written) == [second]
    assert listed("--subid", subid) == [second]
    assert listed("--state", "queued") == [second, first]
    assert listed("--state", "delivered") == []
    assert listed("--account", "acme") == [second, first]
    assert listed("--carrier", "elsewhere") == []


def test_all_pages_are_listed_up_to_the_limit(acme: Palomar) -> None:
    send(acme)
    with acme.database() as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(messages)") if row[1] != "id"]
        others = ", ".join(columns)
        database.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)"
            f" INSERT INTO messages (id, {others}) SELECT id + n * 256, {others} FROM messages, numbers"
        )
    everything = [entry["id"] for entry in acme.json("message", "list")]
    assert len(everything) == 1_201
    assert everything == sorted(set(everything), reverse=True)
    assert [entry["id"] for entry in acme.json("message", "list", "--limit", "700")] == everything[:700]
    assert [entry["id"] for entry in acme.json("message", "list", "--label", "none")] == []


def test_people_see_a_table_and_a_timeline(acme: Palomar) -> None:
    identity = send(acme)
    assert identity in acme.command("message", "list").stdout
    shown = acme.command("message", "show", identity).stdout
    assert "accepted" in shown
    assert "queued" in shown


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--to", "12", "--text", "hi"), "'12' is no international number"),
        (("--to", "34600000000", "--text", ""), "the text is empty"),
        (("--to", "34600000000", "--text", "x" * 50_000), "the text is too long"),
        (("--to", "34600000000", "--text", "hi", "--sender", "far too long a sender"), "is no sender"),
    ],
    ids=["number", "empty", "long", "sender"],
)
def test_a_message_that_cannot_be_sent_is_refused_with_the_reason(
    acme: Palomar, options: tuple[str, ...], expected: str
) -> None:
    refused = acme.command("message", "send", "--account", "acme", *options, code=2)
    assert expected in refused.stderr
    assert acme.json("message", "list") == []


def test_a_message_without_credit_is_refused_and_costs_nothing(palomar: Palomar) -> None:
    palomar.command("account", "add", "poor", "--credits", "0.5")
    refused = palomar.command("message", "send", "--account", "poor", "--to", "34600000000", "--text", "hi", code=1)
    assert refused.stderr == "palomar: refused: no_credit\n"
    assert palomar.json("account", "list")[0]["credits"] == 0.5


def test_a_malformed_id_and_an_unknown_id_have_different_errors(acme: Palomar) -> None:
    assert "is no message's id" in acme.command("message", "show", "nonsense", code=2).stderr
    unknown = send(Palomar(acme.directory / "other", PALOMAR_DATA_DIR=str(acme.data_dir)))
    assert acme.json("message", "show", unknown)["id"] == unknown
    missing = "019a0000-0000-7000-8000-000000000000"
    assert acme.command("message", "show", missing, code=2).stderr.startswith("palomar: '019a")


def test_held_messages_are_sent_once_more(acme: Palomar) -> None:
    first, second = send(acme), send(acme)
    database = sqlite3.connect(acme.data_dir / "palomar.db")
    with database:
        database.execute("UPDATE parts SET state = 'held', attempt = 1, carrier = 'gone'")
        database.execute("UPDATE messages SET state = 'held', parts_left = 0, carrier = 'gone'")
        database.execute("DELETE FROM queue")
        database.execute("INSERT INTO doubts SELECT id, 1, 'gone', '00000000', '', 'unanswered', '', 1 FROM parts")
    database.close()
    assert acme.json("message", "resend", first) == {"resent": 1}
    assert acme.json("message", "resend", first) == {"resent": 0}
    assert acme.json("message", "resend", "--account", "acme") == {"resent": 1}
    assert {entry["state"] for entry in acme.json("message", "list")} == {"queued"}
    kinds = [moment["kind"] for moment in acme.json("message", "show", second)["timeline"]]
    assert kinds == ["accepted", "released"]
    acme.command("message", "resend", code=2)
    acme.command("message", "resend", "no-id", code=2)
    acme.command("message", "resend", first, "--account", "acme", code=2)
    acme.audit()
