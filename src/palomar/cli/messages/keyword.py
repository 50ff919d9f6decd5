"""``palomar keyword``: first words of inbound messages that decide whose they are, on numbers that accounts share."""

import click

from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.inbound import numbers
from palomar.numbers.phone import plain_address
from palomar.text.times import format_gmt
from palomar.vocabulary.opt_out_words import first_word


@click.group()
def keyword() -> None:
    """Keywords: an inbound message that begins with one goes to its account, whoever owns the number."""


@keyword.command("add")
@click.argument("number")
@click.argument("word")
@click.option("--account", "login", required=True, help="Whose it is.")
@click.option("--url", default="", help="Where its messages go.  [default: the account's inboundurl]")
@json_option
def add_keyword(number: str, word: str, login: str, url: str, as_json: bool) -> None:
    """Give WORD of NUMBER to an account; case and accents do not count."""
    plain, first = plain_address(number), _word(word)
    if url and not url.startswith(("http://", "https://")):
        fail(f"{url!r} is no http or https URL", 2)

    async def work(context: CommandContext) -> bool:
        new = numbers.Keyword(
            number=plain,
            word=first,
            account_id=(await context.account(login)).id,
            url=url,
            created_ms=context.clock.wall_ms(),
        )
        return await context.database.write(numbers.add_keyword, new)

    if not run(work):
        fail(f"{first} of {plain} is an account's already (palomar keyword list)")
    if as_json:
        show_json({"number": plain, "word": first, "account": login, "url": url})
    else:
        click.echo(f"What begins with {first} and is written to {plain} is {login}'s.")


@keyword.command("list")
@json_option
def list_keywords(as_json: bool) -> None:
    """List all keywords."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        logins = {account.id: account.login for account in (await context.accounts()).by_id.values()}
        return [
            {
                "number": found.number,
                "word": found.word,
                "account": logins.get(found.account_id, ""),
                "url": found.url,
                "since": format_gmt(found.created_ms),
            }
            for found in await context.database.read(numbers.list_keywords)
        ]

    views = run(work)
    if as_json:
        show_json(views)
        return
    columns = ("number", "word", "account", "url", "since")
    show_table(columns, [[view[column] for column in columns] for view in views])


@keyword.command("remove")
@click.argument("number")
@click.argument("word")
def remove_keyword(number: str, word: str) -> None:
    """Remove a keyword: messages that begin with it go to the number's owner from then on."""
    plain, first = plain_address(number), _word(word)
    if not run(lambda context: context.database.write(numbers.remove_keyword, plain, first)):
        fail(f"{first} of {plain} is no account's (palomar keyword list)")


def _word(text: str) -> str:
    word = first_word(text)
    if not word or " " in text.strip():
        fail(f"a keyword is one word, not {text!r}", 2)
    return word
