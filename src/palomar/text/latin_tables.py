"""The national language tables for Latin letters, as data (3GPP TS 23.038 sections A.2.1 to A.2.3, A.3.1, A.3.3).

A table is written as runs: the septet that a run begins with, and its characters. All other places are those of the
default alphabet or of its extension table. Keys are names of ``languages.Language``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LOCKING: Final[Mapping[str, Mapping[int, str]]] = MappingProxyType(
    {
        # Section A.3.1
        "TURKISH": {
            0x04: "€",
            0x07: "ı",
            0x0B: "Ğğ",
            0x1C: "Şş",
            0x40: "İ",
            0x60: "ç",
        },
        # Section A.3.3
        "PORTUGUESE": {
            0x04: "ê",
            0x06: "úíóç",
            0x0B: "Ôô",
            0x0E: "Áá",
            0x12: "ªÇÀ∞^\\€Ó|",
            0x1C: "ÂâÊ",
            0x24: "º",
            0x40: "Í",
            0x5B: "ÃÕÚ",
            0x60: "~",
            0x7B: "ãõ`",
        },
    }
)
"""Locking shift tables, where they differ from the default alphabet."""

SINGLE: Final[Mapping[str, Mapping[int, str]]] = MappingProxyType(
    {
        # Section A.2.1
        "TURKISH": {
            0x47: "Ğ",
            0x49: "İ",
            0x53: "Ş",
            0x63: "ç",
            0x67: "ğ",
            0x69: "ı",
            0x73: "ş",
        },
        # Section A.2.2
        "SPANISH": {
            0x09: "ç",
            0x41: "Á",
            0x49: "Í",
            0x4F: "Ó",
            0x55: "Ú",
            0x61: "á",
            0x69: "í",
            0x6F: "ó",
            0x75: "ú",
        },
        # Section A.2.3
        "PORTUGUESE": {
            0x05: "ê",
            0x09: "ç",
            0x0B: "Ôô",
            0x0E: "Áá",
            0x12: "ΦΓ",
            0x15: "ΩΠΨΣΘ",
            0x1F: "Ê",
            0x41: "À",
            0x49: "Í",
            0x4F: "Ó",
            0x55: "Ú",
            0x5B: "ÃÕ",
            0x61: "Â",
            0x69: "í",
            0x6F: "ó",
            0x75: "ú",
            0x7B: "ãõ",
            0x7F: "â",
        },
    }
)
"""Single shift tables, where they differ from the default extension table."""
