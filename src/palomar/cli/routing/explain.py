"""``palomar route explain``: every route, and why it would take one message or not."""

import click

from palomar.app.data_directory import configured_senders
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.dialects import DIALECTS
from palomar.numbers.phone import Msisdn, country_of, parse_international
from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.routing.route_chooser import lineage
from palomar.routing.rules import Candidate, CarrierState, Choice, RoutingRequest, choose
from palomar.text.times import parse_gmt


@click.command("explain")
@click.argument("number")
@click.option("--account", "login", required=True, help="Whose message it would be.")
@click.option("--sender", default="", help="Its sender.  [default: the account's]")
@click.option("--label", default="", help="Its label.")
@click.option(
    "--dialect", type=click.Choice([dialect.name for dialect in DIALECTS]), default="foxsys", show_default=True
)
@click.option("--at", "moment", default="", help="When, GMT: 'YYYY-MM-DD HH:MM:SS'.  [default: now]")
@json_option
def explain(number: str, login: str, sender: str, label: str, dialect: str, moment: str, as_json: bool) -> None:
    """Show which route a message to NUMBER would take now, and why each of the others would not.

    The state of the carriers is what running servers last wrote; without one, all count as usable.
    """
    msisdn = parse_international(number)
    if msisdn is None:
        fail(f"{number!r} is no number with its country's prefix", 2)
    at_ms = parse_gmt(moment) if moment else None
    if moment and at_ms is None:
        fail(f"a time is 'YYYY-MM-DD HH:MM:SS', not {moment!r}", 2)

    async def work(context: CommandContext) -> tuple[Choice, dict[str, str]]:
        snapshot, account = await context.accounts(), await context.account(login)
        statuses = await context.database.read(list_carrier_status)
        states = _states(tuple(carrier.name for carrier in context.config.carriers), statuses)
        request = RoutingRequest(
            msisdn=msisdn,
            country=country_of(Msisdn(msisdn)) or "",
            sender=sender or (await configured_senders(context.config, context.database)).of(account, vendor="") or "",
            lineage=lineage(snapshot.by_id, account.id),
            label=label,
            dialect=dialect,
            at_ms=at_ms if at_ms is not None else context.clock.wall_ms(),
        )
        return choose(snapshot.plan, request, states, turn=0), {name: state.trouble for name, state in states.items()}

    choice, troubles = run(work)
    if as_json:
        show_json(
            {
                "carrier": choice.carrier,
                "sender": choice.sender,
                "usable": choice.usable,
                "candidates": [_candidate_view(candidate) for candidate in choice.candidates],
            }
        )
        return
    show_table(
        ("route", "carrier", "verdict"),
        [
            (candidate.route.id or "", candidate.route.carrier, candidate.why or _verdict(choice, troubles))
            for candidate in choice.candidates
        ],
    )
    if not choice.carrier:
        click.echo("\nNo route takes it: the message would be blocked, and cost nothing.")
    elif choice.sender != sender and sender:
        click.echo(f"\nThe carrier would be told the sender {choice.sender}.")


def _candidate_view(candidate: Candidate) -> dict[str, object]:
    return {
        "route": candidate.route.id,
        "name": candidate.route.name,
        "carrier": candidate.route.carrier,
        "chosen": candidate.lost is None,
        "why": candidate.why,
    }


def _states(names: tuple[str, ...], statuses: list[CarrierStatus]) -> dict[str, CarrierState]:
    """Build the state of each carrier: usable if some running node can use it, or if none has written anything."""
    known: dict[str, list[str]] = {}
    for status in statuses:
        known.setdefault(status.carrier, []).append(status.trouble)
    return {name: CarrierState(name=name, trouble=min(known.get(name, [""]), key=len)) for name in names}


def _verdict(choice: Choice, troubles: dict[str, str]) -> str:
    return "takes it" if choice.usable else f"would take it, and waits: {troubles[choice.carrier]}"
