"""Stores routes, sender rules and lanes. People write them; every node applies a change within a second.

Not here: how they are applied (``routing.rules``, ``routing.sender_rules``).
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from palomar.routing import rule_rows as rows
from palomar.routing.hours import parse_hours
from palomar.routing.rules import Route, RoutingPlan
from palomar.routing.sender_rules import SenderAction, SenderForm, SenderRule, in_order
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Lane, Rank


async def load_plan(tx: Transaction) -> RoutingPlan:
    """Read all rules."""
    return RoutingPlan(
        routes=tuple(_route(row) for row in await tx.select(rows.SELECT_ROUTES)),
        sender_rules=in_order(_sender_rule(row) for row in await tx.select(rows.SELECT_SENDER_RULES)),
        lanes=tuple(_lane(row) for row in await tx.select(rows.SELECT_LANES)),
    )


async def add_route(tx: Transaction, route: Route) -> Route:
    """Add a route; return it with its id."""
    added = replace(route, id=_next_id((await load_plan(tx)).routes))
    hours = added.hours.text if added.hours else ""
    row = (added.id, added.name, added.carrier, added.priority, added.weight, added.cost_microcredits, added.prefix)
    more = (added.country, added.sender, added.account_id, added.label, added.dialect, hours, int(added.enabled))
    await tx.insert(rows.INSERT_ROUTES, [row + more])
    await tx.execute(BUMP_VERSION)
    return added


async def switch_route(tx: Transaction, identity: int, *, enabled: bool) -> bool:
    """Switch a route on or off; return False if there is none."""
    return await _bump_if_changed(tx, await tx.execute(rows.SWITCH_ROUTE, int(enabled), identity))


async def remove_route(tx: Transaction, identity: int) -> bool:
    """Remove a route; return False if there is none."""
    return await _bump_if_changed(tx, await tx.execute(rows.DELETE_ROUTE, identity))


async def add_sender_rule(tx: Transaction, rule: SenderRule) -> SenderRule:
    """Add a sender rule; return it with its id."""
    added = replace(rule, id=_next_id((await load_plan(tx)).sender_rules))
    row = (added.id, added.carrier, added.country, added.form, added.action, added.replacement)
    await tx.insert(rows.INSERT_SENDER_RULES, [row])
    await tx.execute(BUMP_VERSION)
    return added


async def remove_sender_rule(tx: Transaction, identity: int) -> bool:
    """Remove a sender rule; return False if there is none."""
    return await _bump_if_changed(tx, await tx.execute(rows.DELETE_SENDER_RULE, identity))


async def add_lane(tx: Transaction, lane: Lane) -> Lane | None:
    """Add a lane behind the others; return it with its id, or None if its name is taken."""
    lanes = (await load_plan(tx)).lanes
    if lane.name in {other.name for other in lanes}:
        return None
    added = replace(lane, id=_next_id(lanes))
    pattern = added.pattern.pattern if added.pattern else ""
    row = (added.id, added.name, int(added.rank), added.account_id, added.label, added.sender, pattern)
    resend = (added.resend_times, added.resend_pause, added.resend_factor)
    await tx.insert(rows.INSERT_LANES, [(*row, added.useless_after_seconds, int(added.flash), *resend)])
    await tx.execute(BUMP_VERSION)
    return added


async def remove_lane(tx: Transaction, name: str) -> bool:
    """Remove a lane; return False if there is none. Messages in it keep their rank and their deadline."""
    return await _bump_if_changed(tx, await tx.execute(rows.DELETE_LANE, name))


async def _bump_if_changed(tx: Transaction, count: int) -> bool:
    if count:
        await tx.execute(BUMP_VERSION)
    return count == 1


def _next_id(known: Sequence[Route] | Sequence[SenderRule] | Sequence[Lane]) -> int:
    return max((rule.id for rule in known), default=0) + 1


def _route(row: ResultRow) -> Route:
    identity, name, carrier, priority, weight, cost, prefix, country, sender, account_id, *rest = row
    label, dialect, hours, enabled = rest
    return Route(
        id=identity,
        name=name,
        carrier=carrier,
        priority=priority,
        weight=weight,
        cost_microcredits=cost,
        prefix=prefix,
        country=country,
        sender=sender,
        account_id=None if account_id is None else AccountId(account_id),
        label=label,
        dialect=dialect,
        hours=parse_hours(hours) if hours else None,
        enabled=bool(enabled),
    )


def _sender_rule(row: ResultRow) -> SenderRule:
    identity, carrier, country, form, action, replacement = row
    return SenderRule(
        id=identity,
        carrier=carrier,
        country=country,
        form=SenderForm(form),
        action=SenderAction(action),
        replacement=replacement,
    )


def _lane(row: ResultRow) -> Lane:
    identity, name, rank, account_id, label, sender, pattern, useless_after_seconds, flash, *resend = row
    times, pause, factor = resend
    return Lane(
        id=identity,
        name=name,
        rank=Rank(rank),
        account_id=None if account_id is None else AccountId(account_id),
        label=label,
        sender=sender,
        pattern=re.compile(pattern, re.IGNORECASE) if pattern else None,
        useless_after_seconds=useless_after_seconds,
        flash=bool(flash),
        resend_times=times,
        resend_pause=pause,
        resend_factor=factor,
    )
