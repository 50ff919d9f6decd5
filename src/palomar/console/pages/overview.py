"""The overview: what a period's messages came to, what needs somebody, how the carriers and the credit stand.

It looks again every few seconds while it is looked at (``console.js``); where scripts run, its figures become pictures
(``overview.js``).
"""

import math
from collections.abc import Mapping
from typing import Final

from palomar.console.formats import age_text
from palomar.console.i18n import word
from palomar.console.obstacles import hindrance
from palomar.console.request import PageReply, SignedVisit
from palomar.console.viewer.overview import Period
from palomar.reports.buckets import DELAYS_MS, Dimension, Totals
from palomar.reports.search_terms import SearchFilter
from palomar.routing.carrier_status import CarrierStatus

LATE_MS: Final = 90_000
"""A count that is so far behind is said to be late; what a command may have stored is looked for within a minute."""
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


async def show(visit: SignedVisit) -> PageReply:
    """The whole page; only what changes where htmx asks for it."""
    viewer = visit.viewer
    period = PERIODS.get(visit.asked("period"), Period.DAY)
    overview = await viewer.overview(period, accounts=viewer.first_accounts(BALANCES))
    latest = await viewer.search(SearchFilter(), limit=LATEST_MESSAGES)
    return visit.page(
        "overview_now.html" if visit.request.wants_piece else "overview.html",
        overview=overview,
        chosen=next(name for name, one in PERIODS.items() if one is period),
        periods=[(name, visit.t(PERIOD_NAMES[one])) for name, one in PERIODS.items()],
        each=visit.t(_EACH[period]),
        period_name=visit.t(PERIOD_NAMES[period]),
        dimensions={one: visit.t(_DIMENSIONS[one]) for one in overview.shares},
        delays=delays(overview.totals),
        failed=failed,
        down=down,
        pace=pace,
        age=lambda at_ms: age_text(visit.manner.now_ms - at_ms, visit.manner.language),
        hindrance=lambda status: hindrance(status, visit.t),
        late_ms=LATE_MS,
        more_accounts=viewer.account_count - len(overview.credit),
        latest=latest,
    )


def failed(totals: Totals) -> int:
    """Messages that ended without a delivery."""
    return totals.ended - totals.delivered


def down(status: CarrierStatus) -> int:
    """How many of a carrier's links are not bound."""
    return sum(not link.bound for link in status.links)


def pace(status: CarrierStatus) -> int:
    """Give the parts a second at which the carrier lets its links be fed; zero is as fast as they can."""
    return round(sum(link.parts_per_second for link in status.links))


def delays(totals: Totals) -> list[tuple[float, int]]:
    """How many were delivered within how many milliseconds (and not sooner), in the order of the bounds."""
    bounds = (*DELAYS_MS, math.inf)
    return [(bound, totals.by_delay.get(number, 0)) for number, bound in enumerate(bounds, 1)]
