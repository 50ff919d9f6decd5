"""402T Labs's lines in the tables of the contract."""

import json
from typing import Any

from tests.dialects.contract import Contract
from tests.dialects.labs402t.speaker import LABS402T
from tests.dialects.speaking import ACCEPTED, Call, Customer, octets

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2
NUMBER = "525512345678"


def labs(who: Customer, document: dict[str, Any], path: str = "/sms/send") -> Call:
    return LABS402T.post(who, f"/api/v1{path}", json.dumps(document).encode())


CONTRACT = Contract(
    dialect="labs402t",
    speakers=(LABS402T,),
    rate_setting="labs402t_requests_per_second",
    words={
        State.SCHEDULED: "PROGRAMADO",
        State.QUEUED: "PENDIENTE",
        State.SUBMITTING: "PENDIENTE",
        State.SENT: "ENVIADO",
        State.HELD: "ENVIADO",
        State.DELIVERED: "ENTREGADO",
        State.UNDELIVERED: "NO_ENTREGADO",
        State.EXPIRED: "CADUCADO",
        State.REJECTED: "RECHAZADO",
        State.BLOCKED: "RECHAZADO",
        State.CANCELLED: "RECHAZADO",
        State.NOFORMAT: "RECHAZADO",
        State.DUPLICATED: "ENVIADO",
        State.TEST: "ENVIADO",
        State.UNKNOWN: "ENVIADO",
    },
    sends={
        "the address is not in the list": "-1, 401",
        "the account is disabled": "-2, 403",
        "the account may not send": "-2, 403",
        "too many requests a second, by the general setting": ACCEPTED,
        "too many requests a second, by each dialect's setting": "-30, 429",
        "over the daily limit": "-12, 402",
        "no credit": "-12, 402",
        "the number is none": "-7, 400",
        "the country is not allowed": "-7, 400",
        "it is a duplicate": ACCEPTED,
        "the text is empty": "-9, 400",
        "the text is far too long": "-19, 400",
        "the text needs two parts": "-19, 400",
        "GSM lacks the characters": "-21, 400",
        "and there are many of them": "-21, 400",
        "the sender is none": "-13, 400",
    },
    refusals={
        Refusal.ACCOUNT_DISABLED: "-2, 403",
        Refusal.MAY_NOT_SEND: "-2, 403",
        Refusal.TOO_MANY_REQUESTS: "-30, 429",
        Refusal.DAILY_LIMIT: "-12, 402",
        Refusal.NO_CREDIT: "-12, 402",
        Refusal.NO_RECIPIENT: "-9, 400",
        Refusal.TOO_MANY_RECIPIENTS: "-30, 400",
        Refusal.EMPTY_TEXT: "-9, 400",
        Refusal.TEXT_TOO_LONG: "-19, 400",
        Refusal.CHARACTERS: "-21, 400",
        Refusal.SENDER: "-13, 400",
        Refusal.UNAVAILABLE: "-30, 503",
    },
    answers={
        "bad credentials": "-1, 401",
        "bad credentials, asked": "-1, 401",
        "another's message, asked": "-30, 404",
        "a blocked number": "-7, 400",
        "a blocked caller": "-30, 429",
        "our fault": "-30, 500",
        "our fault, asked": "-30, 500",
        "unavailable, asked": "-30, 503",
        "a text far too long": "-19, 400",
        "only blanks": "-9, 400",
        "a number far too long": "-7, 400",
    },
    asks={
        "the address is not in the list": "-1, 401",
        "the account is disabled": "-2, 403",
        "too many requests a second": "-30, 429",
        "the account is blocked": "-30, 429",
    },
    texts={
        "what GSM has is left as it is": ("Año: ¿qué? Ñ ü è @ £ ¡!", GSM, 1),
        "a euro is two septets": ("5 € {x}", GSM, 1),
        "160 characters are one part": ("x" * 160, GSM, 1),
        "accents that GSM lacks": ("Informacion util", GSM, 1),
        "typographic quotes": ('"Hola" - dijo...', GSM, 1),
        "an emoji": "-21, 400",
        "70 of another alphabet": "-21, 400",
        "160 characters with a euro": ("€" + "x" * 159, GSM, 2),
        "800 characters": "-19, 400",
    },
    raw_characters=640,
    places={
        "text": lambda who, text: labs(who, {"to": f"+{NUMBER}", "text": text}),
        "to": lambda who, text: labs(who, {"to": text, "text": "x"}),
        "from": lambda who, text: labs(who, {"to": f"+{NUMBER}", "text": "x", "from": text}),
        "texts": lambda who, text: labs(who, {"messages": [{"to": text, "text": text}] * 20}, "/sms/batch"),
        "send_at": lambda who, text: labs(who, {"to": f"+{NUMBER}", "text": "x", "send_at": text}, "/sms/schedule"),
        "raw": lambda who, text: LABS402T.post(who, "/api/v1/sms/send", octets(text)),
    },
)
