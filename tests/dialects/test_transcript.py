"""The parser of transcripts: what it reads, and how it reports a mistake."""

import re
from pathlib import Path

import pytest
from tests.dialects.transcript import AT_LAST, TranscriptError, parse_transcript, read_transcript, transcripts_of
from tests.dialects.transcript_play import (
    KINDS,
    Answer,
    Request,
    assert_stored,
    difference,
    filled_request,
    play,
)

from palomar.dialects import DIALECTS
from palomar.vocabulary.account import AccountSettings

FILE = Path("a.http")
README = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
EXCHANGE = "### one\nGET /x\n---\n200\n"


def test_the_page_that_describes_the_format_can_be_read() -> None:
    (example,) = re.findall(r"```\n(A line.*?)```", README, re.DOTALL)
    read = parse_transcript(example, FILE)
    assert read.shows == "A line that says what the file shows."
    assert [(one.login, one.credits, one.parent) for one in read.accounts] == [
        ("demo", 2, ""),
        ("other", 1_000, "demo"),
    ]
    assert read.accounts[0].over(AccountSettings()).countries == ("MX",)
    assert read.settings == {"strict_http": "on"}
    first, second = read.exchanges
    assert (first.title, first.request.start, first.answer.start) == (
        "a title, which may be left out",
        "POST /sms/v3/asignacion",
        "200",
    )
    assert first.request.headers[1] == ("Content-Type", "application/json")
    assert first.answer.headers == [("content-type", "application/json")]
    assert f'"mensaje":"{"a" * 161}"' in first.request.body
    assert (first.at_last, second.at_last) == (False, True)
    assert read.stored == [
        {"msisdn": "525512345678", "state": "queued", "parts": "2", "text": "Hola, all that follows"}
    ]


def test_the_page_names_every_kind() -> None:
    assert [kind for kind in (*KINDS, "lf", "crlf", "basic", "query", "upper", AT_LAST) if kind not in README] == []


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_has_transcripts_and_all_are_read(dialect: object) -> None:
    files = transcripts_of(dialect.name)
    assert files, f"dialect {dialect.name} has no tests/dialects/{dialect.name}/transcripts/*.http"
    assert all(read_transcript(file).exchanges for file in files)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("shows\n", 2, "no exchange"),
        ("### one\nGET /x\n---\n200\n", 1, "the first line must say what the file shows"),
        ("\n" + EXCHANGE, 1, "the first line must say what the file shows"),
        ("shows\nacount demo\n" + EXCHANGE, 2, "'acount demo'"),
        ("shows\naccount demo credits\n" + EXCHANGE, 2, "not name=value: 'credits'"),
        ("shows\naccount demo credits=many\n" + EXCHANGE, 2, "many"),
        ("shows\naccount demo enabled=no\n" + EXCHANGE, 2, "enabled is on or off, not 'no'"),
        ("shows\naccount demo nonsense=1\n" + EXCHANGE, 2, "nonsense"),
        ("shows\nsettings strict\n" + EXCHANGE, 2, "not name=value: 'strict'"),
        ("shows\n###\nGET /x\n\n###\nGET /y\n---\n200\n", 2, "no line '---'"),
        ("shows\n###\n\nGET /x\n---\n200\n", 3, "begins here, not an empty line"),
        ("shows\n###\nGET\n---\n200\n", 3, "no request line: 'GET'"),
        ("shows\n###\nGET /x HTTP/2\n---\n200\n", 3, "no request line"),
        ("shows\n###\nGET /x\nHost palomar\n---\n200\n", 4, "no header: 'Host palomar'"),
        ("shows\n###\nGET /x\n---\nOK\n", 5, "no status: 'OK'"),
        ("shows\n###\nGET /x\n---\n", 5, "begins here, not an empty line"),
        ("shows\n" + EXCHANGE + "=== stored\nmsisdn\n", 7, "not name=value: 'msisdn'"),
        ("shows\n=== stored\n" + EXCHANGE, 2, "must come after the last exchange"),
    ],
)
def test_a_mistake_is_reported_with_its_file_and_line(text: str, line: int, what: str) -> None:
    with pytest.raises(TranscriptError) as raised:
        parse_transcript(text, FILE)
    assert str(raised.value).startswith(f"a.http:{line}: ")
    assert what in str(raised.value)


def test_a_request_is_written_as_it_goes_out() -> None:
    text = (
        "shows\n###\nPOST /x?a={{one}} HTTP/1.0\nContent-Type: text/xml; charset=ISO-8859-1\n"
        "Authorization: {{basic:demo:{{key:demo}}}}\n\nñ{{crlf}}{{upper:one}}\n---\n200\n"
    )
    read = parse_transcript(text, FILE)
    request = filled_request(read, read.exchanges[0].request, {"one": "abc", "key:demo": "k"})
    assert request.octets() == (
        b"POST /x?a=abc HTTP/1.0\r\nContent-Type: text/xml; charset=ISO-8859-1\r\nAuthorization: Basic ZGVtbzpr\r\n"
        b"Host: palomar.test\r\nConnection: close\r\nContent-Length: 6\r\n\r\n\xf1\r\nABC"
    )


