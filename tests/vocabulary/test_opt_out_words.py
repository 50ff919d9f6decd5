"""Opt-out words: the whole text, in any case, with or without accents."""

import pytest

from palomar.vocabulary.opt_out_words import START_WORDS, STOP_WORDS, find_word


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop. ", "¡STOP!", '"stop"', "ｓｔｏｐ", "STOP\n", "«Stop»"])
def test_a_word_is_found_in_any_writing(text: str) -> None:
    assert find_word(text, STOP_WORDS) == "STOP"


@pytest.mark.parametrize("text", ["", "   ", "please stop", "STOP IT", "ST OP", "nonstop", "STOP" * 20, "...", "¿?"])
def test_only_the_whole_text_counts(text: str) -> None:
    assert find_word(text, STOP_WORDS) is None


def test_accents_make_no_difference_on_either_side() -> None:
    assert find_word("cancelár", STOP_WORDS) == "CANCELAR"
    assert find_word("desuscripcion", ("DESUSCRIPCIÓN",)) == "DESUSCRIPCIÓN"


def test_an_entry_of_several_words_fits_any_space_between_them() -> None:
    assert find_word("alta  ya", ("ALTA YA",)) == "ALTA YA"


def test_no_word_is_both_a_stop_word_and_a_start_word() -> None:
    assert not set(STOP_WORDS) & set(START_WORDS)
    assert [find_word(word.lower(), START_WORDS) for word in START_WORDS] == list(START_WORDS)
