"""Check passwords that people choose, by one rule for all: 8 to 200 characters, not the login, not one of the thousand
commonest (``common_passwords``).

Only a :data:`GoodPassword`, which this module alone makes, is hashed to be stored. Not here: hashing (``passwords``).
"""

from enum import StrEnum
from typing import Final, NewType

from palomar.access.common_passwords import COMMON

PASSWORD_SHORTEST: Final = 8
"""Characters. The passwords in the vendors' own examples have as many."""
PASSWORD_LONGEST: Final = 200
GENERATED_CHARACTERS: Final = 20
"""Letters and digits of a generated password: some 119 bits."""

GoodPassword = NewType("GoodPassword", str)
"""A password that has passed the rule."""


class PasswordFault(StrEnum):
    """The fault of a password that the rule does not allow; the text is shown on the command line and by dialects."""

    TOO_SHORT = f"a password has at least {PASSWORD_SHORTEST} characters"
    TOO_LONG = f"a password has at most {PASSWORD_LONGEST} characters"
    LOGIN = "a password is not the login"
    COMMON = "a password is not one of the commonest"


def check_password(password: str, *, login: str) -> GoodPassword | PasswordFault:
    """Check a password that somebody chose for a login. Letter case hides neither the login nor a common one."""
    if len(password) < PASSWORD_SHORTEST:
        return PasswordFault.TOO_SHORT
    if len(password) > PASSWORD_LONGEST:
        return PasswordFault.TOO_LONG
    folded = password.strip().casefold()
    if folded == login.strip().casefold():
        return PasswordFault.LOGIN
    return PasswordFault.COMMON if folded in COMMON else GoodPassword(password)


def generate_password(token: str) -> GoodPassword:
    """Generate a password from a random token of letters and digits."""
    return GoodPassword(token[:GENERATED_CHARACTERS])
