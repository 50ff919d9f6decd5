"""Settings of one account that speaks FOXSYS."""

from dataclasses import dataclass
from typing import Literal

from palomar.vocabulary.account import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class FoxsysAccount:
    """The dialect's own settings of an account; a field's name is its name in ``account set``."""

    batch_limit: int = setting(10_000, "FOXSYS: recipients a request", limits=(1, 100_000))
    max_parts: int = setting(9, "FOXSYS: parts a long message may have (1 to 255)", limits=(1, 255))
    sender_fallback: bool = setting(True, "FOXSYS: a tpoa that is no sender gives way to the account's; off is code 30")
    fold_accents: bool = setting(False, "FOXSYS: replace accents that GSM lacks")
    business_error_status: Literal[200, 400] = setting(
        200, "FOXSYS: HTTP status of business errors, 200 or 400 (then no credit is 402)"
    )
    long: bool = setting(False, "FOXSYS: concatenate without being asked")
    national_numbers: bool = setting(False, "FOXSYS: numbers of the account's country need no country code")
    once_a_number: bool = setting(True, "FOXSYS: a number that a request names several times gets its message once")
    shortlink: bool = setting(False, "FOXSYS: short links without being asked")
    nofilter: bool = setting(False, "FOXSYS: pass the duplicates filter without being asked")
    subid_idempotent: bool = setting(False, "FOXSYS: the same request with the same subid is sent once in 24 hours")
