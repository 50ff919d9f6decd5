"""``palomar number`` and ``palomar blacklist``: which account gets what phones write, and which phones get nothing."""

from collections.abc import Sequence

import click

from palomar.acceptance.filters import EVERYBODY
from palomar.accounts import blacklist as black_lists
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.inbound import numbers
from palomar.numbers.phone import parse_international, plain_address
from palomar.text.times import format_gmt
from palomar.vocabulary.account import AccountId


@click.group()
def number() -> None:
    """Virtual numbers: which account gets what phones write to them."""


@number.command("add")
@click.argument("address", metavar="NUMBER")
@click.option("--account", "login", required=True, help="Whose it is.")
@click.option("--url", default="", help="Where its messages go.  [default: the account's inboundurl]")
@click.option("--stop-words", help="Words that block the phone, with commas; empty is none.  [default: the account's]")
@click.option("--start-words", help="Words that lift it; empty is none.  [default: the account's]")
@json_option
def add_number(
    address: str, login: str, url: str, stop_words: str | None, start_words: str | None, as_json: bool
) -> None:
    """Give a number, or a short code, to an account."""
    plain = _address(address)
    if url and not url.startswith(("http://", "https://")):
        fail(f"{url!r} is no http or https URL", 2)

    async def work(context: CommandContext) -> bool:
        new = numbers.VirtualNumber(
            number=plain,
            account_id=(await context.account(login)).id,
            url=url,
            stop_words=_words(stop_words),
            start_words=_words(start_words),
            created_ms=context.clock.wall_ms(),
        )
        return await context.database.write(numbers.add_number, new)

    if not run(work):
        fail(f"{plain} is an account's already (palomar number list)")
    if as_json:
        show_json({"number": plain, "account": login, "url": url})
    else:
        click.echo(f"{plain} is {login}'s.")


@number.command("list")
@json_option
def list_numbers(as_json: bool) -> None:
    """List all virtual numbers."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        logins = {found.id: found.login for found in (await context.accounts()).by_id.values()}
        return [
            {
                "number": found.number,
                "account": logins.get(found.account_id, ""),
                "url": found.url,
                "stop_words": None if found.stop_words is None else list(found.stop_words),
                "start_words": None if found.start_words is None else list(found.start_words),
                "since": format_gmt(found.created_ms),
            }
            for found in await context.database.read(numbers.list_numbers)
        ]

    views = run(work)
    if as_json:
        show_json(views)
        return
    columns = ("number", "account", "url", "since")
    show_table(columns, [[view[column] for column in columns] for view in views])


@number.command("remove")
@click.argument("address", metavar="NUMBER")
@json_option
def remove_number(address: str, as_json: bool) -> None:
    """Take a number away from its account; later messages to it belong to no account."""
    plain = _address(address)
    if not run(lambda context: context.database.write(numbers.remove_number, plain)):
        fail(f"{plain} is no account's (palomar number list)")
    if as_json:
        show_json({"number": plain, "removed": True})
    else:
        click.echo(f"{plain} is nobody's now.")


@number.command("unclaimed")
@json_option
def list_unclaimed(as_json: bool) -> None:
    """List numbers that phones wrote to and that no account has: how often, and when last."""
    unclaimed = run(lambda context: context.database.read(numbers.list_unclaimed))
    columns = ("number", "messages", "last")
    rows = [(found.number, found.messages, format_gmt(found.last_ms)) for found in unclaimed]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows)


@click.group()
def blacklist() -> None:
    """Black lists: phones that get nothing, from one account or from anybody."""


_account_option = click.option("--account", "login", help="The list of this account.  [default: everybody's]")


@blacklist.command("add")
@click.argument("phones", nargs=-1, required=True, metavar="NUMBER...")
@_account_option
@json_option
def add_blocked(phones: tuple[str, ...], login: str | None, as_json: bool) -> None:
    """Put numbers on a black list."""
    wanted = _phones(phones)

    async def work(context: CommandContext) -> int:
        owner, now_ms = await _owner(context, login), context.clock.wall_ms()
        return await context.database.write(black_lists.block, owner, wanted, now_ms=now_ms)

    _print_count("added", run(work, creates=True), as_json)


@blacklist.command("remove")
@click.argument("phones", nargs=-1, required=True, metavar="NUMBER...")
@_account_option
@json_option
def remove_blocked(phones: tuple[str, ...], login: str | None, as_json: bool) -> None:
    """Take numbers off a black list, also those that opted out."""
    wanted = [parse_international(phone) or plain_address(phone) for phone in phones]

    async def work(context: CommandContext) -> int:
        owner = await _owner(context, login)
        return await context.database.write(black_lists.unblock, owner, wanted)

    _print_count("removed", run(work), as_json)


@blacklist.command("list")
@_account_option
@json_option
def list_blocked(login: str | None, as_json: bool) -> None:
    """List the numbers of a black list: since when, and by which word of the phone."""

    async def work(context: CommandContext) -> list[black_lists.Blocked]:
        owner = await _owner(context, login)
        found: list[black_lists.Blocked] = []
        while True:
            page = await context.database.read(black_lists.list_blocked, owner, after=found[-1].msisdn if found else "")
            found.extend(page)
            if len(page) < black_lists.PAGE:
                return found

    columns = ("msisdn", "word", "since")
    rows = [(entry.msisdn, entry.word, format_gmt(entry.since_ms)) for entry in run(work)]
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show_table(columns, rows)


async def _owner(context: CommandContext, login: str | None) -> AccountId:
    return (await context.account(login)).id if login else EVERYBODY


def _address(text: str) -> str:
    plain = plain_address(text)
    if not plain or len(plain) > 21 or not plain.isascii() or not plain.isalnum():
        fail(f"{text!r} is no number or short code", 2)
    return plain


def _phones(texts: Sequence[str]) -> list[str]:
    found = []
    for text in texts:
        msisdn = parse_international(text)
        if msisdn is None:
            fail(f"{text!r} is no international number (for example 34600000001)", 2)
        found.append(msisdn)
    return [str(msisdn) for msisdn in found]


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _print_count(verb: str, count: int, as_json: bool) -> None:
    if as_json:
        show_json({verb: count})
    else:
        click.echo(f"{count} numbers {verb}.")
