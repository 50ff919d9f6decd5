"""Every text that the code stores has its translation, and what others wrote stays as it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from palomar.console.i18n import translated
from palomar.console.stored_texts import translate_stored
from palomar.routing.rules import REASONS, RouteLoss
from palomar.smpp.events import CloseReason
from palomar.smpp.status import CommandStatus, status_meaning, status_name

SOURCE = Path(__file__).parents[2] / "src/palomar"
OUTCOMES = {"Refused", "Deferred", "InDoubt", "NotSent", "doubt", "Recipient", "CarrierState"}
SAYING = {"note", "BindFailed", "_give_up_waiting", "on_no_answer", "on_not_sent"}
BELOW = (
    "acceptance",
    "access",
    "accounts",
    "billing",
    "callbacks",
    "inbound",
    "receipts",
    "reports",
    "routing",
    "sending",
    "transaction",
    "carriers/smpp/links/link.py",
    "carriers/smpp/links/bind.py",
    "carriers/smpp/links/outbind.py",
)
BELOW_TOO = (
    "carriers/smpp/carrier.py",
    "carriers/smpp/links/connection.py",
    "carriers/smpp/text_encoding.py",
    "dialects",
)
CONSTANTS = {"NO_ANSWERS", "NOT_IN_TIME", "ON_TRIAL", "SWITCHED_OFF", "WHY"}


def spanish(text: str) -> str:
    return translate_stored(text, lambda said, **values: translated(said, "es", **values))


def english(text: str) -> str:
    return translate_stored(text, lambda said, **values: translated(said, "en", **values))


def text_of(node: ast.expr | None) -> str | None:
    """A text as it may stand in a moment: what is filled in is an X."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "X" for piece in node.values)
    return None


def said_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in OUTCOMES:
                found += [one.value for one in node.keywords if one.arg in ("reason", "why", "trouble")]
            if name in SAYING:
                found += node.args[:2]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            found += [value for key, value in pairs if text_of(key) in ("why", "reason")]
        elif isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if isinstance(target, ast.Name)}
            found += [node.value] if names & CONSTANTS else []
        for one in found:
            branches = [one.body, one.orelse] if isinstance(one, ast.IfExp) else [one]
            yield from (text for branch in branches if (text := text_of(branch)) and " " in text.strip())


def files() -> Iterator[Path]:
    for place in BELOW + BELOW_TOO:
        path = SOURCE / place
        yield from path.rglob("*.py") if path.is_dir() else [path]


def test_every_reason_and_trouble_that_the_code_stores_has_its_spanish() -> None:
    texts = {text for path in files() for text in said_in(ast.parse(path.read_text(encoding="utf-8")))}
    assert len(texts) > 15, "the code is read"
    assert sorted(text for text in texts if spanish(text) == text) == []


@pytest.mark.parametrize("lost", [lost for lost in RouteLoss if lost is not RouteLoss.UNUSABLE])
def test_why_a_route_was_not_chosen_has_its_spanish(lost: RouteLoss) -> None:
    line = f"main (c): {REASONS[lost].format('X')}"
    assert spanish(line).startswith("main (c): ")
    assert spanish(line) != line
    assert english(line) == line


@pytest.mark.parametrize("reason", CloseReason)
def test_why_a_link_ended_has_its_spanish(reason: CloseReason) -> None:
    assert spanish(reason.value) != reason.value
    assert spanish(f"no bind: {reason.value}") == f"sin bind: {spanish(reason.value)}"


@pytest.mark.parametrize("status", CommandStatus)
def test_the_meaning_of_a_status_has_its_spanish(status: CommandStatus) -> None:
    named = f"{status_name(status)}: {status_meaning(status)}"
    assert spanish(named).startswith(f"{status_name(status)}: ")
    assert spanish(named) != named


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no link is bound", "ningún enlace está conectado"),
        ("backup: no link is bound", "backup: ningún enlace está conectado"),
        (
            "no link is bound; [Errno 111] Connect call failed ('127.0.0.1', 2775)",
            "ningún enlace está conectado; no se pudo conectar con ('127.0.0.1', 2775) (errno 111)",
        ),
        (
            "Multiple exceptions: [Errno 111] Connect call failed ('::1', 2775, 0, 0), [Errno 111] Connect call failed"
            " ('127.0.0.1', 2775)",
            "varios fallos: no se pudo conectar con ('::1', 2775, 0, 0) (errno 111), no se pudo conectar con"
            " ('127.0.0.1', 2775) (errno 111)",
        ),
        ("[Errno -2] Name or service not known", "nombre desconocido"),
        ("[Errno 104] Connection reset by peer", "el otro lado cortó la conexión"),
        ("bind refused: ESME_RINVPASWD", "bind rechazado: ESME_RINVPASWD"),
        (
            "it has taken nothing for 31 s: no answer in time",
            "no ha aceptado nada desde hace 31 s: sin respuesta a tiempo",
        ),
        ("the account does not send to an unknown country", "la cuenta no envía a un país desconocido"),
        ("ESME_RTHROTTLED", "ESME_RTHROTTLED"),
        ("there is no 'los' (is 'loss' meant?)", "no existe 'los' (¿quiere decir 'loss'?)"),
        ("loss: 3% is expected, not 'x'", "loss: se espera 3%, no 'x'"),
        ("more than 500 numbers cannot behave on their own", "no pueden comportarse por su cuenta más de 500 números"),
        ("¡Hola!; adiós: 5", "¡Hola!; adiós: 5"),
        ("", ""),
    ],
)
def test_a_joined_text_is_translated_in_parts_and_foreign_words_stay(text: str, expected: str) -> None:
    assert spanish(text) == expected
    assert english(text) == text.replace("[Errno -2] ", "").replace("[Errno 104] ", "")


@pytest.mark.parametrize("text", ["{one}", "{", "it is open {one} {two}", "x" * 100_000, "a: " * 5_000, "; " * 3_000])
def test_odd_and_very_long_texts_stay_unchanged(text: str) -> None:
    assert spanish(text)
