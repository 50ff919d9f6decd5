"""SOFMEX's lines in the tables of the contract."""

import json
from typing import Any

from tests.dialects.contract import TOLD, Contract
from tests.dialects.sofmex.speaker import SOFMEX, LogIn
from tests.dialects.speaking import ACCEPTED, FORM, Call, Customer, octets

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2
NUMBER = "525512345678"


def sofmex(who: Customer, **record: Any) -> Call:
    records = [{"telefono": NUMBER, "mensaje": "Hola"} | record]
    return SOFMEX.post(who, "/sms/v3/asignacion", json.dumps({"registros": records}).encode())


CONTRACT = Contract(
    dialect="sofmex",
    speakers=(SOFMEX,),
    doors=(LogIn(),),
    rate_setting="sofmex_requests_per_second",
    words={
        State.SCHEDULED: "NUEVO",
        State.QUEUED: "NUEVO",
        State.SUBMITTING: "NUEVO",
        State.SENT: "ENVIADO",
        State.HELD: "ENVIADO",
        State.DELIVERED: "ENTREGADO",
        State.UNDELIVERED: "NO_ENTREGADO",
        State.EXPIRED: "NO_ENTREGADO",
        State.REJECTED: "ERROR",
        State.BLOCKED: "ERROR",
        State.CANCELLED: "ERROR",
        State.NOFORMAT: "ERROR",
        State.DUPLICATED: "ENVIADO",
        State.TEST: "ENVIADO",
        State.UNKNOWN: "ENVIADO",
    },
    sends={
        "the address is not in the list": "Spring 401",
        "the account is disabled": "record 5",
        "the account may not send": "record 5",
        "too many requests a second, by the general setting": ACCEPTED,
        "too many requests a second, by each dialect's setting": "Spring 429",
        "over the daily limit": "record 4",
        "no credit": "record 4",
        "the number is none": "record 1",
        "the country is not allowed": "record 5",
        "it is a duplicate": ACCEPTED,
        "the text is empty": "record 2",
        "the text is far too long": "record 3",
        "the text needs two parts": ACCEPTED,
        "GSM lacks the characters": ACCEPTED,
        "and there are many of them": ACCEPTED,
        "the sender is none": ACCEPTED,
    },
    refusals={
        Refusal.ACCOUNT_DISABLED: "record 5",
        Refusal.MAY_NOT_SEND: "record 5",
        Refusal.TOO_MANY_REQUESTS: "Spring 429",
        Refusal.DAILY_LIMIT: "record 4",
        Refusal.NO_CREDIT: "record 4",
        Refusal.NO_RECIPIENT: "batch 2",
        Refusal.TOO_MANY_RECIPIENTS: "batch 3",
        Refusal.EMPTY_TEXT: "record 2",
        Refusal.TEXT_TOO_LONG: "record 3",
        Refusal.CHARACTERS: "record 9",
        Refusal.SENDER: "record 5",
        Refusal.UNAVAILABLE: "Spring 503",
    },
    answers={
        "bad credentials": "Spring 401",
        "bad credentials, asked": "Spring 401",
        "another's message, asked": "No encontrado",
        "a blocked number": "record 5",
        "a blocked caller": "Spring 429",
        "our fault": "Spring 500",
        "our fault, asked": "Spring 500",
        "unavailable, asked": "Spring 503",
        "a text far too long": "record 3",
        "only blanks": "record 2",
        "a number far too long": "record 1",
    },
    asks={
        "the address is not in the list": "Spring 401",
        "the account is disabled": TOLD,  # its records are refused, one by one
        "too many requests a second": "Spring 429",
        "the account is blocked": "Spring 429",
    },
    busy="Spring 503",
    texts={
        "what GSM has is left as it is": ("Año: ¿qué? Ñ ü è @ £ ¡!", GSM, 1),
        "a euro is two septets": ("5 € {x}", GSM, 1),
        "160 characters are one part": ("x" * 160, GSM, 1),
        "accents that GSM lacks": ("Información útil", UCS2, 1),
        "typographic quotes": ("“Hola” – dijo…", UCS2, 1),
        "an emoji": ("Sí 😀", UCS2, 1),
        "70 of another alphabet": ("ж" * 70, UCS2, 1),
        "160 characters with a euro": ("€" + "x" * 159, GSM, 2),
        "800 characters": ("palomar " * 100, GSM, 6),
    },
    raw_characters=3_200,
    places={
        "mensaje": lambda who, text: sofmex(who, mensaje=text),
        "telefono": lambda who, text: sofmex(who, telefono=text),
        "raw": lambda who, text: SOFMEX.post(who, "/sms/v3/asignacion", octets(text)),
        "a question": lambda who, text: SOFMEX.post(
            who, "/sms/v3/status", json.dumps({"registros": [{"idMessage": text}]}).encode()
        ),
        "a login": lambda who, text: Call("POST", "/login", FORM, b"username=&x=" + octets(text)),
    },
)
