"""Every file of ``transcripts/``: the vendor's dialogs over a real gateway."""

from pathlib import Path

import pytest
from tests.dialects.labs402t.application import Labs402t, labs402t
from tests.dialects.transcript import TranscriptAccount, read_transcript, transcripts_of
from tests.dialects.transcript_play import Answer, Request, assert_stored, play
from tests.support.databases import Place

from palomar.dialects.labs402t.settings import Labs402tSettings

FILES = transcripts_of("labs402t")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_the_dialog_is_that_of_the_transcript(file: Path, sqlite_place: Place) -> None:
    transcript = read_transcript(file)
    settings = Labs402tSettings(**transcript.settings)  # type: ignore[arg-type]  # a transcript's words
    async with labs402t(sqlite_place, settings=settings) as labs:
        for account in transcript.accounts:
            await add(labs, account)

        async def ask(request: Request) -> Answer:
            headers = {name.lower(): value for name, value in request.headers}
            reply = await labs.ask(request.method, request.target, body=request.body, headers=headers)
            assert reply.headers["content-type"] == "application/json; charset=utf-8"
            return Answer(reply.status, reply.headers, reply.body.decode())

        await play(transcript, ask, {f"key:{account.login}": f"key-{account.login}" for account in transcript.accounts})
        columns = ("msisdn", "sender", "text", "state")
        assert_stored(transcript, [dict(zip(columns, row, strict=True)) for row in await labs.stored()])


async def add(labs: Labs402t, account: TranscriptAccount) -> None:
    added = await labs.add(account.login, parent=account.parent, credit=account.credits)
    settings = account.over(added.settings)
    await labs.change(account.login, settings=settings, enabled=account.enabled, may_send=account.may_send)
