"""What a newcomer sees: ``./run`` with no configuration, the lines it prints, and what they do."""

import json
import re
import socket
import stat
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.support.pasted import run_line
from tests.support.processes import ROOT
from tests.support.server import Palomar, Server
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Palomar:
    """Started from a terminal, where secrets are shown."""
    return Palomar(tmp_path_factory.mktemp("shared") / "house", terminal=True)


def test_the_printed_curl_line_sends_a_message_whose_timeline_goes_to_the_callback(
    shared: Palomar, lasting: Server
) -> None:
    answer = json.loads(run_line(printed(lasting, "curl "), shared))

    assert (answer["code"], answer["message"]) == ("0", "Message has been successfully sent.")
    (sent,) = shared.json("message", "list", "--subid", answer["subid"])
    shown = eventually(lambda: with_callbacks(shared, sent["id"], 2), within_seconds=10, what="both callbacks")
    kinds = [moment["kind"] for moment in shown["timeline"]]
    assert [kind for kind in kinds if kind != "callback"] == ["accepted", "submitted", "receipt", "ended"]
    assert shown["state"] == "delivered"
    urls = [moment["detail"]["url"] for moment in shown["timeline"] if moment["kind"] == "callback"]
    assert "acklevel=operator" in urls[0]
    assert "acklevel=handset" in urls[1]
    assert shown["callbacks_open"] == []


def test_the_printed_command_line_sends_a_message(shared: Palomar, lasting: Server) -> None:
    said = run_line(printed(lasting, "./run message send"), shared)

    identity = re.search(r"Queued (\S+) to 34600000000", said)
    assert identity is not None, said
    eventually(lambda: state(shared, identity[1]) == "delivered", within_seconds=10, what="the message is delivered")


def test_the_printed_log_in_opens_the_console(shared: Palomar, lasting: Server) -> None:
    found = re.search(r"Open the console at (\S+) and log in as (\S+), password (\S+)\.", lasting.stderr)
    assert found is not None, lasting.stderr
    url, login, password = found.groups()
    assert url == f"{lasting.url}/console/"
    assert shared.demo["console"] == {"login": login, "password": password}
    form = urllib.parse.urlencode({"login": login, "password": password}).encode()
    request = urllib.request.Request(f"{url}login", form, {"Origin": lasting.url})
    cookies = urllib.request.HTTPCookieProcessor()
    with urllib.request.build_opener(cookies).open(request, timeout=20) as answer:
        assert (answer.status, answer.url) == (200, f"{url}sandbox")
        page = answer.read().decode()
    assert f"demo:{shared.demo['api_key']}" in page
    (listed,) = [entry for entry in shared.json("session", "list") if entry["login"] == login]
    shared.command("session", "revoke", str(listed["id"]))
    with urllib.request.build_opener(cookies).open(url, timeout=20) as answer:
        assert answer.url == f"{url}login"


def test_a_bare_address_leads_to_the_console(lasting: Server) -> None:
    with urllib.request.urlopen(f"{lasting.url}/", timeout=20) as answer:
        assert answer.url == f"{lasting.url}/console/login"


def test_secrets_are_printed_once_and_kept_for_their_owner_alone(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path / "house", terminal=True)
    with palomar.serve() as first:
        demo = palomar.demo
        assert first.stderr.count(f"API key {demo['api_key']}") == 1
        assert first.stderr.count(demo["password"]) == 1
        assert first.stderr.count(demo["console"]["password"]) == 1
        assert stat.S_IMODE((palomar.data_dir / "demo.json").stat().st_mode) == 0o600
        assert first.stop() == 0
        assert first.stdout == ""
    with palomar.serve() as second:
        assert demo["api_key"] not in second.stderr
        assert demo["password"] not in second.stderr
        assert demo["console"]["password"] not in second.stderr
        assert f"key are in {palomar.data_dir / 'demo.json'}" in second.stderr
        assert second.stop() == 0
    assert palomar.demo == demo


def test_secrets_never_stand_in_a_log(palomar: Palomar) -> None:
    with palomar.serve() as server:
        demo = palomar.demo
        said = server.stderr + server.stdout
        assert [
            secret for secret in (demo["password"], demo["api_key"], demo["console"]["password"]) if secret in said
        ] == []
        assert f"are in {palomar.data_dir / 'demo.json'}" in said
        assert server.stop() == 0


