"""Turns what the peers saw into figures, and figures into a table.

Not here: gathering the figures. Times are CLOCK_MONOTONIC seconds, which all processes of a machine share.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]


def figures(*, load: Figures, sink: Figures, smsc: Figures, batch: int) -> Figures:
    """Compute the figures of one run from the three reports."""
    accepted = [i for i, taken in enumerate(load["accepted_requests"]) if taken]
    messages = [m for i in accepted for m in range(i * batch, (i + 1) * batch)]
    began, ended = load["began"], load["ended"]
    handset, error = (_padded(sink[name], len(began) * batch) for name in ("handset", "error"))
    submits = _padded(smsc["submits"], len(began) * batch)
    finals = [handset[m] or error[m] for m in messages]
    start = min(began[i] for i in range(len(began)) if began[i] >= 0)
    count = max(len(messages), 1)
    return {
        "messages": len(messages),
        "seconds": max(finals, default=start) - start,
        "per_second": len(messages) / max(max(finals, default=0.0) - start, 1e-9),
        "accepted_per_second": len(messages) / max(max((ended[i] for i in accepted), default=0.0) - start, 1e-9),
        "submit_ms": submit_spread(load),
        "end_to_end_ms": _spread([handset[m] - began[m // batch] for m in messages if handset[m]]),
        "refused": sum(n for code, n in load["codes"].items() if code != "0"),
        "codes": load["codes"],
        "broken": load["broken"],
        "lost": sum(not final for final in finals),
        "never_submitted": sum(not submits[m] for m in messages),
        "without_operator": sum(not at for at in _at(sink["operator"], messages)),
        "failed": sum(1 for m in messages if error[m]),
        "doubled_at_smsc": smsc["doubled"],
        "doubled_callbacks": sink["doubled"],
        "stray": sink["unknown"] + sink["mismatched"] + smsc["strangers"] + smsc["unreadable"],
        "receipts_resent": smsc["receipts_resent"],
        "receipts_waiting": smsc["receipts_waiting"],
        "problem": load["problem"],
        "peers_us": {
            name: round(report["cpu_seconds"] / count * 1e6, 1)
            for name, report in (("load", load), ("smsc", smsc), ("sink", sink))
        },
    }


def faults_of(run: Figures, *, killed: bool) -> list[str]:
    """List what must not happen, one line each; empty for a good run."""
    faults = [f"{run[name]:,} {words}" for name, words in _MUST_BE_ZERO.items() if run.get(name)]
    if not killed:
        faults += [f"{run[name]:,} {words}" for name, words in _ZERO_UNLESS_KILLED.items() if run[name]]
    if run.get("ledger_off"):
        faults.append(f"the ledger is off by {run['ledger_off']:g} credits")
    return faults


_MUST_BE_ZERO = {
    "lost": "accepted messages without a final callback",
    "never_submitted": "accepted messages that never reached the SMSC",
    "receipts_waiting": "receipts that the gateway did not take",
    "stray": "callbacks or submissions that belong to no message",
    "not_final": "messages that the gateway's own list does not call final",
    "reserved": "credits still reserved",
    "missing": "accepted messages that are not in the gateway's own list",
}
_ZERO_UNLESS_KILLED = {
    "refused": "requests answered with another code than 0",
    "broken": "requests without an answer",
    "failed": "messages reported as failed",
    "without_operator": "messages without the operator callback",
    "doubled_at_smsc": "messages submitted more than once",
    "doubled_callbacks": "callbacks made more than once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: how to find it, how to show it, and whether more or less is better (for the ratio)."""

    title: str
    find: Callable[[Figures], Any]
    digits: int = 0
    better: str = ""


ROWS = [
    Row(title="messages/s, end to end", find=lambda run: run["per_second"], better="more"),
    Row(title="accepted/s", find=lambda run: run["accepted_per_second"], better="more"),
    Row(title="CPU s/1000", find=lambda run: run["cpu_per_1000"], digits=3, better="less"),
    Row(title="CPU s/1000 with PostgreSQL", find=lambda run: run.get("cpu_per_1000_with_postgres"), digits=3),
    Row(title="submit p50, ms", find=lambda run: run["submit_ms"]["p50"], digits=1, better="less"),
    Row(title="submit p99, ms", find=lambda run: run["submit_ms"]["p99"], digits=1, better="less"),
    Row(title="submit max, ms", find=lambda run: run["submit_ms"]["max"], digits=1, better="less"),
    Row(title="end to end p50, ms", find=lambda run: run["end_to_end_ms"]["p50"], digits=1, better="less"),
    Row(title="end to end p99, ms", find=lambda run: run["end_to_end_ms"]["p99"], digits=1, better="less"),
    Row(title="end to end max, ms", find=lambda run: run["end_to_end_ms"]["max"], digits=1, better="less"),
    Row(title="peak memory, MiB", find=lambda run: run["peak_mib"], digits=0, better="less"),
    Row(title="accepted", find=lambda run: run["messages"]),
    Row(title="refused", find=lambda run: run["refused"]),
    Row(title="no answer", find=lambda run: run["broken"]),
    Row(title="lost", find=lambda run: run["lost"]),
    Row(title="doubled at the SMSC", find=lambda run: run["doubled_at_smsc"]),
    Row(title="doubled callbacks", find=lambda run: run["doubled_callbacks"]),
    Row(title="receipts sent again", find=lambda run: run["receipts_resent"]),
    Row(title="ledger off by, credits", find=lambda run: run.get("ledger_off")),
    Row(title="peers' CPU us/message: load", find=lambda run: run["peers_us"]["load"]),
    Row(title="... SMSC", find=lambda run: run["peers_us"]["smsc"]),
    Row(title="... sink", find=lambda run: run["peers_us"]["sink"]),
    Row(title="cores used by others", find=lambda run: run["others"], digits=2),
]


def table(runs: dict[str, list[Figures]]) -> str:
    """Format a Markdown table: medians of each gateway, and how many times better the first is than each other."""
    first, *others = runs
    heads = ["", *runs, *(f"times {name}" for name in others)]
    lines = []
    for row in ROWS:
        medians = {name: _median([row.find(run) for run in of]) for name, of in runs.items()}
        if all(value is None for value in medians.values()):
            continue
        cells = [_shown(value, row.digits) for value in medians.values()]
        cells += [_times(medians[first], medians[other], row.better) for other in others]
        lines.append([row.title, *cells])
    widths = [max(len(line[place]) for line in [heads, *lines]) for place in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in [heads, rule, *lines])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cells[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]
    return f"| {' | '.join(padded)} |"


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _times(mine: float | None, other: float | None, better: str) -> str:
    if not better or not mine or not other:
        return ""
    return f"{mine / other if better == 'more' else other / mine:.2f}"


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def submit_spread(load: Figures) -> dict[str, float]:
    """Compute from a load's report how long requests were under way."""
    return _spread([e - b for b, e in zip(load["began"], load["ended"], strict=True) if e >= 0])


def _spread(seconds: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and maximum in milliseconds."""
    if not seconds:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    ordered = sorted(seconds)
    at = {"p50": len(ordered) // 2, "p99": min(len(ordered) * 99 // 100, len(ordered) - 1), "max": -1}
    return {name: round(ordered[place] * 1000, 3) for name, place in at.items()}


def _padded(values: list[float], length: int) -> list[float]:
    return values + [0.0] * (length - len(values))


def _at(values: list[float], places: list[int]) -> list[float]:
    padded = _padded(values, max(places, default=0) + 1)
    return [padded[place] for place in places]
