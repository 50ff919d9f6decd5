"""Routing: which carrier takes a message, and why each of the others does not. :func:`choose` decides.

Each route lets the messages that meet its conditions go by one carrier. Of the routes that match and whose carrier can
be used now, the lowest priority wins, then the lowest cost; equal routes share by weight. Where none can be used now,
the message waits for the best that matches. Without routes every carrier is a route, and the carriers take turns. All
of this is pure, so an explanation for people is made by the same functions.

Not here: whether a carrier can be used (``routing.carrier_health``), and when a message that waits is routed again
(``sending.reroute``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import gcd

from msgspec import Struct

from palomar.routing.hours import Hours
from palomar.routing.sender_rules import SenderRule, sender_for
from palomar.text.wildcard import matches
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Lane

_NO_CARRIERS: frozenset[str] = frozenset()


class RouteLoss(StrEnum):
    """Reasons for which a candidate did not get the message; its ``detail`` fills the braces of :data:`REASONS`."""

    OFF = "off"
    NUMBER = "number"
    COUNTRY = "country"
    SENDER = "sender"
    ACCOUNT = "account"
    LABEL = "label"
    DIALECT = "dialect"
    HOURS = "hours"
    NO_CARRIER = "no_carrier"
    SENDER_REFUSED = "sender_refused"
    EXCLUDED = "excluded"
    UNUSABLE = "unusable"
    PRIORITY = "priority"
    COST = "cost"
    TURN = "turn"


REASONS: Mapping[RouteLoss, str] = {
    RouteLoss.OFF: "the route is switched off",
    RouteLoss.NUMBER: "the number does not begin with {}",
    RouteLoss.COUNTRY: "the number is not of {}",
    RouteLoss.SENDER: "the sender is not {}",
    RouteLoss.ACCOUNT: "it is another account's",
    RouteLoss.LABEL: "the label is not {}",
    RouteLoss.DIALECT: "the message did not come by {}",
    RouteLoss.HOURS: "it is open {}",
    RouteLoss.NO_CARRIER: "no carrier of that name is configured",
    RouteLoss.SENDER_REFUSED: "the carrier does not take such a sender there",
    RouteLoss.EXCLUDED: "the message has just failed to leave by it",
    RouteLoss.UNUSABLE: "{}",
    RouteLoss.PRIORITY: "its priority is behind {}",
    RouteLoss.COST: "it costs more than {}",
    RouteLoss.TURN: "it was another's turn: its share is {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A rule that lets messages go by a carrier. An empty condition is met by every message; label and sender may end
    in ``*``."""

    id: int
    carrier: str
    name: str = ""
    priority: int = 10
    """The lowest wins."""
    weight: int = 1
    """Its share of the messages among routes of equal priority and cost."""
    cost_microcredits: int = 0
    """Price of a part at the carrier, in millionths of a credit: among equal priorities the cheapest wins."""
    prefix: str = ""
    country: str = ""
    sender: str = ""
    account_id: AccountId | None = None
    """The message's account, or one above it."""
    label: str = ""
    dialect: str = ""
    hours: Hours | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPlan:
    """All rules of an installation, as one value: ``sender_rules`` are in order."""

    routes: tuple[Route, ...] = ()
    sender_rules: tuple[SenderRule, ...] = ()
    lanes: tuple[Lane, ...] = ()

    def lane(self, identity: int) -> Lane | None:
        """Return the lane with this id, or None if it was removed."""
        return next((lane for lane in self.lanes if lane.id == identity), None)


class RoutingRequest(Struct, frozen=True, kw_only=True):
    """The properties of a message by which it is routed; ``lineage`` is its account and those above it."""

    msisdn: str
    country: str
    sender: str
    lineage: tuple[AccountId, ...]
    label: str
    dialect: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierState:
    """The state of a carrier at this moment, as far as routing depends on it."""

    name: str
    trouble: str = ""
    """Why it cannot be used now, in words; empty when it can."""
    takes_one: bool = False
    """True if it may get one message in spite of its trouble, which shows whether that is over."""


class Candidate(Struct, frozen=True, kw_only=True):
    """A route that was considered for a message. ``lost`` is why it did not win; None for the winner."""

    route: Route
    lost: RouteLoss | None = None
    detail: str = ""

    @property
    def why(self) -> str:
        """Describe in words why it lost; empty for the winner."""
        return "" if self.lost is None else REASONS[self.lost].format(self.detail)


class Choice(Struct, frozen=True, kw_only=True):
    """The carrier of a message and why. ``carrier`` is empty where no route matches, ``sender`` is what the carrier is
    given, ``usable`` tells if the carrier can be used now, ``candidates`` are all routes in the order of the plan."""

    carrier: str = ""
    sender: str = ""
    usable: bool = False
    candidates: tuple[Candidate, ...] = ()

    def explain(self) -> str:
        """Describe the candidates in words, a line each."""
        return "\n".join(
            f"{_title(candidate.route)}: {candidate.why or ('chosen' if self.usable else 'chosen, and waits for it')}"
            for candidate in self.candidates
        )


