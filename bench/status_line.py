"""Prints the status of a bench to the person who runs it, beside its figures."""

import sys


def print_status(text: str, *, terminal: bool = False) -> None:
    """Write to stderr; with ``terminal`` only if stderr is a terminal."""
    if not terminal or sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
