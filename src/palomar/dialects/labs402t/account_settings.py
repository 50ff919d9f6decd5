"""Settings of one account that speaks 402T Labs."""

from dataclasses import dataclass

from palomar.vocabulary.account import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Labs402tAccount:
    """The dialect's own settings of an account; a field's name is its name in ``account set``."""

    labs402t_requests_per_second: int = setting(0, "402T Labs: requests a second; 0 is no limit", limits=(0, 1_000_000))
