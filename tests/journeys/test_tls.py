"""TLS on both sides: towards a carrier, whose certificate must be right, and of our own HTTPS."""

import signal
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.certificates import Authority, Issued
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.smscs import carrier_toml, tls_simulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey


def test_a_carrier_whose_certificate_is_right_gets_messages(tmp_path: Path) -> None:
    issued = Authority(tmp_path, "carrier").issue("127.0.0.1")
    with tls_simulator(tmp_path, issued.certificate, issued.key) as smsc:
        toml = carrier_toml(smsc.port, tls=True, tls_ca=str(issued.authority))
        palomar = Palomar(tmp_path / "house", toml=toml)
        palomar.account("acme")
        palomar.command("message", "send", "--account", "acme", "--to", "34600000000", "--text", "hi")
        with palomar.serve() as server:
            eventually(lambda: states(palomar) == ["delivered"], within_seconds=10, what="delivered over TLS")
            assert server.stop() == 0


@pytest.mark.parametrize("fault", ["an authority we do not trust", "another host's name"])
def test_a_carrier_whose_certificate_is_wrong_gets_nothing(tmp_path: Path, fault: str) -> None:
    authority = Authority(tmp_path, "carrier")
    issued = authority.issue("smsc.example" if fault == "another host's name" else "127.0.0.1")
    trusted = authority if fault == "another host's name" else Authority(tmp_path, "elsewhere")
    with tls_simulator(tmp_path, issued.certificate, issued.key) as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port, tls=True, tls_ca=str(trusted.file)))
        palomar.account("acme")
        palomar.command("message", "send", "--account", "acme", "--to", "34600000000", "--text", "hi")
        with palomar.serve() as server:
            server.until_says("CERTIFICATE_VERIFY_FAILED")
            assert states(palomar) == ["queued"]
            assert server.stop() == 0


def test_a_carrier_that_speaks_no_tls_gets_nothing_in_the_clear(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(listening.getsockname()[1], tls=True))
        palomar.command("migrate")
        with palomar.serve():
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(5)
                first = connection.recv(1)
    assert first == b"\x16", "a TLS handshake record (RFC 8446 section 5.1) and no bind"


def test_https_serves_and_reads_its_certificate_again_on_sighup(tmp_path: Path) -> None:
    old = Authority(tmp_path, "old").issue("127.0.0.1", to="server")
    palomar = https_house(tmp_path, old)
    with palomar.serve() as server:
        assert server.url.startswith("https://")
        assert balance_code(palomar, server, old.authority) == 0
        new = Authority(tmp_path, "new").issue("127.0.0.1", to="server")
        assert balance_code(palomar, server, old.authority) == 0, "nothing changes before the signal"

        server.signal(signal.SIGHUP)

        eventually(lambda: trusts(server, new.authority), within_seconds=5, what="the new certificate is shown")
        assert not trusts(server, old.authority)
        assert balance_code(palomar, server, new.authority) == 0
        assert server.stop() == 0


def test_a_certificate_that_does_not_fit_is_refused_on_sighup_and_the_old_one_stays(tmp_path: Path) -> None:
    issued = Authority(tmp_path, "house").issue("127.0.0.1", to="server")
    palomar = https_house(tmp_path, issued)
    with palomar.serve() as server:
        issued.certificate.write_text("no certificate at all")
        server.signal(signal.SIGHUP)
        server.until_says("cannot use certificate")
        assert balance_code(palomar, server, issued.authority) == 0
        assert server.stop() == 0


def test_https_speaks_nothing_older_than_tls_1_2(tmp_path: Path) -> None:
    issued = Authority(tmp_path, "house").issue("127.0.0.1")
    with https_house(tmp_path, issued).serve() as server:
        assert version(server, issued, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        assert version(server, issued, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with connected(server) as old:
            old.sendall(client_hello_tls_1_1())
            assert old.recv(1) in (b"", b"\x15"), "no ServerHello: closed, or an alert (RFC 8446 section 6.2)"


def test_a_certificate_without_its_key_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    refused = Palomar(tmp_path, toml='[http]\ntls_certificate = "server.pem"\n').command("serve", code=2)
    assert "http.tls_certificate and http.tls_key: both are needed" in refused.stderr


def https_house(directory: Path, issued: Issued) -> Palomar:
    toml = f'[http]\ntls_certificate = "{issued.certificate}"\ntls_key = "{issued.key}"\n'
    return Palomar(directory / "house", toml=toml)


def states(palomar: Palomar) -> list[str]:
    return [message["state"] for message in palomar.json("message", "list")]


def balance_code(palomar: Palomar, server: Server, authority: Path) -> object:
    context = ssl.create_default_context(cafile=str(authority))
    with FoxsysClient(server.url, "demo", palomar.demo["api_key"], tls=context) as program:
        return program.balance().code


def trusts(server: Server, authority: Path) -> bool:
    """Whether what the server shows was issued by this authority."""
    try:
        handshake(server, ssl.create_default_context(cafile=str(authority)))
    except ssl.SSLCertVerificationError:
        return False
    return True


def version(server: Server, issued: Issued, wanted: ssl.TLSVersion) -> str | None:
    """The version that a client gets which speaks ``wanted`` only."""
    context = ssl.create_default_context(cafile=str(issued.authority))
    context.minimum_version = context.maximum_version = wanted
    return handshake(server, context)


def client_hello_tls_1_1() -> bytes:
    """The greeting of a client that knows nothing newer than TLS 1.1 (RFC 4346 section 7.4.1.2)."""
    suites = bytes.fromhex("c014 c013 0035 002f")
    hello = b"\x03\x02" + bytes(32) + b"\x00" + len(suites).to_bytes(2, "big") + suites + b"\x01\x00"
    message = b"\x01" + len(hello).to_bytes(3, "big") + hello
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def handshake(server: Server, context: ssl.SSLContext) -> str | None:
    with connected(server) as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as secured:
        return secured.version()


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=5)
