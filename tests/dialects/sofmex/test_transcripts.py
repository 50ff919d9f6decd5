"""Every wire dialog in ``transcripts/``, against the real application behind its real listener."""

from pathlib import Path

import pytest
from tests.dialects.sofmex.house import Running, running_house
from tests.dialects.sofmex.http_exchange import exchange
from tests.dialects.sofmex.transcript import (
    FOLDER,
    Transcript,
    expected_head,
    match_body,
    read_transcript,
    request_octets,
)

from palomar.dialects.sofmex.errors import BatchCode, RecordCode

FILES = sorted(FOLDER.glob("*.http"))
WITHOUT_TRANSCRIPT = {BatchCode.INTERNAL}
"""A broken gateway does not fit in a text file: ``test_api`` has it."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_client_gets_what_the_transcript_says(path: Path, tmp_path: Path) -> None:
    transcript = read_transcript(path)
    async with running_house(tmp_path, transcript.owners, settings=transcript.settings) as running:
        difference = await play(running, transcript)
        stored = await running.stored()
    assert difference == ""
    assert len(stored) == len(transcript.stored), stored
    for message, columns in zip(stored, transcript.stored, strict=True):
        assert {name: message[name] for name in columns} == columns


def test_every_code_has_a_transcript() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in FILES)
    assert [code for code in RecordCode if f'{{"status":{code.value},"telefono"' not in said] == []
    missing = [code for code in BatchCode if f'"statusBatch":{code.value},' not in said]
    assert set(missing) <= WITHOUT_TRANSCRIPT


async def play(running: Running, transcript: Transcript) -> str:
    """The first answer that is not as the transcript has it; none is the empty text."""
    known = await _tokens(running, [owner.login for owner in transcript.owners])
    for step in transcript.exchanges:
        status, headers, body = await exchange(running.port, request_octets(step.request, known))
        kept = match_body(step.answer, body, known)
        wanted_status, wanted_headers = expected_head(step.answer, known)
        given_headers = {name: headers.get(name) for name in wanted_headers}
        if kept is None or (status, given_headers) != (wanted_status, wanted_headers):
            return f"{step.request}\n{status} {given_headers}\n{body}"
        known |= kept
    return ""


async def _tokens(running: Running, logins: list[str]) -> dict[str, str]:
    tokens = {f"token:{login}": await running.token(login) for login in logins}
    return {**tokens, "token": tokens[f"token:{logins[0]}"]}
