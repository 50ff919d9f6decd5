"""One-time codes: the numbers of the RFCs, a clock that is off, and codes that were used."""

import pytest

from palomar.access.totp import STEP_MS, app_url, base32, code_at, step_of_code

RFC_SECRET = b"12345678901234567890"
NOW_STEP = 100
NOW_MS = NOW_STEP * STEP_MS + 12_345


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert code_at(RFC_SECRET, seconds // 30) == code


def test_hotp_values_are_those_of_rfc_4226_appendix_d() -> None:
    assert [code_at(RFC_SECRET, step) for step in range(4)] == ["755224", "287082", "359152", "969429"]


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_of_a_clock_that_is_a_step_off_is_good(drift: int) -> None:
    code = code_at(RFC_SECRET, NOW_STEP + drift)
    assert step_of_code(RFC_SECRET, f"{code[:3]} {code[3:]}", now_ms=NOW_MS, after=0) == NOW_STEP + drift


@pytest.mark.parametrize("drift", [-2, 2])
def test_a_code_of_a_clock_that_is_further_off_is_not_good(drift: int) -> None:
    assert step_of_code(RFC_SECRET, code_at(RFC_SECRET, NOW_STEP + drift), now_ms=NOW_MS, after=0) is None


def test_a_code_is_good_once_and_none_before_it_is_good_after_it() -> None:
    code, earlier = code_at(RFC_SECRET, NOW_STEP), code_at(RFC_SECRET, NOW_STEP - 1)
    assert step_of_code(RFC_SECRET, code, now_ms=NOW_MS, after=NOW_STEP) is None
    assert step_of_code(RFC_SECRET, earlier, now_ms=NOW_MS, after=NOW_STEP) is None


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345"])
def test_a_text_that_is_no_code_has_no_step(typed: str) -> None:
    assert step_of_code(RFC_SECRET, typed, now_ms=NOW_MS, after=0) is None


def test_the_url_for_the_app_has_the_secret_the_login_and_the_issuer() -> None:
    url = app_url(RFC_SECRET, login="ana:b@c", issuer="Palo mar")
    assert base32(RFC_SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert url == f"otpauth://totp/Palo%20mar%3Aana%3Ab%40c?secret={base32(RFC_SECRET)}&issuer=Palo%20mar"
