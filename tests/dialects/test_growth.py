"""However a request is made, its work and its memory grow no faster than its octets, up to what each dialect takes.

Each example is a piece of text, repeated, in one of the places where a dialect takes text: eight times as many pieces
must not take much more than eight times the processor time. TextSize in process time, without a listener.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.contract import Contract
from tests.dialects.contract_application import Application, ask_face, running_application
from tests.dialects.contracts import every_dialect
from tests.dialects.speaking import Call, octets
from tests.support.growth import cpu_seconds, peak_octets

from palomar.dialects import DIALECTS
from palomar.net.networks import TrustedProxies

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES: Final = 8
BEYOND: Final = 3.0
"""What is quadratic takes eight times as long as what is linear."""
AN_OCTET_SECONDS: Final = 40e-9
"""What is quicker than this an octet is a single look at the body, whether or not the small one needed it."""
AN_OCTET_HELD: Final = 100

LETTERS: Final = "()[]{}<>\"'\\/.,;:!?&%=#@+- \t\r\n0aé€ж😀\u0301\u200b\ufb01\u2026\ud83d"
PIECES: Final = st.lists(st.sampled_from([*LETTERS, "http://a", "%a%", "{t}"]), min_size=1, max_size=4).map("".join)


WITHIN: Final = 39_000
"""Octets of a text that FOXSYS still looks at."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def palomar(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Application]:
    async with running_application(tmp_path_factory.mktemp("growth"), carrier=False) as application:
        yield application


@every_dialect
async def test_time_and_memory_grow_no_faster_than_the_body(
    palomar: Application, contract: Contract, tmp_path: Path
) -> None:
    who = await palomar.customer(credit=1_000_000, unpaid_limit=0)
    known = next(one for one in DIALECTS if one.name == contract.dialect)
    face = known.face(palomar.app.gateway, TrustedProxies(), 8 * 1024 * 1024, palomar.app.config.dialects[known.name])
    loop = asyncio.get_running_loop()
    failures: list[str] = []

    def seconds(call: Call) -> float:
        return cpu_seconds(lambda: run(ask_face(face, call)))

    def run(awaitable: Any) -> None:
        asyncio.run_coroutine_threadsafe(awaitable, loop).result(30)

    @settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(contract.places)), PIECES, st.sampled_from((WITHIN, contract.large)))
    def examples(place: str, piece: str, most: int) -> None:
        make = contract.places[place]
        large = piece * (most // len(octets(piece)))
        small = large[: len(large) // TIMES]
        calls = make(who, small), make(who, large)
        length = len(calls[1].body) + len(calls[1].target)
        ratio = seconds(calls[1]) / max(seconds(calls[0]) * TIMES, length * AN_OCTET_SECONDS)
        if ratio > BEYOND:
            failures.append(f"{place} of {piece!r}: {ratio:.1f} times what is linear")
        held = [peak_octets(lambda call=call: run(ask_face(face, call))) for call in calls]  # type: ignore[misc]
        if held[1] > max(held[0] * TIMES * BEYOND, length * AN_OCTET_HELD):
            failures.append(f"{place} of {piece!r}: {held} octets held, for {length}")

    await asyncio.to_thread(examples)
    assert failures == []
