"""Settings of an account as a test writes them: the core's and a dialect's own side by side."""

import dataclasses
from typing import Any

from palomar.vocabulary.account import AccountSettings

_CORE = {field.name for field in dataclasses.fields(AccountSettings)}


def settings_of(**values: Any) -> AccountSettings:
    """Make settings; what the core does not declare is a dialect's own, by the name under which it is stored."""
    own = {name: value for name, value in values.items() if name not in _CORE}
    return AccountSettings(**{name: value for name, value in values.items() if name in _CORE}, dialect_settings=own)
