"""An SMPP client that is not ours, as a program: PyPI's ``aiosmpplib``.

``aiosmpp_client.py PORT SYSTEM_ID PASSWORD MESSAGES``: JSON, a list of messages, each with ``to``, ``text`` and ``how``
(``plain``, ``udh``, ``payload``). One JSON line on stdout for whatever it gets or cannot send. Ends by SIGTERM.
"""

import asyncio
import json
import sys
from typing import Any

from aiosmpplib import (
    ESME,
    NPI,
    TON,
    AbstractHook,
    DeliverSm,
    GenericNack,
    PhoneNumber,
    SmppMessage,
    SubmitSm,
    SubmitSmResp,
)

UDHI = 0b01000000


def tell(event: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"event": event} | more) + "\n")
    sys.stdout.flush()


class Telling(AbstractHook):
    """Tells what comes."""

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        """Do nothing: the answers are enough."""

    async def received(self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, DeliverSm) and smpp_message.is_receipt():
            tell("receipt", log_id=smpp_message.log_id, stat=smpp_message.parse_receipt().get("stat"))
        elif isinstance(smpp_message, DeliverSm):
            text = smpp_message.short_message or smpp_message.message_payload
            tell("inbound", source=smpp_message.source.number, to=smpp_message.destination.number, text=text)
        elif isinstance(smpp_message, SubmitSmResp | GenericNack):
            tell("answer", log_id=smpp_message.log_id, status=smpp_message.command_status.name)

    async def send_error(self, smpp_message: SmppMessage, error: Exception, client_id: str) -> None:
        tell("error", error=repr(error))


def message(wanted: dict[str, Any]) -> SubmitSm:
    how = wanted["how"]
    return SubmitSm(
        short_message=wanted["text"],
        source=PhoneNumber("85355", ton=TON.NATIONAL, npi=NPI.ISDN),
        destination=PhoneNumber(wanted["to"]),
        esm_class=UDHI if how == "udh" else 0,
        auto_message_payload=how != "udh",
        encoding=None if wanted["text"].isascii() else "ucs2",
        log_id=wanted["to"],
    )


async def main(port: str, system_id: str, password: str, messages: str) -> None:
    """Bind, send, and listen until the process ends."""
    esme = ESME(
        smsc_host="127.0.0.1",
        smsc_port=int(port),
        system_id=system_id,
        password=password,
        enquire_link_interval=1.0,
        hook=Telling(),
        log_level="ERROR",
    )
    for wanted in json.loads(messages):
        await esme.broker.enqueue(message(wanted))
    await esme.start()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
