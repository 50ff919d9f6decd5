"""The export: columns, defused formulas, one stream or pieces with progress."""

import csv
import io

import pytest
from tests.support.console_house import CREDIT, Browser, House
from tests.support.world import recipient

from palomar.console.pages.export import COLUMNS, PIECE_MESSAGES, defused
from palomar.vocabulary.access import Role


@pytest.fixture
async def browser(house: House) -> Browser:
    await house.user("admin")
    inside = house.browser()
    await inside.log_in("admin")
    return inside


async def send(house: House, *said: str, label: str = "") -> None:
    account = house.directory.by_login("acme") or await house.account("acme", credit=100_000 * CREDIT)
    for text in said:
        house.wait(1_000)
        await house.world.accept(account, recipients=[recipient(7, text=text)], label=label)


def read(body: bytes) -> list[dict[str, str]]:
    text = body.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


async def test_a_file_has_one_row_for_each_message_newest_first(house: House, browser: Browser) -> None:
    await send(house, "one", 'two\nlines, and "quotes"', label="l")
    answer = await browser.get("/console/messages.csv?account=acme")
    assert answer.status == 200
    assert answer.header("content-type") == "text/csv; charset=utf-8"
    assert answer.header("content-disposition") == 'attachment; filename="messages-20251009-085322.csv"'
    assert answer.body.startswith("\ufeff".encode())
    rows = read(answer.body)
    assert tuple(rows[0]) == COLUMNS
    assert [row["text"] for row in rows] == ['two\nlines, and "quotes"', "one"]
    assert (
        rows[1]
        | {
            "account": "acme",
            "msisdn": "525512340007",
            "state": "queued",
            "price": "1",
            "label": "l",
            "accepted": "2025-10-09T08:53:21.000Z",
            "ended": "",
        }
        == rows[1]
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
async def test_no_cell_is_a_formula(house: House, browser: Browser, start: str) -> None:
    hostile = f"{start}cmd|' /C calc'!A0"
    assert defused(hostile) == f"'{hostile}"
    await send(house, hostile, label=hostile)
    (row,) = read((await browser.get("/console/messages.csv")).body)
    assert (row["text"], row["label"]) == (f"'{hostile}", f"'{hostile}")
    assert defused(f" {hostile}") == f"' {hostile}"
    assert defused("1 = 1") == "1 = 1"
    assert defused("") == ""


@pytest.mark.parametrize(
    "cell",
    [
        " =1+1",
        "\u00a0=1",
        "\u200b@SUM(A1)",
        "\ufeff=1",
        "\x00=1",
        "\x1f-1",
        "\u2028 +1+1",
        "|cmd",
        "  |x",
        "+34 600",
        "+1+1",
    ],
)
def test_characters_that_spreadsheets_trim_do_not_hide_a_formula(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["+34600000001", "34600000001", " text", "a=b", "1-2", "", " ", "Ñ @ home"])
def test_a_phone_number_with_plus_and_ordinary_text_stay_unchanged(cell: str) -> None:
    assert defused(cell) == cell


async def test_pieces_make_up_the_whole_file_and_report_progress(house: House, browser: Browser) -> None:
    await send(house, "oldest")
    account = house.directory.by_login("acme")
    assert account is not None
    for _ in range(2):
        house.wait(10_000)
        await house.world.accept(account, count=PIECE_MESSAGES)
    house.wait(1_000)
    body, before, reached, counts = b"", "", [], []
    while True:
        answer = await browser.get(f"/console/messages.csv?piece=1&before={before}")
        body += answer.body
        reached.append(float(answer.header("palomar-reached")))
        counts.append(int(answer.header("palomar-count")))
        before = answer.header("palomar-older")
        if not before:
            break
    assert counts == [PIECE_MESSAGES, PIECE_MESSAGES, 1]
    assert reached == sorted(reached)
    assert 0 < reached[0] < reached[1] < reached[2] == 1.0
    assert body == (await browser.get("/console/messages.csv")).body
    rows = read(body)
    assert len({row["id"] for row in rows}) == len(rows) == 2 * PIECE_MESSAGES + 1


async def test_an_export_without_messages_has_the_columns_alone(browser: Browser) -> None:
    answer = await browser.get("/console/messages.csv?q=zzz&piece=1")
    assert answer.body.decode("utf-8").strip() == "\ufeff" + ",".join(f'"{name}"' for name in COLUMNS)
    assert (answer.header("palomar-older"), answer.header("palomar-reached")) == ("", "1.0000")


async def test_an_export_by_support_hides_texts_and_numbers(house: House) -> None:
    await send(house, "the code is 4711")
    await house.user("sara", role=Role.SUPPORT)
    browser = house.browser()
    await browser.log_in("sara")
    (row,) = read((await browser.get("/console/messages.csv")).body)
    assert (row["text"], row["msisdn"]) == ("•••••", "52•••••07")
