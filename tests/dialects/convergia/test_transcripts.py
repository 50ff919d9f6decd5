"""Every file of ``transcripts/``, played to a real listener of the whole application."""

from pathlib import Path

import pytest
from tests.dialects.convergia.house import House
from tests.dialects.transcript import read_transcript, transcripts_of
from tests.dialects.transcript_play import assert_stored, play, speak

from palomar.dialects.convergia.settings import ConvergiaSettings

FILES = transcripts_of("convergia")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_the_dialog_is_that_of_the_transcript(file: Path, tmp_path: Path) -> None:
    transcript = read_transcript(file)
    assert transcript.settings == {}
    with House(tmp_path, ConvergiaSettings()) as house:
        for account in transcript.accounts:
            added = house.add(account.login, credit=round(account.credits))
            settings = account.over(added.settings)
            house.change(added, settings=settings, enabled=account.enabled, may_send=account.may_send)
        await play(transcript, lambda request: speak(house.port, request.octets()), {})
        assert_stored(transcript, house.stored())
