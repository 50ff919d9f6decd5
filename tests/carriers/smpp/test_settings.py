"""The limits of a carrier's settings."""

from typing import Any

import pytest

from palomar.carriers.smpp import SmppCarrierSettings


def make(**settings: Any) -> SmppCarrierSettings:
    return SmppCarrierSettings(name="a", host="h", port=1, system_id="s", password="hush", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 0},
        {"window": 1_001},
        {"links": 0},
        {"parts_per_second": -1},
        {"reconnect_min_seconds": 0},
        {"reconnect_min_seconds": 9, "reconnect_max_seconds": 8},
    ],
)
def test_what_makes_no_sense_is_an_error_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        make(**settings)


def test_the_password_is_never_shown() -> None:
    assert "hush" not in repr(make(window=1_000))
