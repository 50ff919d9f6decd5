"""An account's settings as text: what people type (``name=value``), and the JSON that is stored.

Only what differs from the default is stored, so a new default reaches every account that never chose.
"""

import dataclasses
import ipaddress
import json
import re
from enum import StrEnum
from typing import Any, get_type_hints

from palomar.domain.account import AccountSettings
from palomar.domain.countries import COUNTRIES
from palomar.domain.sender import parse_sender

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_FIELDS = {field.metadata.get("name", field.name): field for field in dataclasses.fields(AccountSettings)}
"""By the name that people type, which is stored as well: customers' scripts and old databases have it."""
_TYPES = get_type_hints(AccountSettings)
_ALIASES = {field.name: name for name, field in _FIELDS.items()}
_LIMITS = {
    "requests_per_second": (0, 1_000_000),
    "sofmex_requests_per_second": (0, 1_000_000),
    "convergia_requests_per_second": (0, 1_000_000),
    "labs402t_requests_per_second": (0, 1_000_000),
    "batch_limit": (1, 100_000),
    "max_parts": (1, 255),
    "daily_limit": (-1, 10**9),
    "unpaid_limit": (0, 10**9),
    "topup_below": (0, 10**9),
    "topup_amount": (0, 10**9),
    "topup_month_max": (0, 10**9),
    "low_balance": (0, 10**9),
    "resend_times": (0, 20),
    "resend_pause": (0, 86_400),
    "resend_factor": (1, 10),
}


_URLS = frozenset({"ackurl", "clickurl", "inboundurl", "noticeurl"})
_LINK_DOMAIN = re.compile(
    r"(?:https?://)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9_-]+)*"
).fullmatch


class SettingError(ValueError):
    """A setting that does not exist or a value that it cannot have; the text says which and why."""


def setting_names() -> list[tuple[str, str, str]]:
    """Every setting: name, default as text, what it does."""
    return [(name, value_text(field.default), str(field.metadata["help"])) for name, field in _FIELDS.items()]


def value_text(value: object) -> str:
    """A value as people type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def named_values(settings: AccountSettings) -> dict[str, object]:
    """Every setting by the name that people type."""
    return {name: getattr(settings, field.name) for name, field in _FIELDS.items()}


def with_setting(settings: AccountSettings, name: str, text: str) -> AccountSettings:
    """``settings`` with one changed; raises SettingError."""
    name = _ALIASES.get(name, name)
    field = _FIELDS.get(name)
    if field is None:
        raise SettingError(f"there is no setting {name!r}; the settings are: {', '.join(_FIELDS)}")
    value = _parse(name, _TYPES[field.name], text.strip())
    _check(name, value)
    return dataclasses.replace(settings, **{field.name: value})  # type: ignore[arg-type]  # parsed by the field's own type


def settings_text(settings: AccountSettings) -> str:
    """The JSON to store."""
    changed = {name: value for name, value in named_values(settings).items() if value != _FIELDS[name].default}
    return json.dumps(changed, ensure_ascii=False)


def read_settings(text: str) -> AccountSettings:
    """From :func:`settings_text`; settings that a newer version wrote are left out."""
    stored: dict[str, Any] = json.loads(text) if text else {}
    values: dict[str, Any] = {}
    for name, value in stored.items():
        if name in _FIELDS:
            field = _FIELDS[name].name
            kind = _TYPES[field]
            is_word = isinstance(kind, type) and issubclass(kind, StrEnum)
            values[field] = tuple(value) if isinstance(value, list) else kind(value) if is_word else value
    return AccountSettings(**values)


def _parse(name: str, kind: object, text: str) -> object:
    if kind is bool:
        if text.lower() not in _YES | _NO:
            raise SettingError(f"{name} is on or off, not {text!r}")
        return text.lower() in _YES
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


def _check(name: str, value: object) -> None:
    if name in _LIMITS and isinstance(value, int):
        low, high = _LIMITS[name]
        if not low <= value <= high:
            raise SettingError(f"{name} is from {low} to {high}, not {value}")
    if name == "business_error_status" and value not in (200, 400):
        raise SettingError(f"business_error_status is 200 or 400, not {value}")
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
