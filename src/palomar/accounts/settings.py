"""Read and write an account's settings as text: as people type them (``name=value``), and as the JSON that is stored.

A dialect declares its own settings as a frozen dataclass whose fields are :func:`palomar.vocabulary.account.setting`.
Only what differs from the default is stored, so that a new default reaches every account without a value of its own.
"""

import dataclasses
import ipaddress
import json
import re
from collections.abc import Hashable, Iterable
from enum import StrEnum
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints

from palomar.numbers.countries import COUNTRIES
from palomar.numbers.sender import parse_sender
from palomar.vocabulary.account import AccountSettings

T = TypeVar("T")
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_URLS = frozenset({"ackurl", "clickurl", "inboundurl", "noticeurl"})
_LINK_DOMAIN = re.compile(
    r"(?:https?://)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9_-]+)*"
).fullmatch


class SettingError(ValueError):
    """A setting that does not exist, or a value that it cannot have; the text says which and why."""


class Setting(NamedTuple):
    """A setting: the field of the dataclass that declares it, and its type."""

    field: dataclasses.Field[Any]
    type: Any
    is_of_dialect: bool
    """A dialect declares it, not the core."""


class Catalog:
    """All settings that an account can have: the core's, and those that each dialect declares."""

    def __init__(self, kinds: Iterable[type]) -> None:
        """Collect the settings of the core and of the dialects' dataclasses. Raises ValueError if two have the same
        name."""
        self._settings: dict[str, Setting] = {}
        self._aliases: dict[str, str] = {}
        for kind in (AccountSettings, *kinds):
            for name, setting in _settings_of(kind).items():
                if name in self._settings:
                    raise ValueError(f"two settings of an account are called {name}")
                self._settings[name] = setting
                self._aliases[setting.field.name] = name

    def rows(self) -> list[tuple[str, str, str]]:
        """List every setting: its name, its default as text, and what it does."""
        return [
            (name, value_text(setting.field.default), setting.field.metadata["help"])
            for name, setting in self._settings.items()
        ]

    def values(self, settings: AccountSettings) -> dict[str, object]:
        """Return the value of every setting by the name that people type."""
        return {
            name: _typed(setting, settings.dialect_settings.get(name, setting.field.default))
            if setting.is_of_dialect
            else getattr(settings, setting.field.name)
            for name, setting in self._settings.items()
        }

    def changed(self, settings: AccountSettings, name: str, text: str) -> AccountSettings:
        """Return ``settings`` with one of them changed to what ``text`` says. Raises SettingError."""
        name = self._aliases.get(name, name)
        setting = self._settings.get(name)
        if setting is None:
            raise SettingError(f"there is no setting {name!r}; the settings are: {', '.join(self._settings)}")
        value = parse_value(name, setting.type, text.strip())
        _check(name, setting, value)
        if not setting.is_of_dialect:
            change: dict[str, Any] = {setting.field.name: value}
            return dataclasses.replace(settings, **change)
        dialect_settings = {other: kept for other, kept in settings.dialect_settings.items() if other != name}
        if value != setting.field.default:
            dialect_settings[name] = value
        return dataclasses.replace(settings, dialect_settings=dialect_settings)


def parse_value(name: str, kind: object, text: str) -> object:
    """Parse what people type for a value of this type. Raises SettingError."""
    if kind is bool:
        if text.lower() not in _YES | _NO:
            raise SettingError(f"{name} is on or off, not {text!r}")
        return text.lower() in _YES
    if get_origin(kind) is Literal:
        if text not in map(str, get_args(kind)):
            raise SettingError(f"{name} is {' or '.join(map(str, get_args(kind)))}, not {text}")
        return next(value for value in get_args(kind) if str(value) == text)
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise SettingError(f"{name} is a whole number, not {text!r}") from None
    if kind is str:
        return text
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        try:
            return kind(text)
        except ValueError:
            raise SettingError(f"{name} is one of {', '.join(kind)}, not {text!r}") from None
    return tuple(piece.strip() for piece in text.split(",") if piece.strip())


def read_dialect_settings(settings: AccountSettings, kind: type[T]) -> T:
    """Return an account's values of a dialect's own settings; ``kind`` is the dataclass that declares them."""
    made = settings._read.get(kind)
    if made is None:
        known, kept = _settings_of(cast("Hashable", kind)), settings.dialect_settings
        values = {known[name].field.name: _typed(known[name], value) for name, value in kept.items() if name in known}
        made = settings._read[kind] = kind(**values)
    return made  # type: ignore[return-value]  # each value stands under its own type


def value_text(value: object) -> str:
    """Write a value as people type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def settings_text(settings: AccountSettings) -> str:
    """Write the JSON to store: the values that differ from their defaults."""
    values = {name: getattr(settings, setting.field.name) for name, setting in _CORE.items()}
    changed = {name: value for name, value in values.items() if value != _CORE[name].field.default}
    return json.dumps(changed | dict(settings.dialect_settings), ensure_ascii=False)


def read_settings(text: str) -> AccountSettings:
    """Read what :func:`settings_text` wrote. Names that the core does not know are a dialect's or a newer version's."""
    stored: dict[str, Any] = json.loads(text) if text else {}
    core = {_CORE[name].field.name: _typed(_CORE[name], value) for name, value in stored.items() if name in _CORE}
    return AccountSettings(
        **core, dialect_settings={name: value for name, value in stored.items() if name not in _CORE}
    )


@cache
def _settings_of(kind: type) -> dict[str, Setting]:
    """Find the settings that a dataclass declares, by the name that people type and that is stored."""
    types, is_of_dialect = get_type_hints(kind), kind is not AccountSettings
    return {
        field.metadata["name"] or field.name: Setting(field, types[field.name], is_of_dialect)
        for field in dataclasses.fields(kind)
        if field.metadata
    }


_CORE = _settings_of(AccountSettings)


def _typed(setting: Setting, value: Any) -> Any:
    """Convert a stored value to the setting's type: JSON has neither tuples nor enumerations."""
    if isinstance(value, list):
        return tuple(value)
    is_word = isinstance(setting.type, type) and issubclass(setting.type, StrEnum)
    return setting.type(value) if is_word else value


def _check(name: str, setting: Setting, value: object) -> None:
    limits = setting.field.metadata["limits"]
    if limits is not None and isinstance(value, int) and not limits[0] <= value <= limits[1]:
        raise SettingError(f"{name} is from {limits[0]} to {limits[1]}, not {value}")
    if name == "allowed_addresses" and isinstance(value, tuple):
        for network in value:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError as error:
                raise SettingError(f"allowed_addresses: {error}") from None
    if name == "senders" and isinstance(value, tuple):
        for sender in value:
            if parse_sender(sender) is None:
                raise SettingError(f"senders: {sender!r} is neither a name of up to 11 characters nor up to 16 digits")
    if name == "country" and value and value not in COUNTRIES:
        raise SettingError(f"country is an ISO 3166 code such as ES, not {value!r}")
    if name in _URLS and value and not str(value).startswith(("http://", "https://")):
        raise SettingError(f"{name} is an http or https URL")
    if name == "link_domain" and value and not _LINK_DOMAIN(str(value)):
        raise SettingError("link_domain is such as go.example.com or https://example.com/go, with no slash at its end")
