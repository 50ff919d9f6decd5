"""The main job with PostgreSQL as the database."""

from pathlib import Path

import pytest
from tests.support.databases import Place
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar
from tests.support.sink import Sink
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey


def test_a_message_goes_from_the_request_to_the_callback(tmp_path: Path, empty_postgres: Place, sink: Sink) -> None:
    palomar = Palomar(tmp_path, PALOMAR_DATABASE_URL=empty_postgres.where)
    with palomar.serve() as server:
        with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
            assert program.send("Hola", "34600000000", subid="journey", ackurl=sink.url).code == "0"
            assert program.balance().body == {"code": 0, "credits": "999.00"}
        eventually(lambda: len(sink.paths) >= 2, within_seconds=10, what="both callbacks")
        assert [callback["acklevel"] for callback in sink.callbacks()] == ["operator", "handset"]
        (message,) = palomar.json("message", "list", "--subid", "journey")
        assert message["state"] == "delivered"
        assert server.stop() == 0
    palomar.audit()
    assert not list(palomar.data_dir.glob("*.db")), "nothing is kept in SQLite"


def test_a_message_stored_beside_the_server_is_sent_within_a_second_or_two(
    tmp_path: Path, empty_postgres: Place
) -> None:
    palomar = Palomar(tmp_path, PALOMAR_DATABASE_URL=empty_postgres.where)
    with palomar.serve() as server:
        palomar.command("message", "send", "--account", "demo", "--to", "34600000000", "--text", "hi")
        eventually(
            lambda: palomar.json("message", "list")[0]["state"] == "delivered", within_seconds=5, what="delivered"
        )
        assert server.stop() == 0


def test_the_password_of_the_database_is_shown_nowhere(tmp_path: Path, empty_postgres: Place) -> None:
    url = empty_postgres.where.replace("://palomar@", "://palomar:sesame@")
    palomar = Palomar(tmp_path, PALOMAR_DATABASE_URL=url)
    with palomar.serve() as server:
        assert server.stop() == 0
        said = server.stderr + palomar.command("config").stdout + palomar.command("doctor").stdout
    assert "sesame" not in said
