"""Passwords that are given on the command line, checked by the one rule for all passwords."""

from palomar.access.password_rule import GoodPassword, PasswordFault, check_password, generate_password
from palomar.access.passwords import hash_of
from palomar.cli.root import CommandContext, fail


def good_password(password: str | None, *, login: str) -> GoodPassword | None:
    """Return the given password, or None if none was given; end the command if the rule forbids it."""
    if password is None:
        return None
    good = check_password(password, login=login)
    if isinstance(good, PasswordFault):
        fail(good.value, 2)
    return good


def password_and_hash(context: CommandContext, password: str | None, *, login: str) -> tuple[GoodPassword, str]:
    """Return the given password, or a generated one, with the hash to store; end the command if the rule forbids it."""
    good = good_password(password, login=login) or generate_password(context.ids.token())
    return good, hash_of(good)
