"""A reader and a writer for the body of each class of PDU: everything between the header and the optional parameters.

Theory of operation. A PDU's class is its field table; from it this module writes, at import, one straight function that
reads such a body and one that writes it, as `dataclasses` writes an `__init__`: a table that is walked anew for every
PDU costs twice as much. C-octet strings are found in one Latin-1 copy of the frame (which cannot fail), a run of octets
is one `struct` call on reading, everything between two fields of another kind is one `%` template on writing. Fields of
other kinds are read and written by the methods of their kind.

These functions handle well-formed bodies only. Any other raises one of `BODY_ERRORS`; `codec` then goes over the same
table field by field, to say what is wrong or to save what can be saved.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from palomar.smpp.fields import COctets, FieldFault, Octet, WireKind, field_table
from palomar.smpp.pdus import Pdu
from palomar.smpp.tlvs import read_tlvs, write_tlvs

HEADER_OCTETS = 16
BODY_ERRORS = (ValueError, struct.error, FieldFault)

Reader = Callable[[bytes, int, int], Pdu]
"""Takes a frame, and its header's status and sequence number."""
Writer = Callable[[Pdu], bytes]

_Field = tuple[str, WireKind]


def body_reader(pdu_type: type[Pdu]) -> Reader:
    """Make the function that reads the body of such a PDU strictly: to the last octet, or not at all."""
    table = field_table(pdu_type)
    names = ", ".join(("status", "sequence_number", "tlvs", *(name for name, _ in table)))
    known: dict[str, Any] = {"make": pdu_type, "read_tlvs": read_tlvs}
    lines = ["text = frame.decode('latin-1')", "tlvs = ()", f"position = {HEADER_OCTETS}"]
    for are_octets, fields in _runs(table, _is_octet):
        lines += _octet_reader_lines(fields, known) if are_octets else _other_reader_lines(fields, known)
    lines += [
        "if position != len(frame):",
        "    tlvs, position = read_tlvs(frame, position)",
        "    if position != len(frame):",
        "        raise ValueError('more than whole parameters')",
        f"return make({names})",
    ]
    read: Reader = _function("read", "frame, status, sequence_number", lines, known)
    return read


def body_writer(pdu_type: type[Pdu]) -> Writer:
    """Make the function that writes the body of such a PDU, its optional parameters included."""
    table = field_table(pdu_type)
    known: dict[str, Any] = {"write_tlvs": write_tlvs}
    lines = ["if pdu.command_status:", "    return b''"] if pdu_type.bare_when_refused else []
    lines += _text_check_lines([(name, kind) for name, kind in table if isinstance(kind, COctets)])
    lines.append("body = b''")
    for are_templated, fields in _runs(table, _is_templated):
        lines += [_template_writer_line(fields)] if are_templated else _other_writer_lines(fields, known)
    lines += ["if pdu.tlvs:", "    body += write_tlvs(pdu.tlvs)", "return body"]
    write: Writer = _function("write", "pdu", lines, known)
    return write


def _runs(table: Iterable[_Field], key: Callable[[_Field], bool]) -> list[tuple[bool, list[_Field]]]:
    return [(alike, list(fields)) for alike, fields in groupby(table, key)]


def _is_octet(field: _Field) -> bool:
    return isinstance(field[1], Octet)


def _is_templated(field: _Field) -> bool:
    return isinstance(field[1], Octet | COctets)


def _octet_reader_lines(fields: Sequence[_Field], known: dict[str, Any]) -> list[str]:
    count = len(fields)
    known[f"unpack_{count}"] = struct.Struct(f"{count}B").unpack_from
    names = ", ".join(name for name, _ in fields)
    return [f"{names}, = unpack_{count}(frame, position)", f"position += {count}"]


def _other_reader_lines(fields: Sequence[_Field], known: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, kind in fields:
        if isinstance(kind, COctets):
            lines += [
                f"end = text.index('\\0', position, position + {kind.max_octets})",
                f"{name} = text[position:end]",
                "position = end + 1",
            ]
        else:
            known[f"read_{name}"] = kind.read
            lines.append(f"{name}, position = read_{name}(frame, position)")
    return lines


def _text_check_lines(fields: Sequence[tuple[str, COctets]]) -> list[str]:
    if not fields:
        return []
    lines = [f"{name} = pdu.{name}" for name, _ in fields]
    too_long = " or ".join(f"len({name}) >= {kind.max_octets}" for name, kind in fields)
    together = " + ".join(name for name, _ in fields)
    return [*lines, f"if {too_long} or '\\0' in {together}:", "    raise ValueError('no C-octet string')"]


def _template_writer_line(fields: Sequence[_Field]) -> str:
    template = "".join("%c" if isinstance(kind, Octet) else "%s\\0" for _, kind in fields)
    values = "".join(f"pdu.{name}, " if isinstance(kind, Octet) else f"{name}, " for name, kind in fields)
    return f"body += ('{template}' % ({values})).encode('latin-1')"


def _other_writer_lines(fields: Sequence[_Field], known: dict[str, Any]) -> list[str]:
    known.update((f"write_{name}", kind.write) for name, kind in fields)
    return [f"body += write_{name}(pdu.{name})" for name, _ in fields]


def _function(name: str, parameters: str, lines: Sequence[str], known: dict[str, Any]) -> Any:
    """Compile these lines to a function; `known` is what it calls by name."""
    source = "\n    ".join((f"def {name}({parameters}):", *lines))
    exec(source, known)  # noqa: S102  # of our own field tables, at import
    return known[name]
