"""``net/descriptors.py``: what is HTTP's, and what is kept for carriers, callbacks, the database and files."""

import subprocess
import sys

import pytest

from palomar.net.descriptors import (
    CONNECTIONS_AT_MOST,
    RESERVED_AT_LEAST,
    max_callback_connections,
    max_http_connections,
)


@pytest.mark.parametrize(
    ("descriptors", "connections"),
    [(64, 1), (100, 36), (256, 192), (1_024, 768), (4_096, 3_072), (65_536, 10_000), (1_048_576, CONNECTIONS_AT_MOST)],
)
def test_a_quarter_of_the_descriptors_is_reserved_but_never_less_than_the_minimum(
    descriptors: int, connections: int
) -> None:
    assert max_http_connections(descriptors) == connections
    assert descriptors <= RESERVED_AT_LEAST or descriptors - connections >= min(RESERVED_AT_LEAST, descriptors)


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    program = (
        "import resource; from palomar.net.descriptors import raise_limit;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (128, 300));"
        "print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE), raise_limit())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["300", "300", "300", "300"]


def test_callbacks_may_take_half_of_the_reserved_descriptors_up_to_a_maximum() -> None:
    assert [max_callback_connections(descriptors) for descriptors in (64, 256, 1_024, 65_536)] == [32, 32, 128, 512]
