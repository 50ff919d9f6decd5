"""Every wire dialog in ``transcripts/``, against the real gateway behind the real HTTP listener."""

import asyncio
import re
from pathlib import Path

import pytest
from tests.dialects.foxsys.gateway_on_sqlite import running_gateway
from tests.dialects.foxsys.transcript import FOLDER, read_transcript

from palomar.dialects.foxsys.api import BODY_LIMIT, FoxsysApi
from palomar.dialects.foxsys.errors import Code
from palomar.net.networks import TrustedProxies
from palomar.net.server import HttpListener

FILES = sorted(FOLDER.glob("*.http"))
WITHOUT_TRANSCRIPT = {Code.TOO_LARGE, Code.INTERNAL, Code.BAD_REQUEST, Code.NOT_IMPLEMENTED}
"""Eight mebibytes and a broken gateway do not fit in a text file: ``test_api`` has them, and ``test_contract_heads``
the heads that HTTP forbids."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_client_gets_what_the_transcript_says(path: Path, tmp_path: Path) -> None:
    transcript = read_transcript(path)
    async with running_gateway(tmp_path, transcript.owner) as running:
        api = FoxsysApi(running.gateway, TrustedProxies(["127.0.0.1/32"]), BODY_LIMIT)
        listener = HttpListener(api, host="127.0.0.1", port=0)
        await listener.start()
        try:
            for request, expected in transcript.exchanges:
                status, headers, body = await _exchange(listener.port, request)
                assert expected.body_matches(body), body
                assert status == expected.status
                assert {name: headers.get(name) for name in expected.headers} == expected.headers
        finally:
            await listener.stop(1.0)
        stored = await running.stored()
    assert len(stored) == len(transcript.stored), stored
    for message, columns in zip(stored, transcript.stored, strict=True):
        assert {name: message[name] for name in columns} == columns


def test_every_code_has_a_transcript() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in FILES)
    missing = [code for code in Code if not re.search(f'"code":"?{code}"?,', said) and code not in WITHOUT_TRANSCRIPT]
    assert missing == []


async def _exchange(port: int, request: bytes) -> tuple[int, dict[str, str], str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body
