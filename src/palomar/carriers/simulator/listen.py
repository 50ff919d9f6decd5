"""The simulator as a stand-alone SMSC on a TCP port. Not here: the command that starts it (``cli``)."""

import asyncio
import ssl

from palomar.carriers.simulator.smsc import SimulatorSmsc


async def serve(smsc: SimulatorSmsc, *, host: str, port: int, tls: ssl.SSLContext | None = None) -> asyncio.Server:
    """Listen for binds; port 0 takes a free one. The caller closes the server, then the SMSC."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(smsc.accept, host, port, ssl=tls, backlog=256)
