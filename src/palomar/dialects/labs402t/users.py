"""Accounts and sub-accounts of 402T Labs: what a program may see and change of its own hierarchy.

An unknown login and one outside the caller's hierarchy get the same answer (-17), so that nobody finds out which logins
exist.
"""

import dataclasses
import re
from typing import Final, NamedTuple

from palomar.access.password_rule import GoodPassword, PasswordFault, check_password
from palomar.billing.prices import PriceList
from palomar.dialects.labs402t.documents import PasswordBody, UserBody
from palomar.dialects.labs402t.errors import BAD_REQUEST, MISSING, Code, Problem
from palomar.dialects.labs402t.responses import Cost
from palomar.numbers.countries import COUNTRIES
from palomar.text.alphabets import has_unusable_characters
from palomar.vocabulary.account import Account, AccountSettings
from palomar.vocabulary.credit import Microcredits, as_number

LONGEST: Final = 254
"""Characters of a name and of an address (RFC 5321 section 4.5.3.1)."""


class NewUser(NamedTuple):
    """A sub-account that is asked for; every field is present and usable."""

    login: str
    name: str
    surname: str
    contact_email: str
    password: str


class NewPassword(NamedTuple):
    """The current password of an account, and the new one."""

    current: str
    new: str


def read_user(posted: UserBody) -> NewUser | Problem:
    """Read the body of ``POST /users``: all fields are required; a login has letters, digits and ``._@+-``, 64 at
    most."""
    user = NewUser(
        login=posted.login or "",
        name=(posted.name or "").strip(),
        surname=(posted.surname or "").strip(),
        contact_email=(posted.contact_email or "").strip(),
        password=posted.password or "",
    )
    if not all(value.strip() for value in user):
        return MISSING
    if any(has_unusable_characters(value) for value in user) or any(len(value) > LONGEST for value in user[:-1]):
        return BAD_REQUEST
    if _LOGIN(user.login) is None or _ADDRESS(user.contact_email) is None:
        return BAD_REQUEST
    return user


def judge_password(password: str, *, login: str) -> GoodPassword | Problem:
    """Check a new password by the one rule for all passwords; -30 has the reason in ``data``."""
    good = check_password(password, login=login)
    return Problem(Code.BAD_REQUEST, reason=good.value) if isinstance(good, PasswordFault) else good


def read_password(posted: PasswordBody) -> NewPassword | Problem:
    """Read the body of ``POST /users/{login}/password``."""
    current, new = posted.current_password, posted.new_password
    if current is None or new is None or not current.strip() or not new.strip():
        return MISSING
    if has_unusable_characters(current) or has_unusable_characters(new):
        return BAD_REQUEST
    return NewPassword(current, new)


def settings_of_child(parent: Account) -> AccountSettings:
    """Return the settings of a new sub-account: its parent's, so that nobody escapes a limit by making one, but without
    those of the parent's own programs (their addresses and callbacks)."""
    return dataclasses.replace(
        parent.settings, allowed_addresses=(), status_url="", click_url="", inbound_url="", callback_secret=""
    )


def costs(prices: PriceList) -> list[Cost]:
    """Return the price of a part in every country."""
    rates = prices.rates()
    return [
        Cost(prefix=country.calling_code, country=country.iso, cost=as_number(Microcredits(rates[country.iso])))
        for country in COUNTRIES.values()
    ]


_LOGIN: Final = re.compile("[A-Za-z0-9._@+-]{1,64}").fullmatch
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+").fullmatch
