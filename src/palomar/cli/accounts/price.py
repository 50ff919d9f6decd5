"""``palomar price``: rates by country, everybody's and each account's own, read and written as CSV."""

import csv
import sys
from typing import IO

import click

from palomar.billing import prices
from palomar.billing.prices import DEFAULT_RATE_MICROCREDITS
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.numbers.countries import COUNTRIES
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.credit import Microcredits, as_number, format_exact, parse_credits

account_option = click.option("--account", "login", help="This account's own rates.  [default: everybody's]")
HEADINGS = ("isocode", "prefix", "name", "credits")


@click.group()
def price() -> None:
    """Prices: what a part costs, by country; an account's own rates go before everybody's."""


@price.command("list")
@account_option
@json_option
def list_prices(login: str | None, as_json: bool) -> None:
    """List the rates that were set; every other country costs one credit a part."""
    rows = _rows(login)
    if as_json:
        show_json([dict(zip(HEADINGS, (*row[:3], as_number(row[3])), strict=True)) for row in rows])
        return
    show_table(HEADINGS, [(*row[:3], format_exact(row[3])) for row in rows])
    click.echo(f"Every other country: {format_exact(Microcredits(DEFAULT_RATE_MICROCREDITS))}")


@price.command("set")
@click.argument("assignments", nargs=-1, required=True, metavar="COUNTRY=CREDITS...")
@account_option
def set_prices(assignments: tuple[str, ...], login: str | None) -> None:
    """Set rates, for example ES=0.89 MX=0.5; COUNTRY= takes a rate away."""
    rates: list[tuple[str, int]] = []
    removed: list[str] = []
    for assignment in assignments:
        country, equals, credit = assignment.partition("=")
        if not equals:
            fail(f"COUNTRY=CREDITS is expected, not {assignment!r}", 2)
        if credit:
            rates.append(_rate(country, credit, where=assignment))
        else:
            removed.append(country.upper())

    async def work(context: CommandContext) -> None:
        account_id = await _owner(context, login)

        async def script(tx: Transaction) -> None:
            await prices.set_rates(tx, account_id, rates)
            await prices.remove_rates(tx, account_id, removed)

        await context.database.write(script)

    run(work, creates=True)
    click.echo(f"{len(rates)} rates set, {len(removed)} taken away.")


@price.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@account_option
def import_prices(file: IO[str], login: str | None) -> None:
    """Read rates from a CSV file (isocode,prefix,name,credits or isocode,credits; - is stdin).

    Nothing is written unless every line is good.
    """
    rates: list[tuple[str, int]] = []
    for number, row in enumerate(csv.reader(file), 1):
        if not row or (number == 1 and row[0].strip().lower() == HEADINGS[0]):
            continue
        if len(row) not in (2, 4):
            fail(f"line {number}: two or four fields are expected, not {len(row)}", 2)
        rates.append(_rate(row[0], row[-1], where=f"line {number}"))

    async def work(context: CommandContext) -> None:
        account_id = await _owner(context, login)
        slices = [rates[start : start + prices.SLICE] for start in range(0, len(rates), prices.SLICE)]
        with click.progressbar(slices, label="Importing", file=sys.stderr) as progress:
            for some in progress:
                await context.database.write(prices.set_rates, account_id, some)

    run(work, creates=True)
    click.echo(f"{len(rates)} rates set.")


@price.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8"), default="-")
@account_option
def export_prices(file: IO[str], login: str | None) -> None:
    """Write the rates that were set as CSV (default: stdout)."""
    rows = _rows(login)
    writer = csv.writer(file)
    writer.writerow(HEADINGS)
    with click.progressbar(rows, label="Exporting", file=sys.stderr) as progress:
        for row in progress:
            writer.writerow((*row[:3], format_exact(row[3])))


def _rows(login: str | None) -> list[tuple[str, str, str, Microcredits]]:
    async def work(context: CommandContext) -> list[tuple[str, int]]:
        account_id = await _owner(context, login)
        return await context.database.read(prices.rates_of, account_id)

    rows = []
    for iso, rate in run(work):
        country = COUNTRIES.get(iso)
        rows.append((iso, country.calling_code if country else "", country.name if country else "", Microcredits(rate)))
    return rows


async def _owner(context: CommandContext, login: str | None) -> AccountId:
    return (await context.account(login)).id if login else prices.EVERYBODY


def _rate(country: str, credit: str, *, where: str) -> tuple[str, int]:
    iso = country.strip().upper()
    if iso not in COUNTRIES:
        fail(f"{where}: {country!r} is no ISO country code", 2)
    rate = parse_credits(credit.strip())
    if rate is None:
        fail(f"{where}: credits are a decimal number with at most six decimals, not {credit!r}", 2)
    return iso, rate
