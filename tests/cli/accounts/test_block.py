"""``palomar block``: seen, in force after a restart, and lifted within a second."""

from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar
from tests.support.waiting import eventually


def test_a_block_is_listed_survives_a_restart_and_is_lifted(palomar: Palomar) -> None:
    with palomar.serve() as server:
        palomar.command("account", "set", "demo", "requests_per_second=1")

        def blocked() -> bool:
            return program.balance().status == 403

        with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
            eventually(lambda: any(blocked() for _ in range(80)), within_seconds=10, what="the account is blocked")
        assert server.stop() == 0
    (view,) = palomar.json("block", "list")
    assert (view["who"], view["level"], view["reason"]) == ("demo", 1, "requests over the limit")
    assert "demo" in palomar.command("block", "list").stdout
    with palomar.serve() as server, FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
        assert program.balance().status == 403
        palomar.command("block", "lift", "demo")
        eventually(lambda: program.balance().status == 200, within_seconds=5, what="it is lifted")
    palomar.command("block", "lift", "demo", code=1)
    palomar.command("block", "lift", "192.0.2.1", code=1)
    assert palomar.json("block", "list", "--all") == []


def test_a_proxy_that_nobody_trusts_is_named_by_the_doctor(palomar: Palomar) -> None:
    with palomar.serve() as server:
        with FoxsysClient(server.url, "demo", palomar.demo["api_key"], X_Forwarded_For="198.51.100.7") as program:
            assert program.balance().status == 200

        def warned() -> bool:
            found = palomar.json("doctor")
            return any(
                one["verdict"] == "warning" and "127.0.0.1 sends X-Forwarded-For" in one["text"] for one in found
            )

        eventually(warned, within_seconds=10, what="the doctor warns")


def test_a_network_is_lifted_as_it_is_listed(palomar: Palomar) -> None:
    palomar.configure('http.trusted_proxies = ["127.0.0.1"]\n')
    with palomar.serve() as server:
        with FoxsysClient(server.url, "demo", "wrong", X_Forwarded_For="2001:db8:1:2::7") as guesser:
            eventually(
                lambda: any(guesser.balance().status == 403 for _ in range(80)), within_seconds=10, what="it is blocked"
            )
        eventually(lambda: bool(palomar.json("block", "list")), within_seconds=5, what="it is written")
        assert [one["who"] for one in palomar.json("block", "list")] == ["2001:db8:1:2::/64"]
        palomar.command("block", "lift", "2001:db8:1:2::/64")
        assert palomar.json("block", "list") == []
