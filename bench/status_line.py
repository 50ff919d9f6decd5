"""What a bench says to the person who runs it, beside its figures."""

import sys


def tell(text: str, *, terminal: bool = False) -> None:
    """To stderr; with ``terminal`` only where a person looks on."""
    if not terminal or sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
