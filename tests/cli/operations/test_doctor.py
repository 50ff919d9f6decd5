"""``palomar doctor``: what is in order, and what it warns of."""

from pathlib import Path

from tests.support.server import Palomar


def test_a_healthy_installation_has_no_fault(palomar: Palomar) -> None:
    palomar.command("migrate")
    verdicts = palomar.json("doctor")
    assert {found["verdict"] for found in verdicts} == {"ok"}
    assert any("ledger" in found["text"] for found in verdicts)


def test_the_doctor_warns_of_a_carrier_that_cannot_be_reached_and_of_passwords_in_the_clear(tmp_path: Path) -> None:
    toml = '[carriers.far]\nkind = "smpp"\nhost = "127.0.0.1"\nport = 1\nsystem_id = "x"\npassword = "y"\n'
    palomar = Palomar(tmp_path, toml=toml, PALOMAR_HTTP_HOST="0.0.0.0")

    warnings = [found["text"] for found in palomar.json("doctor") if found["verdict"] == "warning"]

    assert any(text.startswith("carrier far: 127.0.0.1 port 1 cannot be reached now") for text in warnings)
    assert any("without TLS" in text for text in warnings)


def test_the_doctor_names_a_missing_certificate(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml='[http]\ntls_certificate = "no.pem"\ntls_key = "no.key"\n')
    assert f"http.tls_certificate: there is no file {tmp_path / 'no.pem'}" in palomar.command("doctor", code=1).stdout