def test_a_port_that_is_taken_leaves_nothing_to_be_found_out(palomar: Palomar, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        palomar.environment["PALOMAR_HTTP_PORT"] = str(taken.getsockname()[1])
        with palomar.serve(ready=False) as server:
            assert server.wait() == 1
    assert not (palomar.data_dir / "demo.json").exists()
    assert palomar.json("account", "list") == []
    palomar.environment["PALOMAR_HTTP_PORT"] = "0"
    with palomar.serve() as server:
        assert f"are in {palomar.data_dir / 'demo.json'}" in server.stderr
        assert palomar.demo["login"] == "demo"
        assert server.stop() == 0


def test_a_first_start_that_was_interrupted_is_finished_by_the_next(palomar: Palomar) -> None:
    with palomar.serve() as server:
        demo = palomar.demo
        assert server.stop() == 0
    with palomar.database() as database:
        database.execute("DELETE FROM users")
        database.execute("DELETE FROM installation WHERE name = 'trial_begun'")
    with palomar.serve() as server:
        assert [user["login"] for user in palomar.json("user", "list")] == ["admin"]
        assert palomar.demo == demo
        assert server.stop() == 0


def test_what_is_made_is_for_its_owner_alone(palomar: Palomar) -> None:
    palomar.data_dir.mkdir(mode=0o755)
    with palomar.serve() as server:
        assert server.stop() == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in palomar.data_dir.iterdir()}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert "palomar.db" in modes


def test_the_banner_says_what_is_simulated_and_where_callbacks_may_go(lasting: Server) -> None:
    assert "nothing leaves this machine" in lasting.stderr
    assert "127.0.0.0/8" in lasting.stderr


def test_a_message_sent_while_the_server_stops_is_delivered_after_the_next_start(palomar: Palomar) -> None:
    with palomar.serve() as first:
        assert first.stop() == 0
    (sent,) = palomar.json("message", "send", "--account", "demo", "--to", "34600000001", "--text", "later")
    assert state(palomar, sent["id"]) == "queued"
    with palomar.serve() as second:
        eventually(lambda: state(palomar, sent["id"]) == "delivered", within_seconds=10, what="delivered")
        assert second.stop() == 0


def test_a_second_server_on_the_same_data_directory_refuses_and_names_the_first(
    shared: Palomar, lasting: Server
) -> None:
    with shared.serve(ready=False) as second:
        assert second.wait() == 1
        assert f"another server (pid {lasting.pid}) uses the data directory {shared.data_dir}" in second.stderr
        assert "Traceback" not in second.stderr
    assert lasting.running


def test_a_port_in_use_is_said_in_a_line(shared: Palomar, lasting: Server, tmp_path: Path) -> None:
    port = lasting.url.rpartition(":")[2]
    with Palomar(tmp_path / "other", PALOMAR_HTTP_PORT=port).serve(ready=False) as second:
        assert second.wait() == 1
        assert f"cannot listen on 127.0.0.1 port {port}: the port is in use" in second.stderr
        assert "Traceback" not in second.stderr


def printed(server: Server, start: str) -> str:
    """The line of the banner that begins so."""
    (line,) = [line.strip() for line in server.stderr.splitlines() if line.strip().startswith(start)]
    return line


def state(palomar: Palomar, identity: str) -> str:
    return str(palomar.json("message", "show", identity)["state"])


def with_callbacks(palomar: Palomar, identity: str, count: int) -> dict[str, Any] | None:
    """The message once it has so many callbacks behind it."""
    shown: dict[str, Any] = palomar.json("message", "show", identity)
    made = [moment for moment in shown["timeline"] if moment["kind"] == "callback"]
    return shown if len(made) >= count else None


@pytest.mark.parametrize(("page", "key"), [("README.md", "YOUR_API_KEY"), ("README.es.md", "SU_API_KEY")])
def test_the_printed_curl_line_is_the_one_in_the_readme(shared: Palomar, lasting: Server, page: str, key: str) -> None:
    (line,) = re.findall(r"^curl .*$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    wanted = line.replace(key, shared.demo["api_key"]).replace("http://127.0.0.1:8080", lasting.url)
    assert printed(lasting, "curl ").strip() == wanted
