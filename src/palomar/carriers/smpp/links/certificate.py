"""What certificate a carrier shows, in a line for people. Not here: whether it is trusted (``tls``)."""

import ssl
from datetime import datetime

from cryptography import x509


def shown(connection: ssl.SSLObject | ssl.SSLSocket, *, now: datetime) -> str:
    """Version and cipher of the connection, and whose certificate the other side has shown, by whom, until when."""
    cipher = connection.cipher()
    spoken = f"{connection.version()}, {cipher[0] if cipher else 'no cipher'}"
    octets = connection.getpeercert(binary_form=True)
    return f"{spoken}; {described(octets, now=now)}" if octets else f"{spoken}; no certificate"


def described(octets: bytes, *, now: datetime) -> str:
    """A certificate (DER): its names, its issuer, its end."""
    certificate = x509.load_der_x509_certificate(octets)
    names = _names(certificate) or certificate.subject.rfc4514_string() or "nobody"
    ends = certificate.not_valid_after_utc
    until = f"{'expired' if ends < now else 'valid until'} {ends:%Y-%m-%d}"
    return f"certificate of {names}, issued by {certificate.issuer.rfc4514_string()}, {until}"


def _names(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    return ", ".join([*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))])
