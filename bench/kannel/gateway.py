"""Kannel 1.4.5 (Debian's package ``kannel``) on the same load, carrier and customer as Palomar.

bearerbox and smsbox run in the foreground as our own children, on ports of the loopback, with a configuration made for
the run; the package's own service and configuration are not touched. Two stores: ``none`` keeps everything in memory;
``spool`` writes messages and awaited receipts as files, which survives the process (not the machine: it never syncs).
"""

import os
import shutil
from pathlib import Path

from gateways import (
    LINKS,
    LOGIN,
    PASSWORD,
    SYSTEM_ID,
    WINDOW,
    Endpoint,
    GatewaySettings,
    SimpleGateway,
    wait_until_answered,
)
from processes import BenchError, Process, claim_port, free_port

TEMPLATE = Path(__file__).with_name("kannel.conf")
PENDING_CALLBACKS = {False: 32, True: 512}  # the fastest of 8 to 512 for each store; 512 is Kannel's default
STATUS = f"/status.txt?password={PASSWORD}"
SPOOL = """store-type = spool
store-location = "{directory}/store"
dlr-storage = spool
dlr-spool = "{directory}/receipts"
"""


class Kannel(SimpleGateway):
    """bearerbox with ``links`` SMPP transceivers, and smsbox for HTTP both ways."""

    def __init__(self, *, durable: bool) -> None:
        self.name = "kannel-spool" if durable else "kannel"
        self._durable = durable
        self._running: list[Process] = []

    async def start(self, setting: GatewaySettings) -> Endpoint:
        directory = setting.directory
        boxes = {name: _find(name) for name in ("bearerbox", "smsbox")}
        for folder in ("store", "receipts"):
            (directory / folder).mkdir()
        admin, http = free_port(), claim_port(setting.http_port, "Kannel's HTTP")
        configuration = directory / "kannel.conf"
        configuration.write_text(
            TEMPLATE.read_text().format(
                store=SPOOL.format(directory=directory) if self._durable else "",
                admin_port=admin,
                box_port=free_port(),
                smsc_port=setting.smsc_port,
                system_id=SYSTEM_ID,
                password=PASSWORD,
                window=WINDOW,
                links=LINKS,
                http_port=http,
                pending=PENDING_CALLBACKS[self._durable],
                login=LOGIN,
            )
        )
        for name, path in boxes.items():
            box = Process(name, directory / f"{name}.log")
            self._running.append(box)
            await box.start(path, "-v", "3", str(configuration))
            if name == "bearerbox":
                await wait_until_answered(box, admin, STATUS, lambda _, body: body.count(b"(online") == LINKS)
        await wait_until_answered(self._running[0], admin, STATUS, lambda _, body: b"smsbox:" in body)
        await wait_until_answered(self._running[1], http, "/", lambda status, _: status == 404)
        return Endpoint(dialect="kannel", urls=[f"http://127.0.0.1:{http}"], login=LOGIN, key=PASSWORD)


def _find(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        raise BenchError(f"{name} is not installed; on Debian: apt-get install kannel")
    return found
