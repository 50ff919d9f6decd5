"""Credit that comes by itself, and the notice that it runs low, on the real application."""

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar
from tests.support.sink import Sink
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey


def test_a_sub_account_is_topped_up_from_its_parent_as_it_sends(palomar: Palomar) -> None:
    palomar.command("account", "add", "parent", "--credits", "25")
    settings = ("requests_per_second=0", "topup_below=2", "topup_amount=10", "topup_month_max=15")
    options = [word for setting in settings for word in ("--set", setting)]
    made = palomar.json("account", "add", "child", "--parent", "parent", "--credits", "3", *options)
    with palomar.serve() as server:
        with FoxsysClient(server.url, "child", made["api_key"]) as program:
            assert program.send("Hi", "34600000000").code == "0"
            assert program.balance().body["credits"] == "2.00", "two are not fewer than two"
            assert program.send("Hi", "34600000001").code == "0"
            eventually(lambda: program.balance().body["credits"] == "11.00", within_seconds=5, what="10 more")
            assert program.send("Hi", *(f"346000001{number:02}" for number in range(10))).code == "0"
            eventually(lambda: program.balance().body["credits"] == "6.00", within_seconds=5, what="the month's rest")
        left = {view["login"]: float(view["credits"]) for view in palomar.json("account", "list")}
        assert left["parent"] == 25 - 3 - 15
        assert server.stop() == 0
    palomar.audit()


def test_a_low_balance_is_told_to_the_accounts_url(palomar: Palomar, sink: Sink) -> None:
    options = [word for setting in ("low_balance=3", f"noticeurl={sink.url}") for word in ("--set", setting)]
    made = palomar.json("account", "add", "acme", "--credits", "4", *options)
    with palomar.serve() as server, FoxsysClient(server.url, "acme", made["api_key"]) as program:
        assert program.send("Hi", "34600000000", "34600000001").code == "0"
        eventually(lambda: sink.posts, within_seconds=5, what="the notice")
        assert program.send("Hi", "34600000002").code == "0"
        palomar.command("account", "credit", "acme", "10")
        assert program.send("Hi", *(f"346000001{number:02}" for number in range(9))).code == "0"
        eventually(lambda: len(sink.posts) == 2, within_seconds=5, what="another notice after another fall")
        notices = [post.json for post in sink.posts]
    assert [(notice["event"], notice["login"], notice["credits"]) for notice in notices] == [
        ("low_balance", "acme", "2.00"),
        ("low_balance", "acme", "2.00"),
    ]
