"""``settings.py``: what an operator may not set."""

from typing import Any

import pytest

from palomar.dialects.convergia.settings import ConvergiaSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender", "twelve chars"),
        ("max_characters", 0),
        ("max_characters", 10_001),
        ("max_ucs2_units", 0),
        ("sent_template", "100"),
        ("refused_template", "error"),
        ("status_template", "{id}"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        ConvergiaSettings(**{name: value})
