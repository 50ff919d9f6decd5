"""From the sandbox to a real carrier on the same data: the trial's account, senders, callbacks to this machine."""

import tempfile
from pathlib import Path

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.live_smsc import LiveSmsc
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

NUMBER = "34600000000"
NEVER = "34600099922"
"""The simulator throttles it for ever: it waits."""
NAMELESS = '\n[carriers.outside]\nkind = "smpp"\nhost = "127.0.0.1"\nport = 1\nsystem_id = "x"\npassword = "y"\n'


def test_the_trials_account_sends_nothing_by_a_real_carrier_until_somebody_says_so(palomar: Palomar) -> None:
    with palomar.serve() as sandbox, FoxsysClient(sandbox.url, "demo", palomar.demo["api_key"]) as program:
        assert program.send("Hola", NEVER).code == "0"
        assert program.send("Later", NUMBER, scheduled="2027-01-01 00:00:00").code == "0"
        before = palomar.json("account", "show", "demo")
        assert sandbox.stop() == 0
    with LiveSmsc() as smsc:
        palomar.configure(carrier_toml(smsc.port))
        assert any("the next start switches demo off" in line["text"] for line in palomar.json("doctor"))
        with palomar.serve() as real, FoxsysClient(real.url, "demo", palomar.demo["api_key"]) as program:
            assert "account demo was switched off" in real.stderr
            assert program.send("Hola", NUMBER).status == 403
            assert "enabled=off" in palomar.command(*SEND, code=1).stderr
            assert {entry["state"] for entry in palomar.json("message", "list")} == {"cancelled"}
            after = palomar.json("account", "show", "demo")
            assert after["credits"] == before["credits"] + before["reserved"]
            assert smsc.submitted == 0
            palomar.command("account", "set", "demo", "enabled=on")
            eventually(lambda: program.send("Hola", NUMBER).code == "0", within_seconds=5, what="demo may send")
            assert real.stop() == 0
        with palomar.serve() as again, FoxsysClient(again.url, "demo", palomar.demo["api_key"]) as program:
            assert "switched off" not in again.stderr
            assert program.send("Hola", NUMBER).code == "0"
            assert again.stop() == 0
        palomar.audit()


@pytest.mark.parametrize("evidence", ["file", "name"])
def test_an_older_installation_is_told_of_its_trial_and_loses_it_too(palomar: Palomar, evidence: str) -> None:
    """It has no note of how it began: the file of its secrets tells, and where that was removed the account's name."""
    with palomar.serve() as sandbox:
        assert sandbox.stop() == 0
    with palomar.database() as database:
        database.execute("DELETE FROM installation")
    key = palomar.demo["api_key"]
    if evidence == "name":
        (palomar.data_dir / "demo.json").unlink()
    palomar.configure(carrier_toml(1))
    assert any("the next start switches demo off" in line["text"] for line in palomar.json("doctor"))
    with palomar.serve() as real, FoxsysClient(real.url, "demo", key) as program:
        assert "account demo was switched off" in real.stderr
        assert f"Open the console at {real.url}/console/" in real.stderr
        assert ("./run user reset admin" in real.stderr) is (evidence == "file")
        assert program.send("Hola", NUMBER).status == 403
        assert real.stop() == 0
    assert not any("the next start switches demo off" in line["text"] for line in palomar.json("doctor"))


def test_an_older_installation_is_not_told_of_a_first_account_and_gets_nothing_back(palomar: Palomar) -> None:
    with palomar.serve() as sandbox:
        assert sandbox.stop() == 0
    palomar.command("number", "remove", "34900000000")
    with palomar.database() as database:
        database.execute("DELETE FROM installation")
    with palomar.serve() as sandbox:
        assert "A first account was made" not in sandbox.stderr
        assert sandbox.stop() == 0
    assert palomar.json("number", "list") == []
    (palomar.data_dir / "demo.json").unlink()
    palomar.configure(carrier_toml(1))
    with palomar.serve() as real:
        assert "account demo was switched off" in real.stderr


