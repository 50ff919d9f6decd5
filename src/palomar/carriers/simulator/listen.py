"""The simulator as a stand-alone SMSC over TCP: it listens for clients, and connects to those that wait for an outbind.

Not here: the command that starts it (``cli/sandbox/simulator.py``).
"""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial

from palomar.carriers.simulator.connection import ClientConnection
from palomar.carriers.simulator.smsc import SimulatorSmsc

CALL_AGAIN_SECONDS = 5.0


async def serve(smsc: SimulatorSmsc, *, host: str, port: int, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    """Listen for binds; port 0 takes a free one. The caller closes the server, then the SMSC."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(smsc.accept, host, port, ssl=tls, backlog=256)


async def call_esme(
    smsc: SimulatorSmsc, *, host: str, port: int, password: str, failed: Callable[[OSError], None]
) -> None:
    """Connect to an ESME and ask it to bind (outbind, SMPP 3.4 section 2.2.1), again whenever the connection has ended,
    until cancelled. Call ``failed`` if the ESME cannot be reached."""
    while True:
        connection = smsc.outbind_connection(password=password)
        try:
            await asyncio.get_running_loop().create_connection(partial(_itself, connection), host, port)
        except OSError as error:
            failed(error)
        else:
            await connection.closed
        await asyncio.sleep(CALL_AGAIN_SECONDS)


def _itself(connection: ClientConnection) -> ClientConnection:
    return connection


def server_context(*, certificate: str, key: str, client_authority: str = "") -> ssl.SSLContext:
    """Make a context of TLS 1.2 or newer; with ``client_authority`` it accepts only clients with a certificate of that
    authority.

    Raises ``OSError`` (of which ``ssl.SSLError`` is one) where a file is missing or is no certificate.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_authority:
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
