"""The tables are total: a text for every code, a code for every refusal, a status for both."""

from dataclasses import replace

import pytest
from tests.dialects.foxsys.fake_gateway import DEMO

from palomar.dialects.foxsys.errors import MESSAGES, Code, http_status, problem_of
from palomar.vocabulary.refusals import Refusal


def test_every_code_has_its_text() -> None:
    assert set(MESSAGES) == set(Code)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_a_code_that_is_no_success(refusal: Refusal) -> None:
    assert problem_of(refusal).code is not Code.SENT


def test_business_errors_are_200_unless_the_account_wants_400() -> None:
    wants_400 = replace(DEMO.settings, dialect_settings={"business_error_status": 400})
    business = [code for code in Code if len(code) == 2]
    assert {http_status(code, DEMO.settings) for code in business} == {200}
    assert {code: http_status(code, wants_400) for code in business} == {
        code: 402 if code is Code.NO_CREDIT else 400 for code in business
    }
    assert {code: http_status(code, wants_400) for code in Code if len(code) == 3} == {
        code: int(code) for code in Code if len(code) == 3
    }
