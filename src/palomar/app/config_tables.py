"""Fill dataclasses from tables of TOML, and report what was expected of each value that does not fit.

Not here: which tables there are (``config``).
"""

import dataclasses
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def section(kind: type[T], table: object, path: str, base: Path, faults: list[str], **given: object) -> T:
    """Fill a dataclass from a table. Faults are added to ``faults`` and the other values are still checked; return None
    if the dataclass cannot be made."""
    values: dict[str, Any] = dict(given)
    if not isinstance(table, dict):
        faults.append(f"{path}: a table is expected")
        table = {}
    hints = get_type_hints(kind)
    fields = {entry.name: entry for entry in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name, value in table.items():
        if name not in fields or name in given:
            faults.append(f"{path}.{name}: there is no such setting")
            continue
        try:
            values[name] = _value(hints[name], value, base)
        except ValueError as error:
            faults.append(f"{path}.{name}: {error}")
    required = [
        name
        for name, entry in fields.items()
        if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
    ]
    faults.extend(f"{path}.{name}: is missing" for name in required if name not in values and name not in table)
    if any(name not in values for name in required):
        return None  # type: ignore[return-value]  # never used: there are faults
    try:
        return kind(**values)
    except ValueError as error:
        faults.append(f"{path}.{error}")
        return None  # type: ignore[return-value]  # never used: there are faults


def _value(hint: object, value: object, base: Path) -> object:
    """Read ``value`` as the field's type; raises ValueError saying what was expected."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            choices = ", ".join(f'"{choice}"' for choice in get_args(hint))
            raise ValueError(f"one of {choices} is expected, not {value!r}")
        return value
    if get_origin(hint) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"a list of texts is expected, not {value!r}")
        return tuple(value)
    if isinstance(hint, type) and hint is not bool and get_origin(hint) is None:
        return _scalar(hint, value, base)
    if hint is bool:
        if not isinstance(value, bool):
            raise ValueError(f"true or false is expected, not {value!r}")
        return value
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(f"a table of texts is expected, not {value!r}")
    return value


def _scalar(hint: type, value: object, base: Path) -> object:
    if hint is Path and isinstance(value, str):
        return base / value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is str and isinstance(value, str):
        return value
    words = {Path: "a path", float: "a number", int: "a whole number", str: "a text"}
    raise ValueError(f"{words.get(hint, hint.__name__)} is expected, not {value!r}")
