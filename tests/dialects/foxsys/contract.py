"""FOXSYS's lines in the tables of the contract."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.dialects.contract import Callback, Contract
from tests.dialects.foxsys.speaker import FOXSYS
from tests.dialects.speaking import ACCEPTED, Call, Customer, octets

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.events import Clicked, InboundReceived
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2
NUMBER = "525512345678"


def foxsys(who: Customer, **document: Any) -> Call:
    known = {"message": "Hola", "recipient": [{"msisdn": NUMBER}], "long": 1, "ucs2": 1}
    return FOXSYS.post(who, "/json/send", json.dumps(known | document).encode())


def read_callback(callback: Callback) -> str:
    """Read a receipt's query, or of an event with a body its method."""
    if callback.method == "POST":
        assert type(json.loads(callback.body)) is dict
        return "POST"
    query = {name: values[0] for name, values in parse_qs(urlsplit(callback.url).query).items()}
    assert list(query) == ["acklevel", "msisdn", "status", "desc", "subid", "timestamp"]
    return f"{query['acklevel']} {query['status']} {query['desc']}"


CONTRACT = Contract(
    dialect="foxsys",
    speakers=(FOXSYS,),
    rate_setting="requests_per_second",
    words={
        State.SCHEDULED: "scheduled",
        State.QUEUED: "queued",
        State.SUBMITTING: "queued",
        State.SENT: "operator ACCEPTD",
        State.HELD: "queued",
        State.DELIVERED: "handset DELIVRD",
        State.UNDELIVERED: "error UNDELIV",
        State.EXPIRED: "error EXPIRED",
        State.REJECTED: "error REJECTD",
        State.BLOCKED: "blocked BLOCKED",
        State.CANCELLED: "cancelled",
        State.NOFORMAT: "noformat REJECTD",
        State.DUPLICATED: "duplicated",
        State.TEST: "test",
        State.UNKNOWN: "error UNKNOWN",
    },
    callbacks={
        State.SENT: "operator ok ACCEPTD",
        State.DELIVERED: "handset ok DELIVRD",
        State.UNDELIVERED: "error ko UNDELIV",
        State.EXPIRED: "error ko EXPIRED",
        State.REJECTED: "error ko REJECTD",
        State.BLOCKED: "error ko BLOCKED",
        State.UNKNOWN: "error ko UNKNOWN",
        State.NOFORMAT: "error ko REJECTD",
        Clicked: "POST",
        InboundReceived: "POST",
    },
    read_callback=read_callback,
    sends={
        "the address is not in the list": "401",
        "the account is disabled": "403",
        "the account may not send": "403",
        "too many requests a second, by the general setting": "429",
        "too many requests a second, by each dialect's setting": "429",
        "over the daily limit": "403",
        "no credit": "35",
        "the number is none": "23",
        "the country is not allowed": ACCEPTED,
        "it is a duplicate": ACCEPTED,
        "the text is empty": "21",
        "the text is far too long": "30",
        "the text needs two parts": "30",
        "GSM lacks the characters": "27",
        "and there are many of them": "27",
        "the sender is none": ACCEPTED,
    },
    refusals={
        Refusal.ACCOUNT_DISABLED: "403",
        Refusal.MAY_NOT_SEND: "403",
        Refusal.TOO_MANY_REQUESTS: "429",
        Refusal.DAILY_LIMIT: "403",
        Refusal.NO_CREDIT: "35",
        Refusal.NO_RECIPIENT: "23",
        Refusal.TOO_MANY_RECIPIENTS: "24",
        Refusal.EMPTY_TEXT: "21",
        Refusal.TEXT_TOO_LONG: "30",
        Refusal.CHARACTERS: "27",
        Refusal.SENDER: "30",
        Refusal.UNAVAILABLE: "500",
    },
    answers={
        "bad credentials": "401",
        "bad credentials, asked": "401",
        "another's message, asked": "52",
        "a blocked number": ACCEPTED,
        "a blocked caller": "403",
        "our fault": "500",
        "our fault, asked": "500",
        "unavailable, asked": "500",
        "a text far too long": "30",
        "only blanks": "30",
        "a number far too long": ACCEPTED,
    },
    asks={
        "the address is not in the list": "401",
        "the account is disabled": "403",
        "too many requests a second": "429",
        "the account is blocked": "403",
    },
    texts={
        "what GSM has is left as it is": ("Año: ¿qué? Ñ ü è @ £ ¡!", GSM, 1),
        "a euro is two septets": ("5 € {x}", GSM, 1),
        "160 characters are one part": ("x" * 160, GSM, 1),
        "accents that GSM lacks": "27",
        "typographic quotes": "27",
        "an emoji": "27",
        "70 of another alphabet": "27",
        "160 characters with a euro": "30",
        "800 characters": "30",
    },
    raw_characters=40_000,
    places={
        "message": lambda who, text: foxsys(who, message=text),
        "a message with short links": lambda who, text: foxsys(who, message=text, shortlink=1),
        "a value": lambda who, text: foxsys(
            who, message="%a%", parameters=[{"a": {"msisdn": "default", "value": text}}], shortlink=1
        ),
        "a message with values": lambda who, text: foxsys(
            who, message=text, parameters=[{"a": {"msisdn": "default", "value": ""}}]
        ),
        "a number": lambda who, text: foxsys(who, recipient=[{"msisdn": text}]),
        "tpoa": lambda who, text: foxsys(who, tpoa=text),
        "label": lambda who, text: foxsys(who, label=text),
        "ackurl": lambda who, text: foxsys(who, ackurl=f"http://a/{text}"),
        "scheduled": lambda who, text: foxsys(who, scheduled=text),
        "subid": lambda who, text: foxsys(who, subid=text),
        "raw": lambda who, text: FOXSYS.post(who, "/json/send", octets(text)),
        "raw in a list": lambda who, text: FOXSYS.post(who, "/json/send", b'{"recipient":[' + octets(text)),
    },
)
