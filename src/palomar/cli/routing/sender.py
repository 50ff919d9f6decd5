"""``palomar sender``: rules for the sender that a carrier or country accepts."""

import click

from palomar.cli.root import fail, json_option, run, show_json, show_table
from palomar.numbers.countries import COUNTRIES
from palomar.numbers.sender import parse_sender
from palomar.routing import rules_store
from palomar.routing.sender_rules import SenderAction, SenderForm, SenderRule


@click.group()
def sender() -> None:
    """Sender rules by carrier and country: pass, replace, or do not go there. The most particular rule decides."""


@sender.command("add")
@click.argument("action", type=click.Choice([action.value for action in SenderAction]), metavar="ACTION")
@click.argument("replacement", required=False, default="")
@click.option("--carrier", default="", help="Only with this carrier.")
@click.option("--country", default="", help="Only to this country (ISO code).")
@click.option(
    "--form",
    type=click.Choice([form.value for form in SenderForm]),
    default="any",
    show_default=True,
    help="Only such senders.",
)
@json_option
def add_rule(action: str, replacement: str, carrier: str, country: str, form: str, as_json: bool) -> None:
    """Add a rule: pass, replace REPLACEMENT (a number or a name), or refuse."""
    if (action == SenderAction.REPLACE) != bool(replacement):
        fail("replace needs what to send instead, and nothing else takes it", 2)
    if replacement and parse_sender(replacement) is None:
        fail(f"{replacement!r} is no sender: a name of up to 11 characters, or up to 16 digits", 2)
    if country and country.upper() not in COUNTRIES:
        fail(f"a country is an ISO 3166 code such as ES, not {country!r}", 2)
    new = SenderRule(
        id=0,
        carrier=carrier,
        country=country.upper(),
        form=SenderForm(form),
        action=SenderAction(action),
        replacement=replacement,
    )
    added = run(lambda context: context.database.write(rules_store.add_sender_rule, new), creates=True)
    if as_json:
        show_json(_view(added))
    else:
        click.echo(f"Sender rule {added.id} is in force.")


@sender.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """List all sender rules, the most particular first."""
    views = [_view(rule) for rule in run(lambda context: context.database.read(rules_store.load_plan)).sender_rules]
    if as_json:
        show_json(views)
        return
    columns = ("id", "carrier", "country", "form", "action", "replacement")
    show_table(columns, [[view[column] for column in columns] for view in views])


@sender.command("remove")
@click.argument("identity", metavar="ID", type=int)
def remove_rule(identity: int) -> None:
    """Remove a sender rule."""
    if not run(lambda context: context.database.write(rules_store.remove_sender_rule, identity)):
        fail(f"there is no sender rule {identity} (palomar sender list)")


def _view(rule: SenderRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "carrier": rule.carrier,
        "country": rule.country,
        "form": rule.form.value,
        "action": rule.action.value,
        "replacement": rule.replacement,
    }
