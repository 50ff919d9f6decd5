"""``palomar template``."""

from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar
from tests.support.waiting import eventually


def test_templates_are_stored_listed_and_removed(acme: Palomar) -> None:
    result = acme.command("template", "set", "acme", "shop", "Acme S.L.")
    assert "templates=on" in result.stderr, "it has no effect yet"
    acme.command("account", "set", "acme", "templates=on")
    assert acme.command("template", "set", "acme", "bye", "Until soon").stderr == ""
    acme.command("template", "set", "acme", "shop", "Acme")
    assert acme.json("template", "list", "acme") == {"bye": "Until soon", "shop": "Acme"}
    assert "Until soon" in acme.command("template", "list", "acme").stdout
    acme.command("template", "remove", "acme", "bye")
    acme.command("template", "remove", "acme", "bye", code=1)
    assert acme.json("template", "list", "acme") == {"shop": "Acme"}


def test_a_bad_template_name_or_text_is_refused(acme: Palomar) -> None:
    acme.command("template", "set", "acme", "a b", "text", code=2)
    acme.command("template", "set", "acme", "a", "", code=2)
    acme.command("template", "set", "acme", "a", "x" * 2001, code=2)
    acme.command("template", "set", "nobody", "a", "x", code=1)
    assert acme.json("template", "list", "acme") == {}


def test_a_running_server_replaces_within_a_second(palomar: Palomar) -> None:
    with palomar.serve() as server:
        palomar.command("template", "set", "demo", "shop", "Acme")
        palomar.command("account", "set", "demo", "templates=on", "requests_per_second=0")
        with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:

            def replaced() -> bool:
                program.send("{shop}: hi", "34600000000", test=1)
                return bool(palomar.json("message", "list")[0]["text"] == "Acme: hi")

            eventually(replaced, within_seconds=5, what="the template is in force")
