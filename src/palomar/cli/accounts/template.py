"""``palomar template``: an account's stored texts."""

import click

from palomar.accounts import templates
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.storage.database import Transaction
from palomar.text.alphabets import has_unusable_characters
from palomar.vocabulary.template import LONGEST, is_name


@click.group()
def template() -> None:
    """Templates: {name} in a text stands for a stored one, where the account's setting templates is on."""


@template.command("set")
@click.argument("login")
@click.argument("name")
@click.argument("text")
def set_template(login: str, name: str, text: str) -> None:
    """Store TEXT under NAME; it replaces a text that NAME had."""
    if is_name(name) is None:
        fail("a template's name is up to 40 letters, digits, - and _", 2)
    if not text or len(text) > LONGEST or has_unusable_characters(text):
        fail(f"a template is a text of up to {LONGEST} characters", 2)

    async def work(context: CommandContext) -> bool:
        account = await context.account(login)

        async def script(tx: Transaction) -> bool:
            await templates.set_template(tx, account.id, name, text)
            return account.settings.templates

        return await context.database.write(script)

    if not run(work):
        click.echo(f"palomar: it has no effect before: palomar account set {login} templates=on", err=True)


@template.command("list")
@click.argument("login")
@json_option
def list_templates(login: str, as_json: bool) -> None:
    """List an account's templates."""

    async def work(context: CommandContext) -> dict[str, str]:
        account = await context.account(login)
        return await context.database.read(templates.list_templates, account.id)

    found = run(work)
    if as_json:
        show_json(found)
    else:
        show_table(("name", "text"), list(found.items()))


@template.command("remove")
@click.argument("login")
@click.argument("name")
def remove_template(login: str, name: str) -> None:
    """Remove a template: {NAME} is then sent as it is written."""

    async def work(context: CommandContext) -> bool:
        account = await context.account(login)
        return await context.database.write(templates.remove_template, account.id, name)

    if not run(work):
        fail(f"{login} has no template {name!r}")
