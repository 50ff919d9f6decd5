"""Play a transcript to the whole application, for a dialect that has no test application of its own."""

from pathlib import Path
from typing import Final

from tests.dialects.contract_application import Application, running_application
from tests.dialects.transcript import Transcript
from tests.dialects.transcript_play import assert_stored, play, speak

from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountSettings

COLUMNS: Final = ("msisdn", "state", "sender", "alphabet", "parts", "dialect", "request_ref", "status_url", "text")


async def check_transcript(transcript: Transcript, directory: Path, *, carrier: bool = False) -> None:
    """Play it in an empty directory. Without a carrier what is accepted stays queued."""
    assert not transcript.settings, "settings of a dialect as a whole need an application of its own"
    async with running_application(directory, carrier=carrier) as application:
        known = {}
        for account in transcript.accounts:
            who = await application.add(
                account.login,
                microcredits=round(account.credits * 1_000_000),
                enabled=account.enabled,
                may_send=account.may_send,
                settings=account.over(AccountSettings(requests_per_second=0)),
            )
            known |= {f"key:{who.login}": who.key, f"token:{who.login}": who.token}
            known |= {f"password:{who.login}": who.password}
        await play(transcript, lambda request: speak(application.port, request.octets()), known)
        assert_stored(transcript, await _stored(application))


async def _stored(application: Application) -> list[dict[str, str]]:
    async def script(tx: Transaction) -> list[dict[str, str]]:
        found = await tx.select(f"SELECT {', '.join(COLUMNS)} FROM messages ORDER BY id")
        return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in found]

    return await application.database.read(script)
