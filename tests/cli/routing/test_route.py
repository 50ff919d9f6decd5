"""``palomar route``, ``lane`` and ``sender``, as operators use them."""

from typing import Any

import pytest
from tests.support.server import Palomar

SMPP = """
[carriers.{name}]
kind = "smpp"
host = "127.0.0.1"
port = 9
system_id = "x"
password = "y"
"""


@pytest.fixture
def two(acme: Palomar) -> Palomar:
    """Return a data directory with carriers main and backup, neither of which can be reached."""
    acme.configure(SMPP.format(name="main") + SMPP.format(name="backup"))
    return acme


def verdicts(palomar: Palomar, number: str, *options: str) -> list[tuple[str, str]]:
    explained = palomar.json("route", "explain", number, "--account", "acme", *options)
    return [(candidate["carrier"], candidate["why"]) for candidate in explained["candidates"]]


def test_a_route_is_added_explained_switched_and_removed(two: Palomar) -> None:
    added = two.json(
        "route", "add", "main", "--name", "spain", "--country", "es", "--cost", "0.025", "--hours", "08:00-20:00"
    )
    assert (added["id"], added["country"], added["cost"], added["hours"]) == (1, "ES", "0.025", "08:00-20:00")
    two.command("route", "add", "backup", "--priority", "20", "--account", "acme", "--label", "otp*")
    assert [(route["id"], route["carrier"]) for route in two.json("route", "list")] == [(1, "main"), (2, "backup")]
    assert "country=ES hours=08:00-20:00" in two.command("route", "list").stdout

    noon = ("--label", "otp-1", "--at", "2026-01-05 12:00:00")
    assert verdicts(two, "+34600000000", *noon) == [("main", ""), ("backup", "its priority is behind 10")]
    assert verdicts(two, "34600000000", "--label", "otp-1", "--at", "2026-01-05 21:00:00") == [
        ("main", "it is open 08:00-20:00"),
        ("backup", ""),
    ]
    assert verdicts(two, "525512345678", *noon)[0] == ("main", "the number is not of ES")

    two.command("route", "off", "1")
    assert verdicts(two, "34600000000", *noon)[0] == ("main", "the route is switched off")
    two.command("route", "on", "1")
    two.command("route", "remove", "2")
    shown = two.command("route", "explain", "525512345678", "--account", "acme").stdout
    assert "No route takes it" in shown


def test_without_routes_every_carrier_is_a_candidate(two: Palomar) -> None:
    explained = verdicts(two, "34600000000")
    assert sorted(carrier for carrier, _ in explained) == ["backup", "main"]
    assert sorted(why for _, why in explained) == ["", "it was another's turn: its share is 1 in 2"]


def test_a_sender_rule_is_part_of_the_explanation(two: Palomar) -> None:
    two.command("sender", "add", "refuse", "--carrier", "main", "--form", "name")
    two.command("sender", "add", "replace", "34911", "--carrier", "backup", "--country", "ES")
    rules = [(rule["carrier"], rule["action"], rule["replacement"]) for rule in two.json("sender", "list")]
    assert sorted(rules) == [("backup", "replace", "34911"), ("main", "refuse", "")]
    explained = two.json("route", "explain", "34600000000", "--account", "acme", "--sender", "ACME")
    assert (explained["carrier"], explained["sender"]) == ("backup", "34911")
    shown = two.command("route", "explain", "34600000000", "--account", "acme", "--sender", "ACME").stdout
    assert "The carrier would be told the sender 34911" in shown
    two.command("sender", "remove", "1")
    assert "34911" in two.command("sender", "list").stdout
    assert "no sender rule 9" in two.command("sender", "remove", "9", code=1).stderr


def test_a_lane_is_added_listed_and_removed(acme: Palomar) -> None:
    made: dict[str, Any] = acme.json(
        "lane", "add", "codes", "--label", "otp*", "--pattern", r"\d{4}", "--useless-after", "60", "--flash"
    )
    assert (made["rank"], made["pattern"], made["useless_after_seconds"], made["flash"]) == (
        "urgent",
        r"\d{4}",
        60,
        True,
    )
    acme.command("lane", "add", "news", "--rank", "bulk", "--account", "acme")
    assert [(lane["name"], lane["rank"], lane["account"]) for lane in acme.json("lane", "list")] == [
        ("codes", "urgent", ""),
        ("news", "bulk", "acme"),
    ]
    assert "a lane 'codes' already" in acme.command("lane", "add", "codes", code=1).stderr
    acme.command("lane", "remove", "codes")
    assert "no lane 'codes'" in acme.command("lane", "remove", "codes", code=1).stderr


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("route", "add", "main", "--prefix", "+34"), "first digits"),
        (("route", "add", "main", "--country", "XX"), "ISO 3166"),
        (("route", "add", "main", "--cost", "free"), "amount of credits"),
        (("route", "add", "main", "--hours", "always"), "mon-fri"),
        (("route", "explain", "hello", "--account", "acme"), "is no number"),
        (("route", "explain", "34600000000", "--account", "acme", "--at", "noon"), "YYYY-MM-DD"),
        (("lane", "add", "x", "--pattern", "("), "no regular expression"),
        (("sender", "add", "replace"), "what to send instead"),
        (("sender", "add", "refuse", "34911"), "what to send instead"),
        (("sender", "add", "replace", "not a sender"), "is no sender"),
        (("sender", "add", "pass", "--country", "XX"), "ISO 3166"),
    ],
)
def test_bad_options_of_routes_lanes_and_sender_rules_are_refused(
    acme: Palomar, command: tuple[str, ...], expected: str
) -> None:
    assert expected in acme.command(*command, code=2).stderr


def test_an_unknown_route_lane_or_rule_is_an_error(acme: Palomar) -> None:
    for verb in ("on", "off", "remove"):
        assert "no route 7" in acme.command("route", verb, "7", code=1).stderr
    assert "no carrier 'elsewhere' is configured" in acme.command("route", "add", "elsewhere").stderr
