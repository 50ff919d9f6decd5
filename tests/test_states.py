"""A state is assigned in one place only, by its table: no other code of Palomar does it, in Python or in SQL."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import palomar
from palomar.storage.statements import Update
from palomar.transaction.message_rows import OpenMessage, OpenPart
from palomar.vocabulary import message
from palomar.vocabulary.message import (
    CORRECTIONS,
    FINAL,
    MESSAGE_TRANSITIONS,
    PART_TRANSITIONS,
    ForbiddenMove,
    State,
    Transitions,
    is_correction,
    move,
)

SOURCE = Path(palomar.__path__[0])
TABLES = {"parts": PART_TRANSITIONS, "messages": MESSAGE_TRANSITIONS, "corrections": CORRECTIONS}
SETS_STATE = re.compile(r"\bSET\b(?:(?!\bWHERE\b).)*\bstate\s*=", re.IGNORECASE | re.DOTALL)


class Thing:
    def __init__(self, state: State) -> None:
        self.state = state


def assignments(tree: ast.AST) -> Iterator[ast.AST]:
    """Find what gives a ``state`` to something: an attribute of anything but ``self``, ``setattr``, ``replace``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store | ast.Del):
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                yield node
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if name in ("setattr", "__setattr__", "force_setattr") and (len(named) == 0 or "state" in named):
                yield node
            if name == "replace" and any(keyword.arg == "state" for keyword in node.keywords):
                yield node


def function_at(tree: ast.AST, line: int) -> str:
    """Return the innermost function around a line."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno).name if around else ""


def test_no_code_but_move_assigns_a_state() -> None:
    found = []
    for file in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [(file.name, function_at(tree, node.lineno)) for node in assignments(tree)]  # type: ignore[attr-defined]
    born = ("accept.py", "_store_discarded")  # a message that a filter discards is born ended
    simulated = ("mobile_network.py", "_move")  # what the simulator took has SMPP's own states
    assert sorted(found) == sorted([(Path(message.__file__).name, "move"), born, simulated])


@pytest.mark.parametrize(
    "wrong",
    [
        "part.state = State.SENT",
        "part.message.state: State = State.SENT",
        "part.state = message.state = State.HELD",
        "a, part.state = 1, State.SENT",
        "for part.state in states: pass",
        "setattr(part, 'state', State.SENT)",
        "setattr(part, name, value)",
        "structs.replace(part, state=State.SENT)",
    ],
)
def test_every_way_of_assigning_a_state_is_found(wrong: str) -> None:
    assert list(assignments(ast.parse(wrong)))


def test_only_the_statements_that_write_moved_rows_set_a_state() -> None:
    found = set()
    for info in pkgutil.walk_packages(palomar.__path__, "palomar."):
        if not info.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(info.name)).items():
                if isinstance(value, Update) and any(column == "state" for column, _ in value.columns):
                    found.add((name, value.table))
    assert found == {
        ("UPDATE_MESSAGES", "messages"),
        ("UPDATE_MESSAGES_ENDED", "messages"),
        ("UPDATE_PARTS", "parts"),
        ("UPDATE_PARTS_WITH_REFERENCE", "parts"),
    }
    texts = [
        (file.name, node.value)
        for file in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    texts += [(file.name, file.read_text(encoding="utf-8")) for file in sorted(SOURCE.rglob("*.sql"))]
    assert [name for name, text in texts if any(SETS_STATE.search(one) for one in text.split(";"))] == []
    assert SETS_STATE.search("UPDATE parts\nSET attempt = 1, state = 'sent' WHERE id = ?")
    assert not SETS_STATE.search("UPDATE parts SET attempt = 1 WHERE state = 'sent'")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a cold process is slow to begin
@given(
    begins=st.sampled_from(State), way=st.lists(st.sampled_from(State), max_size=12), table=st.sampled_from([*TABLES])
)
def test_only_moves_of_the_table_are_possible(begins: State, way: list[State], table: str) -> None:
    moves = TABLES[table]
    thing = Thing(begins)
    for wanted in way:
        before = thing.state
        try:
            move(thing, wanted, moves)
        except ForbiddenMove:
            assert thing.state is before, "nothing has changed"
            assert wanted not in moves[before]
        else:
            assert thing.state is wanted
            assert wanted in moves[before]


def reach(moves: Transitions, begins: State) -> set[State]:
    seen = {begins}
    while fresh := {after for state in seen for after in moves[state]} - seen:
        seen |= fresh
    return seen


def test_a_part_is_never_scheduled_and_a_message_is_never_submitting() -> None:
    """Both reach an end from every state, too."""
    for moves, begins, never in (
        (PART_TRANSITIONS, State.QUEUED, State.SCHEDULED),
        (MESSAGE_TRANSITIONS, State.SCHEDULED, State.SUBMITTING),
    ):
        assert set(moves) == set(State)
        assert never not in reach(moves, begins)
        for state in set(State) - {never}:
            assert state not in moves[state], "nothing moves to itself"
            assert (state in FINAL) == (not moves[state])
            assert reach(moves, state) & FINAL


def test_only_a_presumed_end_is_corrected_and_never_by_the_same_state() -> None:
    for old in State:
        for new in State:
            assert not is_correction(old, presumed=False, new=new)
            if is_correction(old, presumed=True, new=new):
                assert {old, new} <= FINAL
                assert old is not new
    assert is_correction(State.EXPIRED, presumed=True, new=State.DELIVERED)
    assert not is_correction(State.DELIVERED, presumed=True, new=State.UNDELIVERED)


def test_stored_parts_and_messages_can_be_moved() -> None:
    stored = OpenMessage(*[0] * 10, State.QUEUED, *[0] * 6)  # type: ignore[arg-type]  # only its state counts
    part = OpenPart(0, State.QUEUED, 0, "", None, None, stored)  # type: ignore[arg-type]
    move(part, State.SUBMITTING, PART_TRANSITIONS)
    move(stored, State.SENT, MESSAGE_TRANSITIONS)
    assert (part.state, stored.state) == (State.SUBMITTING, State.SENT)
