"""Patterns of rules: a word, or its beginning with ``*`` behind it; in any case. The empty one fits everything."""


def matches(pattern: str, value: str) -> bool:
    """Whether a value meets a pattern."""
    if not pattern:
        return True
    if pattern.endswith("*"):
        return value.casefold().startswith(pattern[:-1].casefold())
    return value.casefold() == pattern.casefold()
