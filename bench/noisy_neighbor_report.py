"""The faults that ``noisy_neighbor.py`` reports, and its figures as a table."""

STEPS = ("acceptance", "sending", "callback")
ALLOWED_MS = {"acceptance": 100.0, "sending": 1_000.0, "callback": 1_000.0}

Spread = dict[str, float]
"""The 99th percentile of each step in milliseconds."""


def faults_of(found: dict[str, Spread]) -> list[str]:
    """List the steps that took longer than allowed, a line each."""
    quiet = found["quiet"]
    return [
        f"{name}: {step} took {spread[step]:,.0f} ms, {quiet[step]:,.0f} ms when it is quiet"
        for name, spread in found.items()
        for step in STEPS
        if spread[step] > max(2 * quiet[step], ALLOWED_MS[step])
    ]


def table(found: dict[str, Spread]) -> str:
    """Format the figures as a Markdown table."""
    lines = [f"| p99, ms | {' | '.join(found)} |", f"| --- |{' ---: |' * len(found)}"]
    lines += [f"| {step} | {' | '.join(f'{spread[step]:.1f}' for spread in found.values())} |" for step in STEPS]
    return "\n".join(lines)
