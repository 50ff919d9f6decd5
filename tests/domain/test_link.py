"""Short links: which URLs a text has, what stands for them, and who only previews."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import growth

from palomar.domain.link import Codes, find_urls, is_code, is_preview, with_links


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see http://x.es", ["http://x.es"]),
        ("see HTTPS://X.es/A?b=c&d=%20#e now", ["HTTPS://X.es/A?b=c&d=%20#e"]),
        ("go to http://x.es/a. Then rest", ["http://x.es/a"]),
        ("really http://x.es/a?!", ["http://x.es/a"]),
        ("(http://x.es/a)", ["http://x.es/a"]),
        ("wiki http://x.es/a_(b) and (http://x.es/c_(d))", ["http://x.es/a_(b)", "http://x.es/c_(d)"]),
        ("<http://x.es/a>", ["http://x.es/a"]),
        ('"http://x.es/a"', ["http://x.es/a"]),
        ("«http://x.es/a»", ["http://x.es/a"]),
        ("a http://x.es/1,http://x.es/2", ["http://x.es/1,http://x.es/2"]),
        ("http://x.es/1\nhttp://x.es/1", ["http://x.es/1", "http://x.es/1"]),
        ("http://[::1]:8080/a", ["http://[::1]:8080/a"]),
        ("http://user:secret@x.es/a", ["http://user:secret@x.es/a"]),
        ("http://españa.es/mañana", ["http://españa.es/mañana"]),
        ("no http:// here, nor https://.", []),
        ("xhttp://x.es ftp://x.es www.x.es", []),
        ("nothing", []),
    ],
)
def test_urls_are_found_without_what_stands_around_them(text: str, urls: list[str]) -> None:
    found = find_urls(text)
    assert [each.url for each in found] == urls
    assert [text[each.start : each.end] for each in found] == urls


def test_each_url_gets_a_code_of_its_own_and_the_rest_of_the_text_stays() -> None:
    codes = iter(["aaaaaa1", "bbbbbb2"])
    linked = with_links("a (http://x.es/1), b http://x.es/1!", domain="go.es", make=lambda: next(codes))
    assert linked.text == "a (go.es/aaaaaa1), b go.es/bbbbbb2!"
    assert linked.links == (("aaaaaa1", "http://x.es/1"), ("bbbbbb2", "http://x.es/1"))


def test_a_text_without_urls_is_left_alone() -> None:
    assert with_links("hello", domain="go.es", make=lambda: "never").text == "hello"


@given(st.text(alphabet="ab:/.()<> http\n", max_size=60))
def test_urls_put_back_give_the_text_again(text: str) -> None:
    numbers = itertools.count(1_000_000)
    linked = with_links(text, domain="@", make=lambda: str(next(numbers)))
    again = linked.text
    for code, url in linked.links:
        again = again.replace(f"@/{code}", url)
    assert again == text


def test_codes_are_seven_letters_and_digits_with_a_digit_so_that_no_route_is_one() -> None:
    tokens = itertools.cycle(["abcdefgABCDEF1", string.ascii_letters[:32], "1234567"])
    codes = Codes(lambda: next(tokens))
    made = [codes.make() for _ in range(3)]
    assert made == ["ABCDEF1", "1234567", "ABCDEF1"]
    assert all(is_code(code) for code in made)


@pytest.mark.parametrize("text", ["", "abcdef", "abcdefgh", "abc-ef1", "abcdéf1", "abcdef١", "abcdef1\n"])
def test_only_seven_ascii_letters_and_digits_have_the_shape_of_a_code(text: str) -> None:
    assert not is_code(text)


@pytest.mark.parametrize(
    "agent",
    [
        "WhatsApp/2.23.20.0 A",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Twitterbot/1.0",
        "TelegramBot (like TwitterBot)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
        "Mozilla/5.0 (Macintosh) AppleWebKit/600.2.5 (KHTML, like Gecko) Safari/600.2.5 (Applebot/0.1)",
    ],
)
def test_robots_that_preview_are_known(agent: str) -> None:
    assert is_preview(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.5.0",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Mobile",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) [LinkedInApp]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) [Pinterest/iOS]",
        "Mozilla/5.0 (Linux; Android 14) [FBAN/FB4A;FBAV/440.0]",
    ],
)
def test_people_are_not_taken_for_robots(agent: str) -> None:
    assert not is_preview(agent)


@pytest.mark.parametrize("tail", [")", "]", ".", ".)", ")].", "…", "）", "(.)", "http://a)", "@", "@[", "://"])
def test_a_long_tail_takes_as_long_as_it_is_and_no_longer(tail: str) -> None:
    small, large = (f"http://a{tail * (octets // len(tail))}" for octets in (20_000, 160_000))
    assert growth(find_urls, small, large, times=8) < 3


@given(st.text(alphabet="a(/).[]!", max_size=30))
def test_a_tail_is_cut_one_character_after_the_other(rest: str) -> None:
    url = f"http://a{rest}"
    while url[-1] in ".!" or (url[-1] in ")]" and url.count("(" if url[-1] == ")" else "[") < url.count(url[-1])):
        url = url[:-1]
    assert [found.url for found in find_urls(f"http://a{rest}")] == [url]
