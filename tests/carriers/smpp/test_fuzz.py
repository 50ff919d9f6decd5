"""Mutated frames into a whole carrier: no exception of any kind, no link lost where the frame was sound, and every
submit answered. `PALOMAR_FUZZ_FRAMES` says how many frames, as for the library's."""

import asyncio
import os
import random
from pathlib import Path

from structlog.testing import capture_logs
from tests.carriers.smpp.scripted import Rig, ScriptedConnection
from tests.contracts.virtual_time import in_virtual_time
from tests.smpp.test_fuzz import SEEDS, mutated, reaches_unbind

from palomar.ports import Submitted
from palomar.smpp import DataSm, Pdu, QuerySmResp, SubmitSm, SubmitSmResp, encode

FRAMES = int(os.environ.get("PALOMAR_FUZZ_FRAMES", "10000"))
TOGETHER = 50


@in_virtual_time
async def test_mutated_frames_cost_no_link_and_no_part(tmp_path: Path) -> None:
    chance = random.Random(20260102)
    frames = [encode(pdu) for pdu in SEEDS]

    def answer_with_noise(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
        """Now and then a mutated answer first; it may be taken for the answer, and the real one is then odd."""
        response = encode(SubmitSmResp(sequence_number=pdu.sequence_number, message_id="7"))
        noise = mutated(response, chance)
        connection.raw(noise if not reaches_unbind(noise) else b"")
        connection.raw(response)

    def answer_oddly(connection: ScriptedConnection, pdu: Pdu) -> None:
        response = mutated(encode(QuerySmResp(sequence_number=pdu.sequence_number, message_state=2)), chance)
        connection.raw(response if not reaches_unbind(response) else b"")

    with capture_logs() as logs:
        async with Rig(capture=tmp_path / "fuzz.pcap", capture_octets=2_000_000, window=100) as rig:
            rig.smsc.on_submit = answer_with_noise
            rig.smsc.on_query = answer_oddly
            await rig.live()
            sent = 0
            for _ in range(FRAMES // TOGETHER):
                noise = [mutated(chance.choice(frames), chance) for _ in range(TOGETHER)]
                rig.smsc.last.raw(b"".join(frame for frame in noise if not reaches_unbind(frame)))
                if rig.carrier.reserve(1):
                    sent += 1
                    rig.send_one(serial=sent)
                rig.carrier.query("7", sender="A")
                await asyncio.sleep(0.01)
            await asyncio.sleep(40)
            assert len(rig.smsc.connections) == 1
            assert rig.carrier.live
            assert sent > FRAMES // TOGETHER // 2
            answered = {part.message_id for part, _ in rig.sink.answers}
            assert len(answered) == sent
            assert sum(isinstance(outcome, Submitted) for outcome in rig.sink.outcomes()) > 0
    assert [entry for entry in logs if entry["log_level"] in ("error", "critical")] == []
