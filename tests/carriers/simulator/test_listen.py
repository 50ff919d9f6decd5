"""The stand-alone SMSC over a real socket."""

import asyncio

from tests.carriers.simulator.client import Client, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator import serve
from palomar.smpp import BindTransceiver, SubmitSmResp


@in_virtual_time
async def test_it_takes_messages_over_tcp_and_stops() -> None:
    smsc = make_smsc(receipt_delay_seconds=0)
    server = await serve(smsc, host="127.0.0.1", port=0)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", server.sockets[0].getsockname()[1])
    client.send(BindTransceiver(system_id="esme", password="secret"))
    async with asyncio.timeout(5):
        while not client.session.is_bound:
            await asyncio.sleep(0.001)
        client.send(message())
        while not client.stats():
            await asyncio.sleep(0.001)
        assert client.of(SubmitSmResp)[0].command_status == 0
        server.close()
        smsc.close()
        while not client.closed:
            await asyncio.sleep(0.001)
        await server.wait_closed()
