"""``palomar chaos`` and ``palomar clock``, without a server: what they keep, show and refuse."""

from pathlib import Path

import pytest
from tests.support.server import Palomar

from palomar.carriers.simulator.chaos.script import ITEMS, PRESETS

REAL = '[carriers.real]\nkind = "smpp"\nhost = "localhost"\nport = 1\nsystem_id = "x"\npassword = "y"\n'
TWO = '[carriers.one]\nkind = "simulator"\nchaos = "hex-ids"\n[carriers.two]\nkind = "simulator"\n'


def scripts(palomar: Palomar) -> dict[str, tuple[str, str]]:
    return {found["carrier"]: (found["script"], found["set_by"]) for found in palomar.json("chaos", "show")}


def test_a_script_is_set_shown_and_cleared(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=TWO)
    palomar.command("migrate")
    by_configuration = {
        "one": ("ids=hex-decimal", "the configuration"),
        "two": ("calm", "the configuration"),
    }
    assert scripts(palomar) == by_configuration

    palomar.command("chaos", "set", "one", "everything , lose-answers=50%")
    palomar.command("chaos", "set", "two", "window=7")
    assert scripts(palomar)["one"][0].startswith("lose-answers=50%,")
    assert scripts(palomar)["two"] == ("window=7", "chaos set")
    assert "window=7" in palomar.command("chaos", "show").stdout

    palomar.command("chaos", "clear", "one")
    palomar.command("chaos", "clear", "two")
    assert scripts(palomar) == by_configuration
    assert "no script was set" in palomar.command("chaos", "clear", "two", code=1).stderr


def test_a_bad_script_and_an_unknown_carrier_are_refused(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=TWO + REAL)
    refused = palomar.command("chaos", "set", "one", "lose-anwsers=3%", code=2).stderr
    assert refused == "palomar: there is no 'lose-anwsers' (is 'lose-answers' meant?) (palomar chaos items)\n"
    assert "'real' is no simulator (one, two)" in palomar.command("chaos", "set", "real", "calm", code=1).stderr


def test_every_item_and_preset_is_listed(palomar: Palomar) -> None:
    listed = palomar.command("chaos", "items").stdout
    assert [item.name for item in ITEMS if f"{item.name}={item.shape}" not in listed] == []
    assert [name for name in PRESETS if f"\n{name} " not in listed] == []


def test_a_bad_script_in_the_configuration_is_a_fault_with_its_path(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml='[carriers.one]\nkind = "simulator"\nchaos = "lose=3%"\n')
    assert "carriers.one.chaos: there is no 'lose'" in palomar.command("config", code=2).stderr


def test_the_clock_jumps_ahead_and_stays_there(palomar: Palomar) -> None:
    palomar.command("migrate")
    assert palomar.json("clock", "show")["ahead_seconds"] == 0
    assert "which is the real time" in palomar.command("clock", "show").stdout
    assert palomar.json("clock", "jump", "2h30m")["ahead_seconds"] == 9_000
    assert "1d2h30m ahead" in palomar.command("clock", "jump", "1d").stdout
    assert palomar.json("clock", "show")["ahead_seconds"] == 95_400


def test_rows_written_in_the_sandbox_are_dated_by_its_clock(acme: Palomar) -> None:
    (before,) = acme.json("message", "send", "--account", "acme", "--to", "34600000001", "--text", "today")
    acme.command("clock", "jump", "40d")
    (after,) = acme.json("message", "send", "--account", "acme", "--to", "34600000001", "--text", "in forty days")
    born = [int(sent["id"].replace("-", "")[:12], 16) for sent in (before, after)]
    assert 0 <= born[1] - born[0] - 40 * 86_400_000 < 600_000


@pytest.mark.parametrize("span", ["", "1", "-1d", "0d", "1w", "d", "1h2d", "1.5h", "1d 2h"])
def test_a_bad_span_is_refused(palomar: Palomar, span: str) -> None:
    refused = palomar.command("clock", "jump", "--", span, code=2).stderr
    assert "a span such as 1d, 2h30m or 90s is expected" in refused


def test_the_clock_jumps_ten_years_at_most(palomar: Palomar) -> None:
    palomar.command("clock", "jump", "3650d")
    assert "no further than 3650 days" in palomar.command("clock", "jump", "1s", code=1).stderr
    assert palomar.json("clock", "show")["ahead_seconds"] == 3_650 * 86_400


def test_beside_a_real_carrier_the_clock_stays_real(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path)
    palomar.command("clock", "jump", "1d")
    real = Palomar(tmp_path, toml=REAL + TWO)
    refused = real.command("clock", "jump", "1d", code=1).stderr
    assert "only while every carrier is a simulator; real is none" in refused
    assert real.json("clock", "show")["ahead_seconds"] == 0
