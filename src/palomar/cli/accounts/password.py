"""Passwords that are given on the command line: the house's one rule for them."""

from palomar.access.password_rule import GoodPassword, PasswordFault, judged, made_up
from palomar.access.passwords import hash_of
from palomar.cli.root import CommandContext, fail


def good_password(password: str | None, *, login: str) -> GoodPassword | None:
    """Return the password that somebody chose, None where nobody did; leaves where nobody may have it."""
    if password is None:
        return None
    good = judged(password, login=login)
    if isinstance(good, PasswordFault):
        fail(good.value, 2)
    return good


def password_and_hash(context: CommandContext, password: str | None, *, login: str) -> tuple[GoodPassword, str]:
    """Return the password that somebody chose, else one that is made up, and the hash to store; leaves where nobody
    may have it."""
    good = good_password(password, login=login) or made_up(context.ids.token())
    return good, hash_of(good)