def test_a_value_is_written_as_a_query_has_it() -> None:
    read = parse_transcript("shows\n###\nGET /x?pass={{query:{{password:demo}}}}&to=1\n---\n200\n", FILE)
    request = filled_request(read, read.exchanges[0].request, {"password:demo": "Contraseña <&+> demo"})
    assert request.target == "/x?pass=Contrase%C3%B1a+%3C%26%2B%3E+demo&to=1"


def test_a_line_feed_at_the_end_of_a_body_is_written_as_a_hole() -> None:
    read = parse_transcript("shows\n###\nGET /x\n---\n200\n\none\ntwo{{lf}}\n\n", FILE)
    assert difference(read, read.exchanges[0], Answer(200, {}, "one\ntwo\n"), {}) == ""
    assert difference(read, read.exchanges[0], Answer(200, {}, "one\ntwo"), {}) != ""


def test_an_unknown_placeholder_is_reported_with_its_line() -> None:
    read = parse_transcript("shows\n###\nGET /{{nothing}}\n---\n200\n", FILE)
    with pytest.raises(TranscriptError, match=r"^a\.http:3: \{\{nothing\}\} is unknown here; known are one$"):
        filled_request(read, read.exchanges[0].request, {"one": "1"})


def test_a_kept_value_cannot_have_the_name_of_a_kind() -> None:
    read = parse_transcript("shows\n###\nGET /x\n---\n200\n\n{{uuid:second}}\n", FILE)
    with pytest.raises(TranscriptError, match=r"^a\.http:5: \{\{uuid:second\}\}: a kind's name keeps nothing$"):
        difference(read, read.exchanges[0], Answer(200, {}, "x"), {})


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        (Answer(200, {"a": "b"}, "id abc, 0123456789abc"), ""),
        (Answer(404, {"a": "b"}, "id abc, 0123456789abc"), "status 404 instead of 200"),
        (Answer(200, {}, "id abc, 0123456789abc"), "a: '(absent)' instead of 'b'"),
        (Answer(200, {"a": "b", "gone": "1"}, "id abc, 0123456789abc"), "gone: '1' instead of '(absent)'"),
        (Answer(200, {"a": "b"}, "id abc, 0123"), "body\nid abc, 0123\ninstead of"),
        (Answer(200, {"a": "b"}, "id abx, 0123456789abc"), "body\nid abx, 0123456789abc\ninstead of"),
        (Answer(200, {"a": "b"}, "id abc, 0123456789abc\n"), "body\nid abc"),
    ],
)
def test_an_answer_is_compared_in_full_and_new_values_are_kept(answer: Answer, wrong: str) -> None:
    text = "shows\n###\nGET /x\n---\n200\na: b\ngone: (absent)\n\nid {{one}}, {{hex13:two}}\n"
    read = parse_transcript(text, FILE)
    seen = {"one": "abc"}
    assert difference(read, read.exchanges[0], answer, seen).startswith(wrong)
    assert seen.get("two") == (None if wrong else "0123456789abc")
    assert bool(difference(read, read.exchanges[0], answer, seen)) == bool(wrong)


async def test_a_transcript_is_played_in_order_and_stops_at_the_first_difference() -> None:
    text = "shows\n### one\nGET /1\n---\n200\n\n{{short_id:id}}\n### two (at last)\nGET /{{id}}\n---\n200\n\ndone\n"
    read = parse_transcript(text, FILE)
    asked: list[str] = []

    async def ask(request: Request) -> Answer:
        asked.append(request.target)
        return Answer(200, {}, "1234" if request.target == "/1" else "done" if len(asked) > 3 else "not yet")

    await play(read, ask, {})
    assert asked == ["/1", "/1234", "/1234", "/1234"]

    async def fail(request: Request) -> Answer:
        return Answer(500, {}, "")

    with pytest.raises(TranscriptError, match=r"^a\.http:5: one: status 500 instead of 200"):
        await play(read, fail, {})


def test_stored_rows_are_compared_by_the_named_columns() -> None:
    read = parse_transcript("shows\n" + EXCHANGE + "=== stored\nstate=queued\n", FILE)
    assert_stored(read, [{"state": "queued", "text": "x"}])
    for wrong in ([], [{"state": "sent"}], [{"state": "queued"}] * 2):
        with pytest.raises(AssertionError):
            assert_stored(read, wrong)
