"""One request over one connection, octet for octet, and the whole answer."""

import asyncio


async def exchange(port: int, request: bytes) -> tuple[int, dict[str, str], str]:
    """Status, headers by lower-case name, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body
