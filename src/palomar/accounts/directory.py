"""Hold all accounts, keys, rates and routes in memory, and read them again when somebody has changed them.

Not here: how they are read (``snapshot``).
"""

import dataclasses

from palomar.accounts.snapshot import Snapshot, load_snapshot
from palomar.accounts.store import login_key
from palomar.accounts.terms import Terms
from palomar.accounts.tokens import signing_secret, token_id_of
from palomar.billing.prices import PriceList
from palomar.storage.database import Database, Transaction
from palomar.transaction.change_counter import SELECT_VERSION
from palomar.vocabulary.account import Account, AccountId

_NO_PRICES = PriceList()
_PASSES_AT_MOST = 10_000


class Directory:
    """All accounts in memory. :meth:`refresh`, called twice a second, keeps it up to date on every node."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hint = -1
        self._passes: dict[str, int] = {}
        self.snapshot = Snapshot()
        self.signing_secret = b""

    async def begin(self, fresh_secret: bytes) -> None:
        """Read everything for the first time; ``fresh_secret`` signs tokens if the installation has no secret yet."""
        self.signing_secret = await self._database.write(signing_secret, fresh=fresh_secret)
        await self.refresh()

    async def refresh(self) -> bool:
        """Read everything again if the change counter has moved; True if it was read."""
        hint = await self._database.change_hint()
        if hint == self._hint:
            return False
        loaded = await self._database.read(self._load_if_changed)
        self._hint = hint
        if loaded is None:
            return False
        self.snapshot = loaded
        return True

    def by_key(self, secret: str) -> Account | None:
        """Find the account of a live key."""
        return self.snapshot.account_of_key(secret)

    def by_token(self, text: str, *, now_ms: int) -> Account | None:
        """Find the account of a signed token that is neither expired nor revoked."""
        remembered = self._passes.get(text)
        if remembered is None:
            identity = token_id_of(text, secret=self.signing_secret)
            if identity is None:
                return None
            if len(self._passes) >= _PASSES_AT_MOST:
                self._passes.clear()
            remembered = self._passes[text] = identity
        token = self.snapshot.tokens.get(remembered)
        if token is None or token.expires_ms <= now_ms:
            return None
        return self.snapshot.by_id.get(token.account_id)

    def by_login(self, login: str) -> Account | None:
        """Find an account by its login, in any case."""
        return self.snapshot.by_login.get(login_key(login))

    def prices(self, account_id: AccountId) -> PriceList:
        """Return an account's prices by country."""
        return self.snapshot.prices.get(account_id, _NO_PRICES)

    def terms(self, account_id: AccountId) -> Terms:
        """Return the terms by which an account's messages are composed."""
        return self.snapshot.terms(account_id)

    async def reload(self) -> None:
        """Read everything again at once, after a change that this node has made itself."""
        loaded = await self._database.read(self._load_if_changed)
        if loaded is not None:
            self.snapshot = loaded

    def mark_stale(self) -> None:
        """Make the next :meth:`refresh` look at the change counter, after a change that this node has made itself."""
        self._hint = -1

    def note_blocked_number(self) -> None:
        """Make the next transaction look at the black lists, after this node has put a number on one."""
        if not self.snapshot.has_blocked_numbers:
            self.snapshot = dataclasses.replace(self.snapshot, has_blocked_numbers=True)

    async def _load_if_changed(self, tx: Transaction) -> Snapshot | None:
        version = (await tx.select(SELECT_VERSION))[0][0]
        if version == self.snapshot.version:
            return None
        return await load_snapshot(tx)
