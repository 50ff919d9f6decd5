"""Invalid settings are refused when they are made, with their name."""

import pytest
from tests.carriers.simulator.client import make_smsc
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator.chaos.faults import EVERYTHING
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"chaos": "loose-answers=3%"}, "chaos: there is no 'loose-answers' (is 'lose-answers' meant?)"),
        ({"answer_timeout_seconds": 0}, "answer_timeout_seconds: more than 0, not 0"),
    ],
)
def test_an_invalid_setting_is_an_error_that_names_it(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        SimulatorSettings(**settings)  # type: ignore[arg-type]
    assert str(raised.value) == complaint


@in_virtual_time
async def test_a_script_in_the_settings_is_in_force_from_the_start() -> None:
    smsc: SimulatorSmsc = make_smsc(chaos="everything")
    assert smsc.chaos == EVERYTHING
