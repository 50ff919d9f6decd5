"""The directory: accounts, keys and rates in memory, read again when somebody changed them."""

from palomar.domain.account import Account, AccountId
from palomar.domain.pricing import PriceList
from palomar.flows.accounts import Snapshot, load, login_key
from palomar.storage import accounts
from palomar.storage.database import Database, Transaction

_NO_PRICES = PriceList()


class Directory:
    """What the hot path asks about accounts. :meth:`refresh` twice a second keeps it young on every node."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hint = -1
        self.snapshot = Snapshot()

    async def refresh(self) -> bool:
        """Look whether something changed, and if so read everything again; True if it was read."""
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
        return self.snapshot.account_of_key(secret)

    def by_login(self, login: str) -> Account | None:
        return self.snapshot.by_login.get(login_key(login))

    def prices(self, account_id: AccountId) -> PriceList:
        return self.snapshot.prices.get(account_id, _NO_PRICES)

    async def _load_if_changed(self, tx: Transaction) -> Snapshot | None:
        version = (await tx.select(accounts.SELECT_VERSION))[0][0]
        if version == self.snapshot.version:
            return None
        return await load(tx)
