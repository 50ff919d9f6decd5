"""An account or address that goes on after 429 or 401 is blocked, and gets 403."""

from pathlib import Path

from tests.dialects.foxsys.fake_gateway import BASIC, Answer, ask
from tests.dialects.foxsys.gateway_on_sqlite import LOGIN, Owner, Running, running_gateway

from palomar.accounts import blocks
from palomar.accounts.blocks import REFUSED_A_MINUTE
from palomar.dialects.foxsys.api import FoxsysApi
from palomar.net.networks import TrustedProxies
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountSettings

ONE_A_SECOND = Owner(settings=AccountSettings(requests_per_second=1))
GOOD, BAD = (b"authorization", BASIC), (b"authorization", b"Basic eDp5")


async def _balance(running: Running, credentials: tuple[bytes, bytes], *, address: str = "") -> Answer:
    proxies = TrustedProxies(["192.0.2.1/32"])
    headers = [credentials, (b"x-forwarded-for", address.encode())] if address else [credentials]
    api = FoxsysApi(running.gateway, proxies)
    answer = await ask(api, method="GET", path="/json/balance", headers=headers)
    assert answer is not None
    return answer


async def _settled(running: Running) -> None:
    """Wait until what was posted is committed, and read the accounts again, as a server does."""
    await running.gateway.cancel_scheduled(running.directory.snapshot.by_login[LOGIN].id)
    await running.directory.refresh()


async def test_an_account_that_goes_on_over_its_limit_is_blocked(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ONE_A_SECOND) as running:
        assert (await _balance(running, GOOD)).status == 200
        for _ in range(REFUSED_A_MINUTE):
            assert (await _balance(running, GOOD)).status == 429
        await _settled(running)
        assert running.directory.snapshot.blocks == {}, "so many are no abuse yet"
        assert (await _balance(running, GOOD)).status == 429
        await _settled(running)
        answer = await _balance(running, GOOD, address="198.51.100.1")
        assert answer.status == 403
        assert answer.json == {
            "code": "403",
            "message": "Forbidden: the account is blocked for requests over the limit until 2026-02-26 12:01:00",
        }
        assert (await _balance(running, BAD)).status == 401, "the address is not blocked"


async def test_an_operator_lifts_the_block(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, ONE_A_SECOND) as running:
        for _ in range(REFUSED_A_MINUTE + 2):
            await _balance(running, GOOD)
        await _settled(running)
        (subject,) = running.directory.snapshot.blocks
        assert (await _balance(running, GOOD)).status == 403

        async def script(tx: Transaction) -> bool:
            return await blocks.lift(tx, subject)

        assert await running.database.write(script)
        running.directory.mark_stale()
        await running.directory.refresh()
        assert (await _balance(running, GOOD)).status == 429


async def test_an_address_that_guesses_is_blocked_even_with_right_credentials(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, Owner(settings=AccountSettings(requests_per_second=0))) as running:
        for _ in range(REFUSED_A_MINUTE + 1):
            assert (await _balance(running, BAD, address="198.51.100.7")).status == 401
        await _settled(running)
        answer = await _balance(running, GOOD, address="198.51.100.7")
        assert answer.status == 403
        assert answer.json["message"].startswith("Forbidden: this address is blocked for bad credentials until 2026-")
        assert (await _balance(running, GOOD, address="198.51.100.8")).status == 200


async def test_loopback_is_never_blocked(tmp_path: Path) -> None:
    async with running_gateway(tmp_path, Owner(settings=AccountSettings(requests_per_second=0))) as running:
        for _ in range(2 * REFUSED_A_MINUTE):
            await _balance(running, BAD, address="127.0.0.1")
        await _settled(running)
        assert running.directory.snapshot.blocks == {}
