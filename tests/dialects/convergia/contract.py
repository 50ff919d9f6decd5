"""CONVERGIA's lines in the tables of the contract."""

from tests.dialects.contract import Contract
from tests.dialects.convergia.speaker import CONVERGIA, CONVERGIA_SOAP
from tests.dialects.speaking import ACCEPTED, Call, octets, printable

from palomar.text.alphabets import Alphabet
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

GSM, UCS2 = Alphabet.GSM, Alphabet.UCS2
NUMBER = "525512345678"


CONTRACT = Contract(
    dialect="convergia",
    speakers=(CONVERGIA, CONVERGIA_SOAP),
    rate_setting="convergia_requests_per_second",
    words={
        State.SCHEDULED: "0",
        State.QUEUED: "0",
        State.SUBMITTING: "0",
        State.SENT: "0",
        State.HELD: "0",
        State.DELIVERED: "3",
        State.UNDELIVERED: "2",
        State.EXPIRED: "2",
        State.REJECTED: "2",
        State.BLOCKED: "2",
        State.CANCELLED: "2",
        State.NOFORMAT: "2",
        State.DUPLICATED: "3",
        State.TEST: "3",
        State.UNKNOWN: "0",
    },
    sends={
        "the address is not in the list": "202",
        "the account is disabled": "205",
        "the account may not send": "205",
        "too many requests a second, by the general setting": ACCEPTED,
        "too many requests a second, by each dialect's setting": "204",
        "over the daily limit": "204",
        "no credit": "204",
        "the number is none": "307",
        "the country is not allowed": "205",
        "it is a duplicate": ACCEPTED,
        "the text is empty": "103",
        "the text is far too long": "105",
        "the text needs two parts": "105",
        "GSM lacks the characters": ACCEPTED,
        "and there are many of them": "105",
        "the sender is none": ACCEPTED,
    },
    refusals={
        Refusal.ACCOUNT_DISABLED: "205",
        Refusal.MAY_NOT_SEND: "205",
        Refusal.TOO_MANY_REQUESTS: "204",
        Refusal.DAILY_LIMIT: "204",
        Refusal.NO_CREDIT: "204",
        Refusal.NO_RECIPIENT: "307",
        Refusal.TOO_MANY_RECIPIENTS: "204",
        Refusal.EMPTY_TEXT: "103",
        Refusal.TEXT_TOO_LONG: "105",
        Refusal.CHARACTERS: "105",
        Refusal.SENDER: "205",
        Refusal.UNAVAILABLE: "200",
    },
    answers={
        "bad credentials": "201",
        "bad credentials, asked": "5",
        "another's message, asked": "6",
        "a blocked number": "205",
        "a blocked caller": "204",
        "our fault": "200",
        "our fault, asked": "0",  # the page has no code for it: pending
        "unavailable, asked": "0",  # the page has no code for it: pending
        "a text far too long": "105",
        "only blanks": "105",
        "a number far too long": "307",
    },
    asks={
        "the address is not in the list": "5",
        "the account is disabled": "5",
        "too many requests a second": "0",  # the page has no code for it: pending
        "the account is blocked": "0",  # the page has no code for it: pending
    },
    busy="200",
    texts={
        "what GSM has is left as it is": ("Año: ¿qué? Ñ ü è @ £ ¡!", GSM, 1),
        "a euro is two septets": ("5 € {x}", GSM, 1),
        "160 characters are one part": ("x" * 160, GSM, 1),
        "accents that GSM lacks": ("Informacion util", GSM, 1),
        "typographic quotes": ('"Hola" - dijo...', GSM, 1),
        "an emoji": ("Sí 😀", UCS2, 1),
        "70 of another alphabet": ("ж" * 70, UCS2, 1),
        "160 characters with a euro": ("€" + "x" * 159, GSM, 2),
        "800 characters": "105",
    },
    raw_characters=640,
    number_blanks=200_000,
    places={
        "message": lambda who, text: CONVERGIA.post(
            who, "/", b"number=%b&message=%b" % (NUMBER.encode(), octets(text))
        ),
        "number": lambda who, text: CONVERGIA.post(who, "/", b"message=x&number=%b" % octets(text)),
        "raw": lambda who, text: CONVERGIA.post(who, "/", octets(text)),
        "raw in parts": lambda who, text: Call(
            "POST", "/", {"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n" + octets(text)
        ),
        "raw in an envelope": lambda who, text: CONVERGIA_SOAP.post(who, "/webservice.php", octets(text)),
        "text in an envelope": lambda who, text: CONVERGIA_SOAP.send(who, NUMBER, printable(text)),
    },
    large=160_000,
)
