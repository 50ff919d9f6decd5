"""Passwords that are given on the command line: the house's one rule for them."""

from palomar.cli.root import fail
from palomar.domain.passwords import GoodPassword, PasswordFault, judged


def good_password(password: str | None, *, login: str) -> GoodPassword | None:
    """Return the password that somebody chose, None where nobody did; leaves where nobody may have it."""
    if password is None:
        return None
    good = judged(password, login=login)
    if isinstance(good, PasswordFault):
        fail(good.value, 2)
    return good