def test_what_the_doctor_says_to_type_is_a_command(palomar: Palomar) -> None:
    with palomar.serve() as sandbox:
        assert sandbox.stop() == 0
    palomar.configure(carrier_toml(1))
    (told,) = [line["text"] for line in palomar.json("doctor") if "password of the first start" in line["text"]]
    palomar.command(*told.partition("./run ")[2].split())
    assert not any("password of the first start" in line["text"] for line in palomar.json("doctor"))


def test_a_password_that_everybody_may_read_is_named_by_its_file(palomar: Palomar) -> None:
    """In a folder of its own: those of the tests are closed to others, and what lies in them is too."""
    palomar.account("acme")
    with tempfile.TemporaryDirectory(prefix="palomar-open-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        secret, settings = folder / "secret", folder / "palomar.toml"
        secret.write_text("hidden12")
        text = carrier_toml(1, password="in clear")
        palomar.environment["PALOMAR_CONFIG"] = str(settings)
        for password, file in (("password", settings), ("password_file", secret)):
            value = "in clear" if password == "password" else "secret"
            settings.write_text(text.replace('password = "in clear"', f'{password} = "{value}"'))
            for mode, told in ((0o644, [file]), (0o640, [])):
                file.chmod(mode)
                said = [line["text"] for line in palomar.json("doctor") if "may read the password" in line["text"]]
                assert said == [
                    f"files: everybody on this machine may read the password in {one}: chmod o= {one}" for one in told
                ]
        folder.chmod(0o700)
        secret.chmod(0o644)
        assert not any("may read the password" in line["text"] for line in palomar.json("doctor"))


def test_a_proxy_that_nobody_configured_is_a_way_in_from_outside(palomar: Palomar) -> None:
    with palomar.serve() as sandbox:
        with FoxsysClient(sandbox.url, "demo", palomar.demo["api_key"], X_Forwarded_For="198.51.100.7") as program:
            assert program.balance().status == 200

        def warned() -> bool:
            told = [line["text"] for line in palomar.json("doctor")]
            return any("make this server call itself; set http.public_url" in text for text in told)

        eventually(warned, within_seconds=10, what="the doctor warns")


SEND = ("message", "send", "--account", "demo", "--to", NUMBER, "--text", "Hola")


def test_a_trials_account_that_has_long_sent_for_real_goes_on(palomar: Palomar) -> None:
    with palomar.serve() as sandbox:
        assert sandbox.stop() == 0
    with LiveSmsc() as smsc:
        palomar.configure(carrier_toml(smsc.port))
        with palomar.serve() as real, FoxsysClient(real.url, "demo", palomar.demo["api_key"]) as program:
            palomar.command("account", "set", "demo", "enabled=on")
            eventually(lambda: program.send("Hola", NUMBER).code == "0", within_seconds=5, what="demo may send")
            eventually(lambda: smsc.submitted, within_seconds=10, what="it has left")
            assert real.stop() == 0
        with palomar.database() as database:  # as it was before an installation remembered the end of its trial
            database.execute("DELETE FROM installation")
        assert not any("switches demo off" in line["text"] for line in palomar.json("doctor"))
        with palomar.serve() as upgraded, FoxsysClient(upgraded.url, "demo", palomar.demo["api_key"]) as program:
            assert "switched off" not in upgraded.stderr
            assert program.send("Hola", NUMBER).code == "0"
            assert upgraded.stop() == 0


def test_an_end_of_the_trial_that_was_interrupted_is_finished_by_the_next_start(palomar: Palomar) -> None:
    with palomar.serve() as sandbox, FoxsysClient(sandbox.url, "demo", palomar.demo["api_key"]) as program:
        assert program.send("Later", NUMBER, scheduled="2027-01-01 00:00:00").code == "0"
        assert sandbox.stop() == 0
    palomar.command("account", "set", "demo", "enabled=off")  # the first step of it
    palomar.configure(carrier_toml(1))
    with palomar.serve() as real:
        assert [entry["state"] for entry in palomar.json("message", "list")] == ["cancelled"]
        assert real.stop() == 0


def test_an_account_that_somebody_else_named_demo_is_not_the_trials(palomar: Palomar) -> None:
    palomar.configure(carrier_toml(1))
    key = palomar.account("demo")
    with palomar.serve() as real, FoxsysClient(real.url, "demo", key) as program:
        assert program.send("Hola", NUMBER).code == "0"


@pytest.mark.parametrize(
    ("toml", "settings", "request_names", "sender"),
    [
        (
            NAMELESS + 'sender = "Carrier"\n[sending]\ndefault_sender = "House"\n',
            ["default_sender=Own"],
            "Asked",
            "Asked",
        ),
        (NAMELESS + 'sender = "Carrier"\n[sending]\ndefault_sender = "House"\n', ["default_sender=Own"], None, "Own"),
        (NAMELESS + 'sender = "Carrier"\n[sending]\ndefault_sender = "House"\n', [], None, "Carrier"),
        (NAMELESS + '[sending]\ndefault_sender = "House"\n', [], None, "House"),
        (NAMELESS, [], None, None),
        ("", [], None, "FOXSYS"),
    ],
    ids=["request", "account", "carrier", "installation", "nobody", "sandbox"],
)
def test_whose_message_it_is(
    palomar: Palomar, toml: str, settings: list[str], request_names: str | None, sender: str | None
) -> None:
    palomar.configure(toml)
    key = palomar.account("acme")
    if settings:
        palomar.command("account", "set", "acme", *settings)
    with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
        answer = program.send("Hola", NUMBER, **({"tpoa": request_names} if request_names else {}))
        if sender is None:
            assert (answer.code, answer.status) == ("30", 200)
            assert "no sender" in answer.body["message"]
            assert program.send("Hola", NUMBER, tpoa="Asked").code == "0"
            program.send("Hola", NUMBER)
            assert server.stderr.count("no_sender") == 1
            assert any("nobody gave a sender to acme" in line["text"] for line in palomar.json("doctor"))
            return
        assert answer.code == "0"
        (sent,) = palomar.json("message", "list")
        assert palomar.json("message", "show", sent["id"])["sender"] == sender


def test_an_installation_that_was_there_before_is_warned_and_goes_on(palomar: Palomar) -> None:
    key = palomar.account("acme")
    with palomar.database() as database:
        database.execute("INSERT INTO installation VALUES ('borrows_vendor_senders', 0)")
    palomar.configure(NAMELESS)
    with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
        assert program.send("Hola", NUMBER).code == "0"
        assert "accounts_without_sender" in server.stderr
        assert any("nobody gave a sender to acme" in line["text"] for line in palomar.json("doctor"))
        assert server.stop() == 0
    palomar.configure(NAMELESS + "[sending]\nrequire_sender = true\n")
    with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
        assert program.send("Hola", NUMBER).code == "30"


@pytest.mark.parametrize(
    ("toml", "allowed"),
    [
        ("", True),
        ('[http]\npublic_url = "https://sms.example"\n', False),
        ('[http]\ntrusted_proxies = ["127.0.0.1"]\n', False),
        ('[http]\npublic_url = "https://sms.example"\n[callbacks]\nallow_networks = ["127.0.0.0/8"]\n', True),
        (NAMELESS, False),
    ],
    ids=["sandbox", "public", "proxy", "said so", "real carrier"],
)
def test_callbacks_reach_this_machine_only_while_nobody_outside_can_make_them(
    palomar: Palomar, toml: str, allowed: bool
) -> None:
    palomar.configure(toml)
    palomar.account("acme")
    with palomar.serve() as server:
        assert ("private networks: 127.0.0.0/8" in server.stderr) is allowed
    warned = any("make this server call itself" in line["text"] for line in palomar.json("doctor"))
    assert warned is (allowed and bool(toml))


def test_reading_makes_nothing(palomar: Palomar) -> None:
    for command in ("message list", "account list", "carrier list", "callback list", "price list", "block list"):
        said = palomar.command(*command.split(), code=1).stderr
        assert said == f"palomar: no data here; PALOMAR_DATA_DIR is {palomar.data_dir}\n", command
    palomar.json("doctor")
    assert not palomar.data_dir.exists()
