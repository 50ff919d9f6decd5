"""``palomar route``: rules that say which carrier takes a message."""

import click

from palomar.app.config import is_configured
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.cli.tree import CommandTree
from palomar.dialects import DIALECTS
from palomar.numbers.countries import COUNTRIES
from palomar.routing import rules_store
from palomar.routing.hours import Hours, HoursError, parse_hours
from palomar.routing.rules import Route
from palomar.vocabulary.credit import Microcredits, format_exact, parse_credits


@click.group(cls=CommandTree, offered={"explain": "routing.explain:explain"})
def route() -> None:
    """Routes: rules that say which carrier takes a message. Without any, the carriers take turns."""


@route.command("add")
@click.argument("carrier")
@click.option("--name", default="", help="A word to know it by.")
@click.option("--priority", type=click.IntRange(0, 1_000_000), default=10, show_default=True, help="The lowest first.")
@click.option("--weight", type=click.IntRange(1, 1_000), default=1, show_default=True, help="Its share among equals.")
@click.option(
    "--cost", default="0", show_default=True, help="Credits a part: of equal priorities the cheapest goes first."
)
@click.option("--prefix", default="", help="Only numbers that begin so.")
@click.option("--country", default="", help="Only numbers of this country (ISO code).")
@click.option("--sender", default="", help="Only this sender; * at its end is anything.")
@click.option("--account", "login", help="Only this account and those below it.")
@click.option("--label", default="", help="Only this label; * at its end is anything.")
@click.option(
    "--dialect", type=click.Choice([dialect.name for dialect in DIALECTS]), help="Only what came by this API."
)
@click.option("--hours", default="", help="Only then, such as 'mon-fri 08:00-20:00 Europe/Madrid'.")
@json_option
def add_route(
    carrier: str,
    name: str,
    priority: int,
    weight: int,
    cost: str,
    prefix: str,
    country: str,
    sender: str,
    login: str | None,
    label: str,
    dialect: str | None,
    hours: str,
    as_json: bool,
) -> None:
    """Let messages that meet all conditions go by CARRIER."""
    microcredits, opening = _cost(cost), _hours(hours)
    if prefix and not (prefix.isascii() and prefix.isdigit()):
        fail(f"a prefix is the first digits of a number, not {prefix!r}", 2)
    if country and country.upper() not in COUNTRIES:
        fail(f"a country is an ISO 3166 code such as ES, not {country!r}", 2)

    async def work(context: CommandContext) -> Route:
        if not is_configured(context.config, carrier):
            click.echo(f"palomar: no carrier {carrier!r} is configured here: nothing goes by it until one is", err=True)
        account = await context.account(login) if login else None
        new = Route(
            id=0,
            name=name,
            carrier=carrier,
            priority=priority,
            weight=weight,
            cost_microcredits=microcredits,
            prefix=prefix,
            country=country.upper(),
            sender=sender,
            account_id=account.id if account else None,
            label=label,
            dialect=dialect or "",
            hours=opening,
        )
        return await context.database.write(rules_store.add_route, new)

    added = run(work, creates=True)
    if as_json:
        show_json(_view(added, {}))
    else:
        click.echo(f"Route {added.id} takes messages to {carrier}. Try it: ./run route explain NUMBER --account LOGIN")


@route.command("list")
@json_option
def list_routes(as_json: bool) -> None:
    """List all routes, in the order in which they are preferred."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        logins: dict[object, str] = {account.id: account.login for account in (await context.accounts()).by_id.values()}
        return [_view(found, logins) for found in (await context.database.read(rules_store.load_plan)).routes]

    views = run(work)
    if as_json:
        show_json(views)
        return
    show_table(
        ("id", "carrier", "priority", "cost", "weight", "name", "for", "on"),
        [
            (
                *(view[column] for column in ("id", "carrier", "priority", "cost", "weight", "name")),
                " ".join(f"{name}={view[name]}" for name in _CONDITIONS if view[name]) or "everything",
                "on" if view["enabled"] else "off",
            )
            for view in views
        ],
    )


@route.command("on")
@click.argument("identity", metavar="ID", type=int)
def switch_on(identity: int) -> None:
    """Let a route take messages again."""
    _switch(identity, enabled=True)


@route.command("off")
@click.argument("identity", metavar="ID", type=int)
def switch_off(identity: int) -> None:
    """Keep a route, and let it take nothing."""
    _switch(identity, enabled=False)


@route.command("remove")
@click.argument("identity", metavar="ID", type=int)
def remove_route(identity: int) -> None:
    """Remove a route."""
    if not run(lambda context: context.database.write(rules_store.remove_route, identity)):
        fail(f"there is no route {identity} (palomar route list)")


_CONDITIONS = ("prefix", "country", "sender", "account", "label", "dialect", "hours")


def _switch(identity: int, *, enabled: bool) -> None:
    if not run(lambda context: context.database.write(rules_store.switch_route, identity, enabled=enabled)):
        fail(f"there is no route {identity} (palomar route list)")


def _cost(text: str) -> int:
    cost = parse_credits(text)
    if cost is None:
        fail(f"a cost is an amount of credits such as 0.025, not {text!r}", 2)
    return cost


def _hours(text: str) -> Hours | None:
    if not text:
        return None
    try:
        return parse_hours(text)
    except HoursError as error:
        fail(str(error), 2)


def _view(found: Route, logins: dict[object, str]) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "carrier": found.carrier,
        "priority": found.priority,
        "weight": found.weight,
        "cost": format_exact(Microcredits(found.cost_microcredits)),
        "prefix": found.prefix,
        "country": found.country,
        "sender": found.sender,
        "account": logins.get(found.account_id, "") if found.account_id else "",
        "label": found.label,
        "dialect": found.dialect,
        "hours": found.hours.text if found.hours else "",
        "enabled": found.enabled,
    }
