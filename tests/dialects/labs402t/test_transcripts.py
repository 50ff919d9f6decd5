"""Every file of ``transcripts/``: the vendor's dialogs, octet by octet, over a real gateway."""

import re
from pathlib import Path

import pytest
from tests.dialects.labs402t.house import labs402t
from tests.dialects.labs402t.transcript import FOLDER, Seen, read_transcript, switches_and_settings
from tests.support.databases import Place

from palomar.dialects.labs402t.settings import Labs402tSettings

FILES = sorted(FOLDER.glob("*.http"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_the_dialog_goes_as_it_is_written(file: Path, sqlite_place: Place) -> None:
    transcript = read_transcript(file)
    settings = Labs402tSettings(**transcript.settings)  # type: ignore[arg-type]  # a transcript's words
    async with labs402t(sqlite_place, settings=settings) as labs:
        for login, said in transcript.accounts.items():
            said = dict(said)
            await labs.add(login, parent=said.pop("parent", ""), credit=float(said.pop("credits", 1_000)))
            await labs.change(login, **switches_and_settings(said))
        seen = Seen()
        for exchange in transcript.exchanges:
            headers = dict(exchange.headers)
            if "authorization" in headers:
                headers["authorization"] = re.sub(r"\{(\w+)\}", r"key-\1", seen.filled(headers["authorization"]))
            body = seen.filled(exchange.body).encode()
            reply = await labs.ask(exchange.method, seen.filled(exchange.path), body=body, headers=headers)

            answer = reply.body.decode()
            assert seen.matches(exchange.answer, answer), f"{exchange.title}: {answer}"
            assert reply.status == exchange.status, exchange.title
            assert reply.headers["content-type"] == "application/json; charset=utf-8"
            for name, value in exchange.answer_headers.items():
                assert reply.headers.get(name, "(absent)") == value, f"{exchange.title}: {name}"
        stored = [" ".join(row) for row in await labs.stored()]
    assert stored == transcript.stored
