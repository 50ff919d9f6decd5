"""Turns what the peers of a chaos run saw into a report, its faults, and a table.

Not here: gathering it (``chaos``).
"""

from typing import Any

Report = dict[str, Any]

MARKS = (10, 50, 100)
"""Percent of the messages; at each the peak memory so far is noted."""
MEMORY_SHARE, MEMORY_MIB = 0.15, 20.0
"""Memory may grow by so much in the second half: the bounded tables fill."""


def report(
    *,
    load: Report,
    sink: Report,
    totals: Report,
    counters: dict[str, int],
    stored: dict[str, int],
    memory: dict[int, float],
    seconds: float,
) -> Report:
    """Make the report of a run: ``counters`` are the simulator's, ``stored`` the database's, ``memory`` the peak in MiB
    by percent of the messages."""
    accepted, listed = load["accepted"], sum(totals["states"].values())
    causes = {name.removeprefix("doubled_"): n for name, n in counters.items() if name.startswith("doubled_")}
    doubled = sum(causes.values())
    return {
        "accepted": accepted,
        "refused": load["requests"] - accepted,
        "lost": accepted - sink["finals"],
        "never_submitted": accepted - (counters["taken"] - doubled),
        "not_final": listed - sum(totals["states"].get(state, 0) for state in totals["final"]),
        "missing": accepted - listed,
        "doubled": doubled,
        "doubled_by_cause": causes,
        "resent_by_policy": stored["resent"],
        "doubled_callbacks": sink["doubled"],
        "stray_callbacks": sink["unknown"] + sink["mismatched"],
        "ledger_off": totals["credits"] - listed - totals["balance"],
        "reserved": totals["reserved"],
        "orphans": stored["orphans"],
        "states": totals["states"],
        "memory_mib": {str(mark): round(memory[mark], 1) for mark in MARKS if mark in memory},
        "misdeeds": {name: counters[name] for name in INJECTED_FAULTS},
        "seconds": seconds,
        "problem": load["problem"],
    }


INJECTED_FAULTS = (
    "throttled",
    "answers_lost",
    "answers_late",
    "answers_doubled",
    "answers_misnumbered",
    "receipts_lost",
    "receipts_late",
    "receipts_doubled",
    "garbage",
    "silenced",
    "dropped",
)
_MUST_BE_ZERO = {
    "refused": "requests answered with another code than 0, or not at all",
    "lost": "accepted messages without a final callback",
    "never_submitted": "messages that the simulator took more or less often than once, doubles apart",
    "not_final": "messages that are not final",
    "missing": "accepted messages that are not in the list",
    "doubled_callbacks": "callbacks made more than once",
    "stray_callbacks": "callbacks that belong to no message",
    "reserved": "credits still reserved",
}


def faults(report: Report) -> list[str]:
    """List what must not happen, one line each; empty for a good run."""
    found = [f"{report[name]:,} {words}" for name, words in _MUST_BE_ZERO.items() if report[name]]
    if report["doubled"] > report["resent_by_policy"]:
        found.append(
            f"{report['doubled']:,} doubled, but only {report['resent_by_policy']:,} were sent again by policy"
        )
    untold = report["states"].get("expired", 0) - report["misdeeds"]["receipts_lost"]
    if untold > 0:
        found.append(f"{untold:,} expired though their receipts came")
    if report["ledger_off"]:
        found.append(f"the ledger is off by {report['ledger_off']:g} credits")
    half, whole = report["memory_mib"].get("50", 0.0), report["memory_mib"].get("100", 0.0)
    if whole > half * (1 + MEMORY_SHARE) + MEMORY_MIB:
        found.append(f"memory grew from {half:g} to {whole:g} MiB in the second half")
    return found


def table(report: Report) -> str:
    """Format the report for people."""
    rows: list[tuple[str, object]] = [
        ("accepted", report["accepted"]),
        ("seconds", round(report["seconds"], 1)),
        ("lost", report["lost"]),
        ("not final", report["not_final"]),
        ("doubled at the simulator", report["doubled"]),
        *((f"... {cause.replace('_', ' ')}", n) for cause, n in report["doubled_by_cause"].items()),
        ("sent again by policy", report["resent_by_policy"]),
        ("callbacks doubled", report["doubled_callbacks"]),
        ("ledger off by, credits", report["ledger_off"]),
        ("orphan receipts", report["orphans"]),
        *((f"peak memory at {mark} %, MiB", mib) for mark, mib in report["memory_mib"].items()),
        *((f"state {state}", n) for state, n in sorted(report["states"].items())),
        *((f"the simulator: {name.replace('_', ' ')}", n) for name, n in report["misdeeds"].items()),
    ]
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"| {title.ljust(width)} | {value!s:>10} |" for title, value in rows)