def choose(
    plan: RoutingPlan,
    request: RoutingRequest,
    carriers: Mapping[str, CarrierState],
    *,
    turn: int,
    exclude: frozenset[str] = _NO_CARRIERS,
) -> Choice:
    """Choose the carrier for a message. ``turn`` is a running number by which equal routes share; carriers in
    ``exclude`` have just failed the message. Every route gets its reason, so explaining needs no second computation."""
    routes = plan.routes or _every_carrier(tuple(carriers))
    judged: list[Candidate] = []
    matching: list[Route] = []
    usable: list[Route] = []
    for route in routes:
        lost, detail = _mismatch(route, request)
        if lost is None:
            lost, detail = _obstacle(plan, route, request, carriers, exclude)
            if lost in (None, RouteLoss.UNUSABLE):
                matching.append(route)
            if lost is None:
                usable.append(route)
        judged.append(Candidate(route=route, lost=lost, detail=detail))
    winner = _best(usable or matching, turn)
    if winner is None:
        return Choice(candidates=tuple(judged))
    sender = sender_for(plan.sender_rules, carrier=winner.carrier, country=request.country, sender=request.sender)
    return Choice(
        carrier=winner.carrier,
        sender=request.sender if sender is None else sender,
        usable=bool(usable),
        candidates=tuple(_with_reason(winner, candidate, usable or matching) for candidate in judged),
    )


def _mismatch(route: Route, request: RoutingRequest) -> tuple[RouteLoss | None, str]:
    """Return the first condition that the message does not meet, with its value; None if it meets all."""
    if not route.enabled:
        return RouteLoss.OFF, ""
    if route.prefix and not request.msisdn.startswith(route.prefix):
        return RouteLoss.NUMBER, route.prefix
    if route.country and request.country != route.country:
        return RouteLoss.COUNTRY, route.country
    if route.account_id is not None and route.account_id not in request.lineage:
        return RouteLoss.ACCOUNT, ""
    if route.dialect and request.dialect != route.dialect:
        return RouteLoss.DIALECT, route.dialect
    if route.sender and not matches(route.sender, request.sender):
        return RouteLoss.SENDER, route.sender
    if route.label and not matches(route.label, request.label):
        return RouteLoss.LABEL, route.label
    if route.hours is not None and not route.hours.contains(request.at_ms):
        return RouteLoss.HOURS, route.hours.text
    return None, ""


def _obstacle(
    plan: RoutingPlan,
    route: Route,
    request: RoutingRequest,
    carriers: Mapping[str, CarrierState],
    exclude: frozenset[str],
) -> tuple[RouteLoss | None, str]:
    """Return why the route's carrier does not take the message, or not now, with details; None if it does."""
    state = carriers.get(route.carrier)
    if state is None:
        return RouteLoss.NO_CARRIER, ""
    if plan.sender_rules:
        rules = plan.sender_rules
        if sender_for(rules, carrier=route.carrier, country=request.country, sender=request.sender) is None:
            return RouteLoss.SENDER_REFUSED, ""
    if route.carrier in exclude:
        return RouteLoss.EXCLUDED, ""
    if state.trouble and not state.takes_one:
        return RouteLoss.UNUSABLE, state.trouble
    return None, ""


def _best(routes: Sequence[Route], turn: int) -> Route | None:
    """Pick the route of the lowest priority and cost; equal ones take turns by their weights."""
    if len(routes) <= 1:
        return routes[0] if routes else None
    first = min((route.priority, route.cost_microcredits) for route in routes)
    equals = [route for route in routes if (route.priority, route.cost_microcredits) == first]
    if len(equals) == 1:
        return equals[0]
    total = sum(route.weight for route in equals)
    place = turn * _stride(total) % total
    for route in equals:
        place -= route.weight
        if place < 0:
            return route
    return equals[-1]


def _with_reason(winner: Route, candidate: Candidate, able: Sequence[Route]) -> Candidate:
    """Add to a candidate that matches why the winner went before it."""
    route = candidate.route
    if route is winner:
        return Candidate(route=route)
    if candidate.lost is not None:
        return candidate
    if route.priority > winner.priority:
        return Candidate(route=route, lost=RouteLoss.PRIORITY, detail=str(winner.priority))
    if route.cost_microcredits > winner.cost_microcredits:
        return Candidate(route=route, lost=RouteLoss.COST, detail=f"{winner.cost_microcredits / 1_000_000:g}")
    equals = [other for other in able if _precedence(other) == _precedence(winner)]
    share = f"{route.weight} in {sum(other.weight for other in equals)}"
    return Candidate(route=route, lost=RouteLoss.TURN, detail=share)


def _precedence(route: Route) -> tuple[int, int]:
    return route.priority, route.cost_microcredits


@lru_cache(maxsize=256)
def _stride(total: int) -> int:
    """Return a step through ``total`` places that visits each once and keeps neighbors apart (near the golden
    section)."""
    step = max(round(total * 0.618), 1)
    while gcd(step, total) != 1:
        step += 1
    return step


@lru_cache(maxsize=64)
def _every_carrier(names: tuple[str, ...]) -> tuple[Route, ...]:
    return tuple(Route(id=0, carrier=name) for name in names)


def _title(route: Route) -> str:
    return f"{route.name} ({route.carrier})" if route.name else route.carrier
