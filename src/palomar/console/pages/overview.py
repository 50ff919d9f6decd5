"""The first page: what can be spent, and what was sent last."""

from typing import Final

from palomar.console.visit import Reply, SignedVisit
from palomar.domain.search import SearchFilter

LATEST_MESSAGES: Final = 8
BALANCES: Final = 6


async def show(visit: SignedVisit) -> Reply:
    """Balances of the first accounts and the last messages."""
    viewer = visit.viewer
    balances = [(account, await viewer.balance(account.id)) for account in viewer.first_accounts(BALANCES)]
    latest = await viewer.search(SearchFilter(), limit=LATEST_MESSAGES)
    return visit.page(
        "overview.html", balances=balances, more_accounts=viewer.account_count - len(balances), messages=latest.messages
    )
