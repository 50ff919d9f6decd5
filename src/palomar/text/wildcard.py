"""Patterns of rules: a word, or the beginning of one with ``*`` after it, in any case. The empty pattern fits
everything."""


def matches(pattern: str, value: str) -> bool:
    """Return True if the pattern fits a value."""
    if not pattern:
        return True
    if pattern.endswith("*"):
        return value.casefold().startswith(pattern[:-1].casefold())
    return value.casefold() == pattern.casefold()
