"""The first page: what can be spent, and what was sent last."""

from typing import Final

from palomar.console.visit import Reply, SignedVisit
from palomar.flows.search import Search

LATEST_MESSAGES: Final = 8
BALANCES: Final = 6


async def show(visit: SignedVisit) -> Reply:
    """Balances of the first accounts and the last messages."""
    viewer = visit.viewer
    accounts = viewer.accounts
    balances = [(account, await viewer.balance(account.id)) for account in accounts[:BALANCES]]
    latest = await viewer.search(Search(), limit=LATEST_MESSAGES)
    return visit.page(
        "overview.html", balances=balances, more_accounts=len(accounts) - len(balances), messages=latest.messages
    )
