"""TLS towards a carrier: the authorities that we trust, and the certificate that we show. Not here: the connection
(``sockets``)."""

import ssl

from palomar.carriers.smpp.settings import SmppCarrierSettings


def client_context(settings: SmppCarrierSettings) -> ssl.SSLContext | None:
    """Make the context that the settings ask for, TLS 1.2 or newer; None without TLS.

    Raises ``OSError`` (of which ``ssl.SSLError`` is one) when a file is missing or is no certificate.
    """
    if not settings.tls:
        return None
    context = ssl.create_default_context(cafile=str(settings.tls_ca) if settings.tls_ca else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.tls_certificate:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return context


def server_context(settings: SmppCarrierSettings) -> ssl.SSLContext | None:
    """Make the context for an SMSC that calls us: it gets our certificate, and must show one unless ``tls_verify`` is
    off.

    Raises ``OSError`` as :func:`client_context` does.
    """
    if not settings.tls or settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=str(settings.tls_ca) if settings.tls_ca else None
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    if settings.tls_verify:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
