"""The one rule for passwords that somebody chooses, wherever they are set: 8 to 200 characters, not the login, not
among the thousand commonest (``common_passwords``).

What is hashed to be stored is a :data:`GoodPassword`, which only this module makes. Not here: hashing.
"""

from enum import StrEnum
from typing import Final, NewType

from palomar.access.common_passwords import COMMON

PASSWORD_SHORTEST: Final = 8
"""Characters. Those of the vendors' own examples have as many."""
PASSWORD_LONGEST: Final = 200
MADE_UP: Final = 20
"""Letters and digits of a password that we make up: some 119 bits."""

GoodPassword = NewType("GoodPassword", str)
"""A password that the rule allows."""


class PasswordFault(StrEnum):
    """Why nobody may have a password; the text is said on the command line and by a dialect that sets passwords."""

    TOO_SHORT = f"a password has at least {PASSWORD_SHORTEST} characters"
    TOO_LONG = f"a password has at most {PASSWORD_LONGEST} characters"
    LOGIN = "a password is not the login"
    COMMON = "a password is not one of the commonest"


def judged(password: str, *, login: str) -> GoodPassword | PasswordFault:
    """Judge a password that somebody chose for a login. Letter case hides neither the login nor a common one."""
    if len(password) < PASSWORD_SHORTEST:
        return PasswordFault.TOO_SHORT
    if len(password) > PASSWORD_LONGEST:
        return PasswordFault.TOO_LONG
    folded = password.strip().casefold()
    if folded == login.strip().casefold():
        return PasswordFault.LOGIN
    return PasswordFault.COMMON if folded in COMMON else GoodPassword(password)


def made_up(token: str) -> GoodPassword:
    """Make a password of a random token of letters and digits."""
    return GoodPassword(token[:MADE_UP])
