"""Abuse: who goes on after being refused, fifty times within a minute, is blocked for a while.

Counted in memory, on each node for itself; the block is a row that every node reads with its directory, so it survives
a restart and a refused request costs a dictionary's look-up. An address is blocked for its bad credentials, an account
for its requests over the limit. Loopback is never blocked: it is a proxy of ours more often than a stranger.
"""

from dataclasses import dataclass
from ipaddress import ip_address

import structlog

from palomar.domain.abuse import REFUSED_A_MINUTE
from palomar.domain.account import Account
from palomar.engine.batcher import Batcher, Step
from palomar.engine.directory import Directory
from palomar.flows import blocks
from palomar.flows.blocks import Block
from palomar.ports import Clock

BLOCK = Step(name="block", script=blocks.block, rank=7)
_FORGET_AT = 10_000
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Minute:
    began: float
    refused: int = 0


class AbuseWatch:
    """Counts what is refused, and knows who is blocked."""

    def __init__(self, directory: Directory, batcher: Batcher, clock: Clock) -> None:
        self._directory = directory
        self._batcher = batcher
        self._clock = clock
        self._minutes: dict[str, _Minute] = {}

    def block_of_account(self, account: Account) -> Block | None:
        """The block in force, if any."""
        return self._block_of(blocks.account_subject(account.id)) if self._directory.snapshot.blocks else None

    def block_of_address(self, address: str) -> Block | None:
        """The block in force, if any."""
        return self._block_of(blocks.address_subject(address)) if self._directory.snapshot.blocks else None

    def over_limit(self, account: Account) -> None:
        """One more request of the account is refused for being one too many."""
        self._refused(blocks.account_subject(account.id), "requests over the limit")

    def bad_credentials(self, address: str) -> None:
        """One more request from the address is refused for its credentials."""
        if not _is_loopback(address):
            self._refused(blocks.address_subject(address), "bad credentials")

    def _block_of(self, subject: str) -> Block | None:
        block = self._directory.snapshot.blocks.get(subject)
        return block if block is not None and block.until_ms > self._clock.wall_ms() else None

    def _refused(self, subject: str, reason: str) -> None:
        now = self._clock.monotonic()
        minute = self._minutes.get(subject)
        if minute is None or now - minute.began >= 60.0:
            if len(self._minutes) >= _FORGET_AT:
                self._minutes.clear()
            minute = self._minutes[subject] = _Minute(now)
        minute.refused += 1
        if minute.refused > REFUSED_A_MINUTE:
            del self._minutes[subject]
            self._batcher.post(BLOCK, blocks.Abuse(subject=subject, reason=reason), self._blocked)

    def _blocked(self, block: Block) -> None:
        _log.warning("blocked", subject=block.subject, reason=block.reason, level=block.level, until_ms=block.until_ms)
        self._directory.look_again()


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True
