"""Kills between any two steps under a mixed load of all four dialects: a short run of ``torment``, which goes on for as
long as one likes with a seed of its own.
"""

from pathlib import Path

import pytest
from tests.faults.torment import UNSAVED, WINDOW, torment

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(("policy", "seed"), [("resend", 1), ("hold", 2)])
def test_nothing_is_lost_or_doubled_against_the_policy_wherever_a_server_dies(
    tmp_path: Path, policy: str, seed: int
) -> None:
    outcome = torment(tmp_path, seed=seed, kills=3, policy=policy)
    assert outcome.faults == []
    assert outcome.called_back > 0
    assert outcome.doubled <= outcome.kills * (WINDOW + UNSAVED)
