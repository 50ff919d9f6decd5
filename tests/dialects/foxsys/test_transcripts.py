"""Every file of ``transcripts/``, against the real gateway behind the real HTTP listener."""

import re
from pathlib import Path

import pytest
from tests.dialects.foxsys.gateway_on_sqlite import LOGIN, TOKEN, Owner, running_gateway
from tests.dialects.transcript import read_transcript, transcripts_of
from tests.dialects.transcript_play import assert_stored, play, speak

from palomar.dialects.foxsys.api import BODY_LIMIT, FoxsysApi
from palomar.dialects.foxsys.errors import Code
from palomar.net.networks import TrustedProxies
from palomar.net.server import HttpListener
from palomar.vocabulary.account import AccountSettings

FILES = transcripts_of("foxsys")
WITHOUT_TRANSCRIPT = {Code.TOO_LARGE, Code.INTERNAL, Code.BAD_REQUEST, Code.NOT_IMPLEMENTED}
"""Eight mebibytes and a broken gateway do not fit in a text file: ``test_api`` has them, and ``test_contract_heads``
the heads that HTTP forbids."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_client_gets_what_the_transcript_says(path: Path, tmp_path: Path) -> None:
    transcript = read_transcript(path)
    (account,) = transcript.accounts
    assert (account.login, transcript.settings) == (LOGIN, {})
    owner = Owner(
        settings=account.over(AccountSettings()),
        credit_microcredits=round(account.credits * 1_000_000),
        enabled=account.enabled,
        may_send=account.may_send,
    )
    async with running_gateway(tmp_path, owner) as running:
        api = FoxsysApi(running.gateway, TrustedProxies(["127.0.0.1/32"]), BODY_LIMIT)
        listener = HttpListener(api, host="127.0.0.1", port=0)
        await listener.start()
        try:
            await play(transcript, lambda request: speak(listener.port, request.octets()), {f"key:{LOGIN}": TOKEN})
        finally:
            await listener.stop(1.0)
        assert_stored(transcript, await running.stored())


def test_every_code_has_a_transcript() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in FILES)
    missing = [code for code in Code if not re.search(f'"code":"?{code}"?,', said) and code not in WITHOUT_TRANSCRIPT]
    assert missing == []
