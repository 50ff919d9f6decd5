"""A certificate in a line: its names, its issuer, its end."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.certificates import Authority

from palomar.carriers.smpp.links.certificate import describe_certificate

TODAY = datetime.now(UTC)


@pytest.mark.parametrize("names", [("smsc.example",), ("smsc.example", "127.0.0.1"), ("acme@example.com",)])
def test_its_names_its_issuer_and_its_end(tmp_path: Path, names: tuple[str, ...]) -> None:
    issued = Authority(tmp_path, "smsc").issue(*names)
    octets = ssl.PEM_cert_to_DER_cert(
        issued.certificate.read_text().partition("-----END")[0] + "-----END CERTIFICATE-----"
    )
    text = describe_certificate(octets, now=TODAY)
    if "@" not in names[0]:
        assert text.startswith(f"certificate of {', '.join(names)}, issued by ")
    assert text.endswith("valid until 3000-01-01")
    assert describe_certificate(octets, now=TODAY + timedelta(days=400_000)).endswith("expired 3000-01-01")
