"""TCP and TLS for a carrier's links, as the settings say: out to the SMSC, and in where it calls us."""

import asyncio
from collections.abc import Callable

from palomar.carriers.smpp.links.bind import Connector
from palomar.carriers.smpp.links.outbind import ClosableListener, Listen
from palomar.carriers.smpp.links.tls import client_context, server_context
from palomar.carriers.smpp.settings import SmppCarrierSettings

BACKLOG = 16


def tcp_connector(settings: SmppCarrierSettings) -> Connector:
    """Make the function that connects over TCP, with TLS where the settings ask for it."""
    context = client_context(settings)
    name = (settings.tls_server_name or settings.host) if context is not None else None

    async def connect(factory: Callable[[], asyncio.Protocol]) -> object:
        loop = asyncio.get_running_loop()
        return await loop.create_connection(factory, settings.host, settings.port, ssl=context, server_hostname=name)

    return connect


def tcp_listen(settings: SmppCarrierSettings) -> Listen:
    """Make the function that listens for an SMSC's calls, with TLS where the settings ask for it."""
    context = server_context(settings)

    async def listen(factory: Callable[[], asyncio.Protocol]) -> ClosableListener:
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            factory, settings.outbind_host, settings.outbind_port, ssl=context, backlog=BACKLOG
        )

    return listen
