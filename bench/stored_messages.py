"""A month of messages as a platform has stored them: codes, campaigns, reminders, in every final state, of accounts of
all sizes, each with its dialect and its country.

Rows for the tables, made from a seed. Not here: the questions about them (``console_questions``).
"""

import math
import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

DAY_MS = 86_400_000
CREDIT = 1_000_000
_listed = str.split
_EPOCH_MS, _IDS_A_MS = 1_735_689_600_000, 1 << 22
_NAMES = _listed("María José Ana Luis Sofía Juan Lucía Miguel Carmen Andrés Íñigo Begoña Raúl Noé Ximena")
_DOCTORS = ("Pérez", "Núñez", "García", "López")
_MONTHS = _listed("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
_ENDS = {"delivered": 930, "undelivered": 30, "expired": 25, "rejected": 4, "blocked": 4, "unknown": 1}
_COUNTRIES = {"MX": "52155", "ES": "346", "CO": "573", "AR": "5411", "US": "1305", "PE": "519"}
_HOMES = _listed("MX MX MX MX MX ES CO AR MX US MX ES MX PE")
_DIALECTS = _listed("foxsys foxsys sofmex labs402t foxsys convergia sofmex")
_CARRIERS = {"uno": 60, "dos": 30, "tres": 10}
_LABELS = ("", "", "otp", "promo verano", "cita", "pedido", "cobro")

MESSAGE_COLUMNS = _listed(
    "id account_id dialect request_ref label sender msisdn country text alphabet reference parts parts_left parts_open"
    " worst state presumed rate_microcredits price_microcredits carrier status_url click_url extra"
    " due_ms expires_ms final_ms"
)
PART_COLUMNS = _listed("id state attempt carrier carrier_reference sent_ms")
Row = tuple[Any, ...]


def accounts(count: int) -> list[int]:
    """Return their ids; the first is the largest, the last have some messages a month."""
    return list(range(1, count + 1))


def account_rows(count: int) -> tuple[list[str], list[Row]]:
    """Return columns and rows of ``accounts``."""
    columns = _listed("id login login_key name enabled may_send password_hash settings created_ms")
    return columns, [(n, f"account{n}", f"account{n}", "", 1, 1, "", "{}", 0) for n in accounts(count)]


def balance_rows(count: int) -> tuple[list[str], list[Row]]:
    """Return columns and rows of ``balances``: enough for weeks, but for every fiftieth."""
    columns = _listed("account_id available_microcredits reserved_microcredits")
    return columns, [(n, CREDIT if n % 50 == 0 else 100_000 * CREDIT, 0) for n in accounts(count)]


def callback_rows(count: int) -> tuple[list[str], list[Row]]:
    """Return columns and rows of ``callbacks``: some given up, some tried again, some new, of a dozen hosts."""
    columns = _listed("id message_id account_id dialect method url due_ms attempts failed")
    rows = [
        (
            n,
            n * 256,
            n % 100 + 1,
            "foxsys",
            "GET",
            f"https://host{n % 12}.example/ack?id={n}",
            0,
            n % 5,
            int(n % 3 == 0),
        )
        for n in range(1, count + 1)
    ]
    return columns, rows


def orphan_rows(count: int, until_ms: int) -> tuple[list[str], list[Row]]:
    """Return columns and rows of ``orphans``."""
    columns = _listed("id carrier carrier_reference state stat raw received_ms")
    return columns, [(n, "dos", f"{n:x}", "delivered", "DELIVRD", "id:" + "x" * 80, until_ms - n) for n in range(count)]


def message_rows(count: int, *, account_count: int, until_ms: int, days: int) -> Iterator[tuple[Row, Row]]:
    """Yield each message with its one part, oldest first; busy by day and quiet at night."""
    chance = random.Random(7)
    everybody = accounts(account_count)
    shares = list(accumulate(1 / number for number in everybody))
    account_id = 1
    for number, at_ms in enumerate(_acceptance_times(count, until_ms=until_ms, days=days)):
        if number % 3 == 0:
            (account_id,) = chance.choices(everybody, cum_weights=shares)
        yield _message(chance, number, at_ms, account_id, age_ms=until_ms - at_ms)


def _acceptance_times(count: int, *, until_ms: int, days: int) -> Iterator[int]:
    """Yield times of acceptance in milliseconds, three times as many at noon as at midnight."""
    mean = math.sqrt(1 - 0.5**2)
    step_ms, at = days * DAY_MS / count / mean, float(until_ms - days * DAY_MS)
    for _ in range(count):
        at += step_ms * (1 + 0.5 * math.cos(at / DAY_MS * 2 * math.pi))
        yield min(int(at), until_ms - 1)


def _message(chance: random.Random, number: int, at_ms: int, account_id: int, *, age_ms: int) -> tuple[Row, Row]:
    identity = ((at_ms - _EPOCH_MS) * _IDS_A_MS) | (number & 255) << 8
    home = account_id if chance.random() < 0.9 else number
    country, dialect = _HOMES[home % len(_HOMES)], _DIALECTS[account_id % len(_DIALECTS)]
    (carrier,) = chance.choices(list(_CARRIERS), list(_CARRIERS.values()))
    carrier = "raro" if number % 50_000 == 7 else carrier
    (state,) = chance.choices(list(_ENDS), list(_ENDS.values()))
    final_ms: int | None = at_ms + int(chance.lognormvariate(8, 1.2))
    if age_ms < 3 * DAY_MS and chance.random() < 0.02:
        state, final_ms = chance.choice(["sent", "sent", "queued", "scheduled"]), None
    is_open = int(final_ms is None)
    number_text = _COUNTRIES[country] + f"{chance.randrange(10**8):08}"
    message = (
        identity, account_id, dialect, f"s{number // 3}", chance.choice(_LABELS), "FOXSYS", number_text, country,
        _text(chance), "gsm", 0, 1, is_open, is_open, None if is_open else state, state, 0, CREDIT // 2, CREDIT // 2,
        carrier, "https://customer.example/ack", "", "", at_ms, at_ms + 78 * 3_600_000, final_ms,
    )  # fmt: skip
    part = (identity + 1, "delivered" if state == "blocked" else state, 1, carrier, f"{number:08X}", at_ms + 80)
    return message, part


def _text(chance: random.Random) -> str:
    kind = chance.randrange(100)
    if kind < 35:
        return f"Tu código de verificación es {chance.randrange(10**6):06}. No lo compartas con nadie."
    if kind < 50:
        link = f"https://ex.am/{chance.randrange(36**5):x}"
        return (
            f"Hola {chance.choice(_NAMES)}, tu pedido {chance.randrange(10**8)} sale mañana. Sigue el envío en {link}"
        )
    if kind < 70:
        card, hour, minute = chance.randrange(10_000), chance.randrange(24), chance.randrange(60)
        return (
            f"BANCO: cargo de ${chance.randrange(10_000)}.{chance.randrange(100):02} en tarjeta *{card:04} a las"
            f" {hour:02}:{minute:02}. Si no lo reconoces llama al 800 123 {chance.randrange(10_000):04}"
        )
    if kind < 85:
        percent = chance.choice([10, 20, 30, 50])
        return f"Promoción de verano: {percent} % de descuento hasta el domingo. Responde BAJA para no recibir más"
    if kind < 95:
        day = f"{chance.randrange(1, 29)} de {chance.choice(_MONTHS)}"
        who, doctor = chance.choice(_NAMES), chance.choice(_DOCTORS)
        hour = chance.randrange(8, 20)
        return f"{who}, te recordamos tu cita con el Dr. {doctor} el {day} a las {hour}:30. Confirma con SI"
    return f"Your verification code is {chance.randrange(10**6):06}"
