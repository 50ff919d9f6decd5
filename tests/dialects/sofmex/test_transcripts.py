"""Every file of ``transcripts/``, against the real application behind its real listener."""

from pathlib import Path

import pytest
from tests.dialects.sofmex.application import PASSWORD, UNLIMITED, Owner, running_application
from tests.dialects.transcript import read_transcript, transcripts_of
from tests.dialects.transcript_play import assert_stored, play, speak

from palomar.dialects.sofmex.errors import BatchCode, RecordCode
from palomar.dialects.sofmex.settings import SofmexSettings

FILES = transcripts_of("sofmex")
WITHOUT_TRANSCRIPT = {BatchCode.INTERNAL}
"""A broken gateway does not fit in a text file: ``test_api`` has it."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_client_gets_what_the_transcript_says(path: Path, tmp_path: Path) -> None:
    transcript = read_transcript(path)
    owners = [
        Owner(
            login=account.login,
            settings=account.over(UNLIMITED),
            credit_microcredits=round(account.credits * 1_000_000),
            enabled=account.enabled,
            may_send=account.may_send,
        )
        for account in transcript.accounts
    ]
    assert set(transcript.settings) <= {"strict_http"}
    settings = SofmexSettings(strict_http=transcript.settings.get("strict_http") == "on")
    async with running_application(tmp_path, owners, settings=settings) as running:
        known = {f"token:{owner.login}": await running.token(owner.login) for owner in owners}
        known |= {f"password:{owner.login}": PASSWORD for owner in owners}
        await play(transcript, lambda request: speak(running.port, request.octets()), known)
        assert_stored(transcript, await running.stored())


def test_every_code_has_a_transcript() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in FILES)
    assert [code for code in RecordCode if f'{{"status":{code.value},"telefono"' not in said] == []
    missing = [code for code in BatchCode if f'"statusBatch":{code.value},' not in said]
    assert set(missing) <= WITHOUT_TRANSCRIPT
