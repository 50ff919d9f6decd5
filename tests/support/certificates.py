"""Certificates of an authority made for one test."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Issued:
    """Files, PEM."""

    authority: Path
    certificate: Path
    key: Path


class Authority:
    """One authority; ``issue`` writes a certificate of it, and its key, for some names."""

    def __init__(self, directory: Path, name: str) -> None:
        self._ca = trustme.CA()
        self._directory = directory
        self._name = name
        self.file = directory / f"{name}-ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, *names: str, to: str = "") -> Issued:
        """Make a certificate for ``names``, and write it into files named ``to``, over existing ones."""
        issued = self._ca.issue_cert(*names)
        stem = to or self._name
        certificate, key = self._directory / f"{stem}.pem", self._directory / f"{stem}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)
        return Issued(self.file, certificate, key)
