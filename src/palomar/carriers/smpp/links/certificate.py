"""A carrier's certificate, described in one line for people. Not here: whether it is trusted (``tls``)."""

import ssl
from datetime import datetime

from cryptography import x509


def describe_connection(connection: ssl.SSLObject | ssl.SSLSocket, *, now: datetime) -> str:
    """Return version and cipher of the connection, and names, issuer and end of the other side's certificate."""
    cipher = connection.cipher()
    spoken = f"{connection.version()}, {cipher[0] if cipher else 'no cipher'}"
    octets = connection.getpeercert(binary_form=True)
    return f"{spoken}; {describe_certificate(octets, now=now)}" if octets else f"{spoken}; no certificate"


def describe_certificate(octets: bytes, *, now: datetime) -> str:
    """Return a certificate's (DER) names, its issuer and its end."""
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
