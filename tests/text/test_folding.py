"""``text/folding.py`` against 402T Labs' Appendix A, a table of letters, and texts that hypothesis makes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.text import gsm7
from palomar.text.folding import fold_text

APPENDIX_A = (
    "€@$Çç_!\"#%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNÑOPQRSTUVWXYZ¿abcdefghijklmnñopqrstuvwxyz"
    "ÁáÉéÍíÓóÚúÀàÈèÌìÒòÙùÄäËëÏïÖöÜüÂâÊêÎîÔôÛû "
)


def test_every_character_of_the_appendix_can_be_written_in_gsm() -> None:
    assert len(set(APPENDIX_A)) == 133
    assert fold_text(APPENDIX_A) == (
        "€@$Çc_!\"#%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNÑOPQRSTUVWXYZ¿abcdefghijklmnñopqrstuvwxyz"
        "AaÉéIiOoUuAàEèIìOòUùÄäEeIiÖöÜüAaEeIiOoUu "
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("§ÁR\r", "§AR\n"),
        ("a\u0301e\u0301", "aé"),
        ("x\u0323", "x"),
        ("‘q’ “r” «s» `t´", "'q' \"r\" \"s\" 't'"),
        ("a–b—c−d", "a-b-c-d"),
        ("• ‣…", "* *..."),
        ("3ª 4º", "3a 4o"),
        ("a\u00a0b\u3000c\td\u2028e", "a b c d\ne"),
        ("a\u200bb\u00adc\ufeff\u200d", "abc"),
        ("łđðþœŒıŋŁĐÐÞŊẞ", "lddthoeOEinLDDTHNß"),
        ("ãõşžŘ", "aoszR"),
        ("\uff21\uff42\uff11 \ufb01 ² ™ №", "Ab1 fi 2 TM No"),
        ("﹘﹣", "--"),
        ("½ ¼ ¾ ⅓ ⅞ ⅟2 ↉", "1/2 1/4 3/4 1/3 7/8 1/2 0/3"),
        ("1½ kg, 2⁄3, x½", "1 1/2 kg, 2/3, x1/2"),
        ("ﬀ ﬃ ﬆ ĳ ŀl ① ⑴ Ⅳ ㎏ ℡ ¹₂ ‥ ‼ d\u02bcaquí", "ff ffi st ij l.l 1 (1) IV kg TEL 12 .. !! d'aqui"),
        ("\u202aa\u202c\u2066b\u2069\u061c\ufe0f", "ab"),
        ("{[^~|\\]}€", "{[^~|\\]}€"),
        ("ΔΦΓΛΩΠΨΣΘΞ\u2126", "ΔΦΓΛΩΠΨΣΘΞΩ"),
    ],
)
def test_a_text_is_written_with_the_nearest_gsm_characters(text: str, written: str) -> None:
    assert fold_text(text) == written


@pytest.mark.parametrize("text", ["日本", "Привет", "😀", "\x01", "\x1b", "×", "\ud800"])
def test_what_has_no_equivalent_stays(text: str) -> None:
    assert fold_text(text) == text
    assert not gsm7.is_gsm(text)


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    folded = fold_text(text)
    assert fold_text(folded) == folded


@given(st.text())
def test_folding_adds_no_foreign_characters(text: str) -> None:
    assert set(gsm7.DEFAULT.foreign_characters.findall(fold_text(text))) <= set(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r")).filter(gsm7.is_gsm))
def test_a_gsm_text_is_unchanged(text: str) -> None:
    assert fold_text(text) == text
