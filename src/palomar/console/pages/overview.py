"""The overview page: the counts of a period, what needs attention, the carriers and the credit.

It refreshes itself every few seconds while it is visible (``console.js``); a script draws its figures as charts
(``overview.js``).
"""

import math
from collections.abc import Mapping
from typing import Final

from palomar.console.formats import age_text
from palomar.console.i18n import word
from palomar.console.request import PageReply, SignedInContext
from palomar.console.stall_texts import stall_text
from palomar.console.viewer.overview import Period
from palomar.reports.buckets import DELAYS_MS, Dimension, Totals
from palomar.reports.search_terms import SearchFilter
from palomar.routing.carrier_status import CarrierStatus

LATE_MS: Final = 90_000
"""A count that is so far behind is shown as late. It is more than the minute after which the server looks for messages
that a command has stored."""
LATEST_MESSAGES: Final = 6
BALANCES: Final = 6
PERIODS: Final[Mapping[str, Period]] = {"hour": Period.HOUR, "day": Period.DAY, "month": Period.MONTH}
PERIOD_NAMES: Final[Mapping[Period, str]] = {
    Period.HOUR: word("Last hour"),
    Period.DAY: word("Last 24 hours"),
    Period.MONTH: word("Last 30 days"),
}
_EACH: Final[Mapping[Period, str]] = {
    Period.HOUR: word("Messages a minute"),
    Period.DAY: word("Messages an hour"),
    Period.MONTH: word("Messages a day (GMT)"),
}
_DIMENSIONS: Final[Mapping[Dimension, str]] = {
    Dimension.COUNTRY: word("By country"),
    Dimension.CARRIER: word("By carrier"),
    Dimension.DIALECT: word("By dialect"),
    Dimension.ACCOUNT: word("By account"),
}


async def show(context: SignedInContext) -> PageReply:
    """Show the whole page; where htmx asks, only what changes."""
    viewer = context.viewer
    period = PERIODS.get(context.field("period"), Period.DAY)
    overview = await viewer.overview(period, accounts=viewer.first_accounts(BALANCES))
    latest = await viewer.search(SearchFilter(), limit=LATEST_MESSAGES)
    return context.render(
        "overview_live.html" if context.request.wants_fragment else "overview.html",
        overview=overview,
        chosen=next(name for name, one in PERIODS.items() if one is period),
        periods=[(name, context.t(PERIOD_NAMES[one])) for name, one in PERIODS.items()],
        each=context.t(_EACH[period]),
        period_name=context.t(PERIOD_NAMES[period]),
        dimensions={one: context.t(_DIMENSIONS[one]) for one in overview.shares},
        delays=delays(overview.totals),
        failed=failed,
        down=down,
        pace=pace,
        age=lambda at_ms: age_text(context.preferences.now_ms - at_ms, context.preferences.language),
        stall_text=lambda status: stall_text(status, context.t),
        late_ms=LATE_MS,
        more_accounts=viewer.account_count - len(overview.credit),
        latest=latest,
    )


def failed(totals: Totals) -> int:
    """Count the messages that ended without a delivery."""
    return totals.ended - totals.delivered


def down(status: CarrierStatus) -> int:
    """Count a carrier's links that are not bound."""
    return sum(not link.bound for link in status.links)


def pace(status: CarrierStatus) -> int:
    """Return the most parts that may leave by a carrier's links in a second; zero means no bound."""
    return round(sum(link.parts_per_second for link in status.links))


def delays(totals: Totals) -> list[tuple[float, int]]:
    """Return pairs (upper bound in milliseconds, messages delivered within it and above the bound before), in order."""
    bounds = (*DELAYS_MS, math.inf)
    return [(bound, totals.by_delay.get(number, 0)) for number, bound in enumerate(bounds, 1)]
