"""The tables: every refusal, state, event and code has its word, and the words are the page's."""

import json
import typing

import pytest
from tests.dialects.labs402t.contract import CONTRACT

from palomar.dialects.labs402t.errors import HTTP_STATUSES, MESSAGES, Code, problem_of, problem_of_discarded
from palomar.dialects.labs402t.responses import declined
from palomar.dialects.labs402t.states import Word, word_of
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

REFUSALS = {
    Refusal.BAD_CREDENTIALS: (-1, 401),
    Refusal.ADDRESS_NOT_ALLOWED: (-1, 401),
    Refusal.ACCOUNT_DISABLED: (-2, 403),
    Refusal.MAY_NOT_SEND: (-2, 403),
    Refusal.TOO_MANY_REQUESTS: (-30, 429),
    Refusal.DAILY_LIMIT: (-12, 402),
    Refusal.NO_CREDIT: (-12, 402),
    Refusal.NO_RECIPIENT: (-9, 400),
    Refusal.TOO_MANY_RECIPIENTS: (-30, 400),
    Refusal.EMPTY_TEXT: (-9, 400),
    Refusal.TEXT_TOO_LONG: (-19, 400),
    Refusal.CHARACTERS: (-21, 400),
    Refusal.SENDER: (-13, 400),
    Refusal.UNAVAILABLE: (-30, 503),
}


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_code_and_status(refusal: Refusal) -> None:
    problem = problem_of(refusal)

    assert (problem.code, problem.http_status) == REFUSALS[refusal]


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_word(state: State) -> None:
    assert word_of(state) == CONTRACT.words[state]


def test_every_word_belongs_to_a_state() -> None:
    assert {word_of(state) for state in State} == set(typing.get_args(Word))


def test_codes_are_those_of_the_page_with_its_messages() -> None:
    assert {code.value: message for code, message in MESSAGES.items()} == {
        0: "OK",
        -1: "Usuario/Password incorrectos",
        -2: "Sin permisos SMS",
        -7: "Teléfono incorrecto",
        -9: "Faltan campos",
        -11: "Fecha en el pasado",
        -12: "Saldo insuficiente",
        -13: "Remitente incorrecto",
        -17: "Usuario no existe",
        -19: "SMS demasiado largo",
        -21: "Caracteres inválidos",
        -26: "Login ya existe",
        -30: "Petición no válida",
    }
    assert set(HTTP_STATUSES) == set(Code)


@pytest.mark.parametrize("state", State)
def test_only_blocked_and_malformed_messages_are_refused_after_they_were_stored(state: State) -> None:
    problem = problem_of_discarded(state)

    assert (problem is not None and problem.code == Code.NUMBER) == (state in (State.BLOCKED, State.NOFORMAT))


def test_a_reason_stands_in_data_beside_the_vendors_own_text() -> None:
    answer = declined(problem_of(Refusal.UNAVAILABLE))

    assert answer.status == 503
    assert json.loads(answer.body) == {
        "status": -30,
        "message": "Petición no válida",
        "data": {"reason": "temporarily unavailable"},
    }
