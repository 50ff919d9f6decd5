"""Every file of ``transcripts/``, played to a real listener of the whole application."""

from pathlib import Path

import pytest
from tests.dialects.convergia.application import Application
from tests.dialects.transcript import read_transcript, transcripts_of
from tests.dialects.transcript_play import assert_stored, play, speak

from palomar.dialects.convergia.settings import ConvergiaSettings

FILES = transcripts_of("convergia")


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_the_dialog_is_that_of_the_transcript(file: Path, tmp_path: Path) -> None:
    transcript = read_transcript(file)
    assert transcript.settings == {}
    with Application(tmp_path, ConvergiaSettings()) as application:
        for account in transcript.accounts:
            added = application.add(account.login, credit=round(account.credits))
            settings = account.over(added.settings)
            application.change(added, settings=settings, enabled=account.enabled, may_send=account.may_send)
        await play(transcript, lambda request: speak(application.port, request.octets()), {})
        assert_stored(transcript, application.stored())
