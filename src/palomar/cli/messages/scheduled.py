"""``palomar scheduled``: messages that are to be sent later."""

import click

from palomar.acceptance import scheduled as schedule
from palomar.cli.messages.message import find_messages
from palomar.cli.root import CommandContext, json_option, run, show_json, show_table
from palomar.reports.search_terms import SearchFilter
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.message_rows import MessageRow
from palomar.transaction.work import Work
from palomar.vocabulary.message import State, public_id


@click.group()
def scheduled() -> None:
    """Scheduled messages: list, cancel, send now."""


@scheduled.command("list")
@click.option("--account", "login", help="Only this account's.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many.")
@json_option
def list_scheduled(login: str | None, limit: int, as_json: bool) -> None:
    """List the messages that wait for their time (times are GMT)."""

    async def work(context: CommandContext) -> list[MessageRow]:
        account = await context.account(login) if login else None
        account_ids = frozenset([account.id]) if account else None
        return await find_messages(context, SearchFilter(account_ids=account_ids, state=State.SCHEDULED), most=limit)

    rows = sorted(run(work), key=lambda row: row.due_ms)
    columns = ("due", "id", "subid", "msisdn", "text")
    views = [(format_gmt(row.due_ms), public_id(row.id), row.request_ref, row.msisdn, row.text) for row in rows]
    if as_json:
        show_json([dict(zip(columns, view, strict=True)) for view in views])
    else:
        show_table(columns, views)


@scheduled.command("cancel")
@click.argument("login")
@click.option("--subid", default="", help="Only those of this request.")
@json_option
def cancel(login: str, subid: str, as_json: bool) -> None:
    """Cancel an account's scheduled messages; their credit comes back."""
    _print_count("cancelled", _change(login, subid, send=False), as_json)


@scheduled.command("send")
@click.argument("login")
@click.option("--subid", default="", help="Only those of this request.")
@json_option
def send(login: str, subid: str, as_json: bool) -> None:
    """Send an account's scheduled messages now."""
    _print_count("sent", _change(login, subid, send=True), as_json)


def _change(login: str, subid: str, *, send: bool) -> int:
    async def work(context: CommandContext) -> int:
        account = await context.account(login)
        transaction_context = context.transaction_context(await context.accounts())
        order = schedule.ScheduledChange(account_id=account.id, request_ref=subid)
        total = 0
        while True:

            async def script(tx: Transaction) -> int:
                unit = Work(tx, transaction_context, now_ms=context.clock.wall_ms())
                (count,) = await (schedule.send_now if send else schedule.cancel)(unit, [order])
                await unit.finish()
                await tx.execute(BUMP_VERSION)
                return count

            count = await context.database.write(script)
            total += count
            if count < schedule.AT_ONCE:
                return total

    return run(work)


def _print_count(verb: str, count: int, as_json: bool) -> None:
    if as_json:
        show_json({verb: count})
    else:
        click.echo(f"{count} scheduled messages {verb}.")
