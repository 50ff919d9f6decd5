"""The written form of a script: valid ones are read, invalid ones are an error of one line, and any can be written."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.chaos.faults import CALM, EVERYTHING, ChaosScript
from palomar.carriers.simulator.chaos.script import ITEMS, ScriptError, parse, to_text


def test_the_script_of_the_documentation_is_read() -> None:
    assert parse("lose-answers=3%,hex-ids,throttle=20/s,drop-at-pdu=500,seed=7") == ChaosScript(
        lose_answers=0.03, ids="hex-decimal", throttle_per_second=20, drop_at_pdu=500, seed=7
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", CALM),
        ("calm", CALM),
        ("everything", EVERYTHING),
        ("everything,calm", CALM),
        (
            "seed=4,everything",
            ChaosScript(**{f.name: getattr(EVERYTHING, f.name) for f in fields(ChaosScript)} | {"seed": 4}),
        ),
        ("lose-answers=0.5", ChaosScript(lose_answers=0.5)),
        ("receipts-first", ChaosScript(receipts_first=1.0)),
        ("answer-delay=1500ms", ChaosScript(answer_delay_seconds=1.5)),
        ("answer-delay=2m", ChaosScript(answer_delay_seconds=120)),
        ("receipt-delay=.5s", ChaosScript(receipt_delay_seconds=0.5)),
        ("no-echo", ChaosScript(repeats_text=False)),
        ("echo=off", ChaosScript(repeats_text=False)),
        ("echo=off,echo", CALM),
        ("throttle=5/s,throttle=off", CALM),
        ("ids=tlv-only,dates=14,alphabet=latin-1", ChaosScript(ids="tlv-only", date_digits=14, alphabet="latin-1")),
        (" window = 10 , \n # a comment, with a comma\n seed = 3 # and more\n", ChaosScript(window=10, seed=3)),
    ],
)
def test_valid_scripts_are_read(text: str, wanted: ChaosScript) -> None:
    assert parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lose-answer=3%", "there is no 'lose-answer' (is 'lose-answers' meant?)"),
        ("everythin", "there is no 'everythin' (is 'everything' meant?)"),
        ("xyzzy=1", "there is no 'xyzzy'"),
        ("lose-answers=130%", "lose-answers: 3% is expected, not '130%'"),
        ("lose-answers=-1%", "lose-answers: 3% is expected, not '-1%'"),
        ("lose-answers=nan", "lose-answers: 3% is expected, not 'nan'"),
        ("lose-answers=", "lose-answers: 3% is expected, not ''"),
        ("throttle=20", "throttle: 20/s is expected, not '20'"),
        ("throttle=0/s", "throttle: 20/s is expected, not '0/s'"),
        ("throttle=inf/s", "throttle: 20/s is expected, not 'inf/s'"),
        ("drop-at-pdu=-5", "drop-at-pdu: 500 is expected, not '-5'"),
        ("seed=٣", "seed: 500 is expected, not '٣'"),
        ("answer-delay=3", "answer-delay: 3s is expected, not '3'"),
        ("dates=11", "dates: 10|12|14 is expected, not '11'"),
        ("echo=loud", "echo: on is expected, not 'loud'"),
    ],
)
def test_an_invalid_script_is_an_error_of_one_line(text: str, complaint: str) -> None:
    with pytest.raises(ScriptError) as raised:
        parse(text)
    assert str(raised.value) == complaint


def test_every_field_has_an_item_and_every_item_a_field() -> None:
    assert sorted(item.field for item in ITEMS) == sorted(field.name for field in fields(ChaosScript))


def test_every_shape_in_the_table_can_be_read() -> None:
    for item in ITEMS:
        for value in item.shape.split("|"):
            assert getattr(parse(f"{item.name}={value}"), item.field) is not None


def test_the_table_names_every_item_once() -> None:
    assert len(dict(script.table())) == len(ITEMS)


@pytest.mark.parametrize("preset", ["everything", "calm"])
def test_a_preset_survives_writing_and_reading(preset: str) -> None:
    assert parse(to_text(script.PRESETS[preset])) == script.PRESETS[preset]
    assert (to_text(script.PRESETS[preset]) == "calm") is (preset == "calm")


def some(item: script.Item) -> st.SearchStrategy[object]:
    """Generate values of an item's field."""
    default = getattr(CALM, item.field)
    if "|" in item.shape:
        return st.sampled_from([item.read(word) for word in item.shape.split("|")])
    if item.shape.endswith("%"):
        return st.integers(0, 10_000).map(lambda value: value / 10_000)
    if isinstance(default, bool):
        return st.booleans()
    if isinstance(default, int):
        return st.integers(0, 1_000_000)
    return st.integers(1, 1_000_000).map(lambda value: value / 1_000)


@given(st.fixed_dictionaries({}, optional={item.field: some(item) for item in ITEMS}))
def test_any_script_survives_writing_and_reading(values: dict[str, object]) -> None:
    wanted = ChaosScript(**values)  # type: ignore[arg-type]
    assert parse(to_text(wanted)) == wanted
