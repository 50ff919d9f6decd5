"""``palomar carrier``: the carriers and their links, what was learned of them, and receipts without a message."""

from collections.abc import Mapping, Sequence

import click

from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.console.formats import age_text
from palomar.console.stall_texts import stall_text
from palomar.receipts import lessons
from palomar.receipts.orphan_rows import OrphanRow
from palomar.reports.messages import count_orphans, list_orphans
from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.routing.waiting_counts import WaitingCount, count_waiting
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt


@click.group()
def carrier() -> None:
    """Carriers: their links, what was learned of them, and receipts that found no message."""


@carrier.command("list")
@json_option
def list_carriers(as_json: bool) -> None:
    """List every carrier, and its links at every running server (as of its last change)."""

    async def work(
        context: CommandContext,
    ) -> tuple[tuple[str, ...], list[CarrierStatus], dict[str, WaitingCount], int]:
        now_ms = context.clock.wall_ms()

        async def script(tx: Transaction) -> tuple[list[CarrierStatus], dict[str, WaitingCount]]:
            return await list_carrier_status(tx, now_ms=now_ms), await count_waiting(tx, now_ms=now_ms)

        statuses, waiting = await context.database.read(script)
        return tuple(entry.name for entry in context.config.carriers), statuses, waiting, now_ms

    names, statuses, waiting, now_ms = run(work)
    if as_json:
        show_json([_status_view(status) for status in statuses])
        return
    rows: list[tuple[object, ...]] = [
        (status.carrier, link.name, "bound" if link.bound else "down", link.window, _trouble(status, link.last_error))
        for status in statuses
        for link in status.links
    ]
    known = {status.carrier for status in statuses}
    rows += [(name, "", "", "", "no server runs") for name in names if name not in known]
    show_table(("carrier", "link", "state", "window", "what is in the way"), rows)
    for line in waiting_lines(statuses, waiting, now_ms):
        click.echo(line)


@carrier.command("lessons")
@json_option
def list_lessons(as_json: bool) -> None:
    """List what was learned of carriers, such as how their receipts spell ids."""
    found = run(lambda context: context.database.read(lessons.list_lessons))
    views = [
        {
            "carrier": lesson.carrier,
            "subject": lesson.subject,
            "value": lesson.value,
            "since": format_gmt(lesson.learned_ms),
        }
        for lesson in found
    ]
    if as_json:
        show_json(views)
        return
    columns = ("carrier", "subject", "value", "since")
    show_table(columns, [[view[column] for column in columns] for view in views])


@carrier.command("unlearn")
@click.argument("name", metavar="CARRIER")
@click.argument("subject", default=lessons.RECEIPT_IDS)
def unlearn(name: str, subject: str) -> None:
    """Forget what was learned of a carrier; it is learned again."""
    if not run(lambda context: context.database.write(lessons.unlearn, name, subject)):
        fail(f"nothing was learned of {name} on {subject} (palomar carrier lessons)")


@carrier.command("orphans")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="At most so many.")
@json_option
def orphans(limit: int, as_json: bool) -> None:
    """List receipts that found no message, newest first; they are kept for a week, in case their message turns up."""

    async def work(context: CommandContext) -> tuple[dict[str, int], list[OrphanRow]]:
        async def script(tx: Transaction) -> tuple[dict[str, int], list[OrphanRow]]:
            return await count_orphans(tx), await list_orphans(tx, before=None, limit=limit)

        return await context.database.read(script)

    counts, found = run(work)
    views = [_orphan_view(orphan) for orphan in found]
    if as_json:
        show_json(views)
        return
    columns = ("received", "carrier", "reference", "stat", "msisdn")
    show_table(columns, [[view[column] for column in columns] for view in views])
    click.echo("\nIn all: " + (", ".join(f"{count} of {name}" for name, count in counts.items()) or "none"))


def waiting_lines(statuses: Sequence[CarrierStatus], waiting: Mapping[str, WaitingCount], now_ms: int) -> list[str]:
    """Write one line for each carrier that parts wait for: how many, since when, and why."""
    known = {status.carrier: status for status in statuses}
    return [waiting_line(name, one, known.get(name), now_ms) for name, one in waiting.items()]


def waiting_line(name: str, waiting: WaitingCount, status: CarrierStatus | None, now_ms: int) -> str:
    """Write what waits for one carrier: ``main: 2,913 parts wait, the oldest for 20 s; none has left for 8 s: …``."""
    line = f"{name or 'without a carrier'}: {waiting.parts:,} parts wait, the oldest for"
    line = f"{line} {age_text(now_ms - waiting.oldest_ms, 'en')}"
    if status is None:
        return line if not name else f"{line}; no server runs that has it"
    if not status.idle_since_ms:
        return f"{line}; they leave"
    idle = age_text(now_ms - status.idle_since_ms, "en")
    return f"{line}; none has left for {idle}: {stall_text(status)}"


def _trouble(status: CarrierStatus, last_error: str) -> str:
    return last_error or status.trouble


def _status_view(status: CarrierStatus) -> dict[str, object]:
    return {
        "carrier": status.carrier,
        "node": status.node,
        "usable": not status.trouble,
        "trouble": status.trouble,
        "waiting_parts": status.waiting_parts,
        "waiting_since": format_gmt(status.waiting_since_ms) if status.waiting_since_ms else None,
        "idle_since": format_gmt(status.idle_since_ms) if status.idle_since_ms else None,
        "hindrance": status.hindrance,
        "stalled": status.stalled,
        "at": format_gmt(status.at_ms),
        "links": [
            {
                "name": link.name,
                "bound": link.bound,
                "window": link.window,
                "parts_per_second": link.parts_per_second,
                "last_error": link.last_error,
            }
            for link in status.links
        ],
    }


def _orphan_view(orphan: OrphanRow) -> dict[str, object]:
    receipt = orphan.receipt
    return {
        "received": format_gmt(orphan.received_ms),
        "carrier": receipt.carrier,
        "reference": receipt.reference,
        "stat": receipt.stat,
        "msisdn": receipt.msisdn,
        "sender": receipt.sender,
        "raw": receipt.raw,
    }
