"""The probe against the simulator: it learns every dialect that a chaos script can set, and sends no more messages than
allowed."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from tests.contracts.virtual_time import LoopClock, in_virtual_time

from palomar.carriers.simulator.chaos.ids import IdDialect
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.probing.diagnosis import Finding
from palomar.carriers.smpp.probing.probe import Probe, ProbeLimits
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.smpp import SubmitSm

NUMBER = "34600000001"


@dataclass
class Examination:
    """The outcome of an examination."""

    smsc: SimulatorSmsc
    findings: list[Finding] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def of(self, subject: str) -> Finding:
        (finding,) = [found for found in self.findings if found.subject == subject]
        return finding

    @property
    def learned(self) -> dict[str, Any]:
        return {name: value for found in self.findings for name, value in found.settings.items()}


async def examined(
    chaos: str = "", *, messages: int = 2, to: str = NUMBER, wait: float = 60, more: Any = None, **simulator: Any
) -> Examination:
    """Examine a simulator with this chaos script."""
    settings = SimulatorSettings(passwords={"palomar": "secret"}, chaos=chaos, **simulator)
    smsc = SimulatorSmsc(settings, clock=LoopClock(), chance=lambda: 0.3)
    found = Examination(smsc)
    if more is not None:
        more(smsc)
    probe = Probe(
        SmppCarrierSettings(name="probed", host="smsc", port=2775, system_id="palomar", password="secret"),
        ProbeLimits(to=to, messages=messages, wait_seconds=wait),
        clock=LoopClock(),
        on_finding=found.findings.append,
        on_progress=found.steps.append,
        connect=smsc.connect_memory,
    )
    await probe.examine()
    return found


RELATIONS = {
    "hexadecimal": "receipted_message_id as it was answered; the text as it was answered",
    "decimal": "receipted_message_id as it was answered; the text as it was answered",
    "hex-decimal": "the text in decimal, where the answer has it in hexadecimal",
    "decimal-hex": "the text in hexadecimal, where the answer has it in decimal",
    "padded": "the text with other leading zeros",
    "stripped": "the text with other leading zeros",
    "other-case": "the text in the other case",
    "tlv-only": "receipted_message_id as it was answered",
    "text-only": "the text as it was answered",
}


@pytest.mark.parametrize("dialect", get_args(IdDialect))
@in_virtual_time
async def test_it_learns_every_dialect_of_ids(dialect: IdDialect) -> None:
    found = await examined(f"ids={dialect}")
    assert found.of("receipt id").text == RELATIONS[dialect]


@pytest.mark.parametrize(("digits", "shape"), [(10, "YYMMDDhhmm"), (12, "YYMMDDhhmmss"), (14, "YYYYMMDDhhmmss")])
@in_virtual_time
async def test_it_learns_the_format_of_dates(digits: int, shape: str) -> None:
    found = await examined(f"dates={digits}")
    assert found.of("receipt dates").text.startswith(f"{shape} in UTC (")


@pytest.mark.parametrize("name", ["gsm", "latin-1", "ascii"])
@in_virtual_time
async def test_it_learns_the_alphabet_of_coding_0(name: str) -> None:
    assert (await examined(f"alphabet={name}")).learned["alphabet"] == name


@pytest.mark.parametrize("chaos", ["", "echo=off"])
@in_virtual_time
async def test_if_the_receipt_does_not_show_the_alphabet_a_person_is_asked_to_look(chaos: str) -> None:
    finding = (await examined(chaos)).of("alphabet of coding 0")
    assert finding.verdict == "unknown"
    assert "look at the phone" in finding.text


@pytest.mark.parametrize("window", [1, 7, 15])
@in_virtual_time
async def test_it_learns_the_window(window: int) -> None:
    found = await examined(f"window={window},delay-answers,answer-delay=1s", messages=20)
    assert found.learned["window"] == window
    assert "parts_per_second" not in found.learned


@pytest.mark.parametrize("rate", [3, 20])
@in_virtual_time
async def test_it_learns_the_rate(rate: int) -> None:
    found = await examined(f"throttle={rate}/s", messages=30)
    assert found.learned["parts_per_second"] == rate
    assert "window" not in found.learned


@in_virtual_time
async def test_limits_that_were_not_reached_are_reported_as_untried() -> None:
    found = await examined(messages=10)
    assert found.of("window").text == "8 at once were all answered; more were not tried"
    assert found.of("rate").text == "8 at once were not throttled; more were not tried"
    assert found.of("receipts").text == "10 for 10 messages"


@pytest.mark.parametrize("chaos", ["", "lose-answers", "throttle=1/s", "lose-receipts", "window=1,delay-answers"])
@pytest.mark.parametrize("messages", [0, 1, 2, 3, 7])
@in_virtual_time
async def test_it_never_sends_more_messages_than_allowed(chaos: str, messages: int) -> None:
    found = await examined(chaos, messages=messages, wait=5)
    assert found.smsc.stats.submitted <= messages
    one_is_no_burst = 2 if messages == 3 else messages
    assert found.smsc.stats.submitted == one_is_no_burst or chaos


@in_virtual_time
async def test_without_a_number_no_message_is_sent() -> None:
    found = await examined(to="", messages=5)
    assert found.smsc.stats.submitted == 0
    assert found.of("messages").verdict == "unknown"
    assert [finding.subject for finding in found.findings] == ["connection", "bind", "enquire_link", "messages"]


@pytest.mark.parametrize(
    ("chaos", "subject", "text"),
    [
        ("lose-answers", "submit", "no answer in time"),
        ("lose-receipts", "receipt", "none within 5 s"),
        ("half-open", "submit", "no answer in time"),
    ],
)
@in_virtual_time
async def test_missing_answers_and_receipts_are_reported_after_a_bounded_wait(
    chaos: str, subject: str, text: str
) -> None:
    found = await examined(chaos, wait=5)
    assert found.of(subject).text == text
    assert "answer id" not in [finding.subject for finding in found.findings] or chaos == "lose-receipts"


@pytest.mark.parametrize(("digits", "status"), [("99904", "ESME_RINVDSTADR"), ("99922", "ESME_RTHROTTLED")])
@in_virtual_time
async def test_a_refusal_is_reported_by_its_name(digits: str, status: str) -> None:
    found = await examined(to="346000" + digits)
    assert (found.of("submit").verdict, found.of("submit").text) == ("fault", status)


@in_virtual_time
async def test_an_unknown_receipt_word_is_reported() -> None:
    found = await examined(to="34600099915", messages=1)
    assert found.of("receipt text").text.startswith("stat WHATEVR")
    assert found.of("receipt text").verdict == "warning"


@in_virtual_time
async def test_deliveries_of_others_are_returned_and_come_again() -> None:
    def wait_for_others(smsc: SimulatorSmsc) -> None:
        smsc.phones.write("34600000077", "85355", "for the server beside", system_id="palomar")
        smsc.restore("palomar", "00000000000000AA", _submitted("34600000078"))

    found = await examined(more=wait_for_others)
    await asyncio.sleep(10)
    assert found.of("deliveries").text.endswith("were not ours and went back, to come again")
    assert found.smsc.waiting() == 2
    assert found.smsc.stats.deliveries == 2, "its own receipts"


@in_virtual_time
async def test_it_reports_each_step_before_it_and_leaves_no_connection_open() -> None:
    found = await examined(messages=5)
    assert found.steps == [
        "connecting",
        "binding as transceiver",
        "sending a message to 34600000001",
        "waiting for its receipt",
        "sending a message to 34600000001",
        "waiting for its receipt",
        "sending 3 messages at once",
        "waiting for the other receipts",
    ]
    await asyncio.sleep(1)
    assert found.smsc._connections == set()


@pytest.mark.parametrize("seed", range(6))
@in_virtual_time
async def test_under_any_chaos_script_it_ends(seed: int) -> None:
    chaos = f"everything,seed={seed},garbage=20%,half-open=10%,lose-answers=20%,drop-at-pdu=9"
    found = await examined(chaos, messages=20, wait=5)
    assert found.of("connection").verdict == "ok"


def _submitted(number: str) -> SubmitSm:
    return SubmitSm(source_addr="ACME", destination_addr=number, registered_delivery=1, short_message=b"hola")
