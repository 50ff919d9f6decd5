"""Make and check one-time codes of authenticator apps: TOTP (RFC 6238) with its defaults, SHA-1, six digits, 30
seconds.

Pure: the secret and the time are arguments. Not here: storing secrets, and that a code is good only once (``users``).
"""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote

STEP_MS: Final = 30_000
SECRET_OCTETS: Final = 20
"""As long as SHA-1's output (RFC 4226 section 4, R6)."""

_DIGITS: Final = 6
_DRIFT_STEPS: Final = 1
"""A phone's clock may be a step off, and a person takes time to type (RFC 6238 section 5.2)."""


def code_at(secret: bytes, step: int) -> str:
    """Compute the code of a step: HOTP of its number (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def step_of_code(secret: bytes, typed: str, *, now_ms: int, after: int) -> int | None:
    """Find the step whose code this is, around now and later than ``after``, the last one used; None if it is no
    code."""
    code = "".join(typed.split())
    if len(code) != _DIGITS or not (code.isascii() and code.isdigit()):
        return None
    now = now_ms // STEP_MS
    for step in range(now - _DRIFT_STEPS, now + _DRIFT_STEPS + 1):
        if step > after and hmac.compare_digest(code_at(secret, step), code):
            return step
    return None


def base32(secret: bytes) -> str:
    """Write a secret as people type it into an app (RFC 4648 section 6)."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def app_url(secret: bytes, *, login: str, issuer: str) -> str:
    """Make the URL of the QR code, otpauth://totp/…, which authenticator apps read."""
    label = quote(f"{issuer}:{login}", safe="")
    return f"otpauth://totp/{label}?secret={base32(secret)}&issuer={quote(issuer, safe='')}"
