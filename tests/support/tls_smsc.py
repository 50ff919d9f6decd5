"""The simulator behind TLS, as a program: ``tls_smsc.py CERTIFICATE KEY``; one line says its port. Ends by SIGTERM."""

import asyncio
import ssl
import sys

from palomar.carriers.simulator.listen import serve
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.clock import RealClock, RealIds


async def main(certificate: str, key: str) -> None:
    """Serve until the process ends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    smsc = SimulatorSmsc(
        SimulatorSettings(passwords={"palomar": "secret"}), clock=RealClock(), chance=RealIds(0).random
    )
    server = await serve(smsc, host="127.0.0.1", port=0, tls=context)
    sys.stdout.write(f"listens on 127.0.0.1 port {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
