"""What follows from a carrier's answers: reported where it is certain, unknown where it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.smpp.probing import diagnosis
from palomar.carriers.smpp.probing.diagnosis import PROBE_OCTETS, ProbeSubmit
from palomar.smpp import CommandStatus, DeliverSm, Receipt, parameters, parse_receipt, tlvs
from palomar.text import gsm7

NOON_MS = 1_746_100_800_000  # 2025-05-01 12:00:00 GMT
THROTTLED = CommandStatus.ESME_RTHROTTLED


def receipt(text: str, *, in_tlv: str = "") -> tuple[Receipt, tlvs.Tlvs]:
    found = (tlvs.RECEIPTED_MESSAGE_ID.of(in_tlv),) if in_tlv else ()
    pdu = DeliverSm(esm_class=parameters.ESM_TYPE_DELIVERY_RECEIPT, short_message=text.encode("latin-1"), tlvs=found)
    parsed = parse_receipt(pdu)
    assert parsed is not None
    return parsed, found


@pytest.mark.parametrize(
    ("answered", "told", "relation"),
    [
        ("00FF", "00FF", "as it was answered"),
        ("00FF", "00ff", "in the other case"),
        ("00FF", "ff", "with other leading zeros"),
        ("42", "0000000042", "with other leading zeros"),
        ("FF", "255", "in decimal, where the answer has it in hexadecimal"),
        ("255", "FF", "in hexadecimal, where the answer has it in decimal"),
        ("00FF", "0000255", "in decimal, where the answer has it in hexadecimal"),
        ("FF", "254", None),
        ("abc-1", "abc-2", None),
        ("", "1", None),
        ("1", "", None),
    ],
)
def test_how_an_id_follows_from_another(answered: str, told: str, relation: str | None) -> None:
    assert diagnosis.id_relation(answered, told) == relation


@given(st.text(max_size=70), st.text(max_size=70))
def test_any_two_ids_can_be_compared(answered: str, told: str) -> None:
    relation = diagnosis.id_relation(answered, told)
    assert relation is None or relation
    assert diagnosis.describe_id(answered)


@pytest.mark.parametrize(
    ("identifier", "look"),
    [
        ("42", "2 decimal digits"),
        ("0042", "4 decimal digits, leading zeros"),
        ("00FF", "4 hexadecimal digits, leading zeros"),
        ("a-1", "3 characters"),
    ],
)
def test_an_id_is_described_by_length_and_characters(identifier: str, look: str) -> None:
    assert diagnosis.describe_id(identifier) == look


@pytest.mark.parametrize(
    ("text", "in_tlv", "verdict", "words"),
    [
        ("id:FF stat:DELIVRD", "", "ok", "the text as it was answered"),
        ("sub:001 stat:DELIVRD", "FF", "ok", "receipted_message_id as it was answered"),
        ("id:255 stat:DELIVRD", "", "warning", "the text in decimal"),
        ("id:77 stat:DELIVRD", "", "fault", "nothing in '77' follows from 'FF'"),
        ("stat:DELIVRD", "", "fault", "no id at all"),
        ("stat:DELIVRD text:id:FF", "", "fault", "no id at all"),
    ],
)
def test_a_receipt_is_matched_by_tlv_or_text(text: str, in_tlv: str, verdict: str, words: str) -> None:
    parsed, found = receipt(text, in_tlv=in_tlv)
    finding = diagnosis.receipt_id(parsed, found, "FF")
    assert finding.verdict == verdict
    assert words in finding.text


@pytest.mark.parametrize(
    ("date", "text"),
    [
        ("2505011200", "YYMMDDhhmm in UTC (2505011200)"),
        ("250501140002", "YYMMDDhhmmss in UTC+2:00 (250501140002)"),
        ("20250501063001", "YYYYMMDDhhmmss in UTC-5:30 (20250501063001)"),
        ("yesterday", "'yesterday' is none that we read"),
        ("", "there are none"),
    ],
)
def test_the_dates_of_receipts_and_their_zone(date: str, text: str) -> None:
    parsed, _ = receipt(f"id:1 done date:{date} stat:DELIVRD" if date else "id:1 stat:DELIVRD")
    assert diagnosis.receipt_dates(parsed, now_ms=NOON_MS).text == text


@pytest.mark.parametrize(
    ("text", "verdict", "words"),
    [
        ("id:1 stat:DELIVRD err:000 text:hola", "ok", "stat DELIVRD, err 000; repeats the text"),
        ("id:1 stat:DELIVRD err:000 text:", "ok", "does not repeat the text"),
        ("id:1 stat:DELIVRD err:000 text:adios", "ok", "has another text, 'adios'"),
        ("id:1 stat:BUFFERD", "ok", "stat BUFFERD, err (none)"),
        ("id:1 stat:MISLUKT", "warning", "nobody knows what 'MISLUKT' means: set receipt_words"),
        ("id:1", "warning", "it says no state"),
        ("id:1 stat:GELUKT", "ok", "stat GELUKT"),
    ],
)
def test_the_words_of_receipts(text: str, verdict: str, words: str) -> None:
    parsed, _ = receipt(text)
    finding = diagnosis.receipt_words(parsed, "hola, mundo", {"GELUKT"})
    assert finding.verdict == verdict
    assert words in finding.text


@pytest.mark.parametrize(
    ("echo", "coding", "learned"),
    [
        (gsm7.decode(PROBE_OCTETS)[:10], 3, "gsm"),
        (PROBE_OCTETS.decode("latin-1"), 3, "latin-1"),
        (gsm7.decode(PROBE_OCTETS)[:10], 0, "gsm"),
        ("probe @$_{ ?", 1, "ascii"),
        ("probe @$_{ ?", 8, "ascii"),
        (PROBE_OCTETS.decode("latin-1"), 8, "latin-1"),
        ("probe @$_{ ?", 0, None),
        ("probe @$_{ ", 0, None),
        ("probe @$_{", 0xF0, None),
        ("probe @$_{", 4, None),
        (PROBE_OCTETS.decode("latin-1"), 0, None),
        ("", 0, None),
        ("probe ????", 0, None),
    ],
)
def test_the_alphabet_follows_from_what_the_echo_shows_unless_it_may_be_a_copy(
    echo: str, coding: int, learned: str | None
) -> None:
    finding = diagnosis.alphabet(echo, coding)
    assert finding.settings == ({"alphabet": learned} if learned else {})
    assert finding.verdict == ("ok" if learned else "unknown")
    assert ("look at the phone" in finding.text) is (learned is None)
    assert finding.text.startswith("cannot be told") is (learned is None)


def test_what_a_phone_shows_differs_by_alphabet() -> None:
    shows = {
        "gsm": gsm7.decode(PROBE_OCTETS).rstrip(" \ufffd"),
        "latin-1": PROBE_OCTETS.decode("latin-1"),
        "ascii": PROBE_OCTETS.decode("ascii", "replace").replace("\ufffd", "?"),
    }
    assert shows == dict(diagnosis.PROBE_TEXTS)


def burst(*answers: tuple[float, int | None]) -> list[ProbeSubmit]:
    """Make submits that left at 100.0, each answered so much later with that status (None: not at all)."""
    sent = []
    for place, (after, status) in enumerate(answers):
        before = sum(
            1
            for later, other in answers[:place]
            if other is None or later > after  # it had not been answered yet
        )
        answered_at = 100.0 + after if status is not None else 0.0
        sent.append(ProbeSubmit(at=100.0, answered_at=answered_at, status=status, unanswered_before=before))
    return sent


def learned(sent: list[ProbeSubmit]) -> dict[str, object]:
    return {name: value for finding in diagnosis.pace(sent) for name, value in finding.settings.items()}


def test_submits_refused_before_any_answer_are_beyond_the_window() -> None:
    answers = [(2.0, 0)] * 7 + [(0.1, THROTTLED)] * 3
    assert learned(burst(*answers)) == {"window": 7}


def test_submits_refused_after_the_others_were_answered_are_beyond_the_rate() -> None:
    answers = [(0.01 * place, 0) for place in range(20)] + [(0.3, THROTTLED)] * 5
    assert learned(burst(*answers)) == {"parts_per_second": 20}


def test_a_rate_reached_later_is_computed_over_the_whole_time() -> None:
    answers = [(0.1 * place, 0) for place in range(50)] + [(5.0, THROTTLED)]
    assert learned(burst(*answers)) == {"parts_per_second": 10}


def test_unanswered_submits_are_reported_as_a_stall() -> None:
    (finding,) = diagnosis.pace(burst(*[(0.1, 0)] * 8, *[(0.0, None)] * 2))
    assert (finding.verdict, dict(finding.settings)) == ("warning", {"window": 8})
    assert "stalls behind 8" in finding.text


def test_a_burst_taken_whole_suggests_no_setting() -> None:
    findings = diagnosis.pace(burst(*[(0.1, 0)] * 8))
    assert [(finding.verdict, dict(finding.settings)) for finding in findings] == [("ok", {}), ("ok", {})]
    assert all("more were not tried" in finding.text for finding in findings)


def test_a_single_throttled_submit_is_a_rate_and_no_window() -> None:
    assert learned(burst((0.1, THROTTLED), (0.1, THROTTLED))) == {"parts_per_second": 1}
