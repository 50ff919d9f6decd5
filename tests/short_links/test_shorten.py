"""Short links in texts: the URLs that are found, the codes that replace them, and the robots that are recognized."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.growth import growth

from palomar.short_links.shorten import CodeMaker, code_of, find_urls, is_code, is_robot, shorten_urls


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
        ("a http://x.es/1,2;3", ["http://x.es/1,2;3"]),
        ("a http://x.es/1,http://x.es/2", ["http://x.es/1", "http://x.es/2"]),
        (
            "http://x.es;https://y.es|HTTP://z.es/a,,http://a.es.",
            ["http://x.es", "https://y.es", "HTTP://z.es/a", "http://a.es"],
        ),
        ("(http://x.es)(http://y.es/a_(b))", ["http://x.es", "http://y.es/a_(b)"]),
        ("http://x.es/?u=http://y.es", ["http://x.es/?u=http://y.es"]),
        ("http://x.es/a,", ["http://x.es/a"]),
        ("http://x.es/1\nhttp://x.es/1", ["http://x.es/1", "http://x.es/1"]),
        ("http://[::1]:8080/a", ["http://[::1]:8080/a"]),
        ("http://user:secret@x.es/a", ["http://user:secret@x.es/a"]),
        ("http://españa.es/mañana", ["http://españa.es/mañana"]),
        ("no http:// here, nor https://.", []),
        ("xhttp://x.es ftp://x.es", []),
        ("ana@www.x.es ftp://www.x.es mywww.x.es www.x www..es www. www", []),
        ("nothing", []),
    ],
)
def test_urls_are_found_without_the_punctuation_around_them(text: str, urls: list[str]) -> None:
    found = find_urls(text)
    assert [each.url for each in found] == urls
    assert [text[each.start : each.end] for each in found] == urls


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see www.x.es", ["http://www.x.es"]),
        ("(WWW.shop.x.es/a?b=c#d).", ["http://WWW.shop.x.es/a?b=c#d"]),
        ("www.x.es:8080/a, www.españa.es!", ["http://www.x.es:8080/a", "http://www.españa.es"]),
        ("www.x.es,www.y.es/1,http://www.z.es", ["http://www.x.es", "http://www.y.es/1", "http://www.z.es"]),
    ],
)
def test_a_host_that_begins_with_www_is_a_url_too(text: str, urls: list[str]) -> None:
    found = find_urls(text)
    assert [each.url for each in found] == urls
    assert ["http://" + text[each.start : each.end].removeprefix("http://") for each in found] == urls


def test_each_url_gets_a_code_of_its_own_and_the_rest_of_the_text_stays() -> None:
    codes = iter(["aaaaaa1", "bbbbbb2"])
    linked = shorten_urls("a (http://x.es/1), b http://x.es/1!", domain="go.es", make=lambda: next(codes))
    assert linked.text == "a (go.es/aaaaaa1), b go.es/bbbbbb2!"
    assert linked.links == (("aaaaaa1", "http://x.es/1"), ("bbbbbb2", "http://x.es/1"))


def test_a_text_without_urls_is_left_alone() -> None:
    assert shorten_urls("hello", domain="go.es", make=lambda: "never").text == "hello"


@given(st.text(alphabet="ab:/.()<> http\n", max_size=60))
def test_putting_the_urls_back_restores_the_text(text: str) -> None:
    numbers = itertools.count(1_000_000)
    linked = shorten_urls(text, domain="@", make=lambda: str(next(numbers)))
    again = linked.text
    for code, url in linked.links:
        again = again.replace(f"@/{code}", url)
    assert again == text


def test_codes_are_seven_letters_and_digits_with_a_digit_so_that_no_route_is_one() -> None:
    tokens = itertools.cycle(["abcdefgABCDEF1", string.ascii_letters[:32], "1234567"])
    codes = CodeMaker(lambda: next(tokens))
    made = [codes.make() for _ in range(3)]
    assert made == ["ABCDEF1", "1234567", "ABCDEF1"]
    assert all(is_code(code) for code in made)


@pytest.mark.parametrize("text", ["", "abcdef", "abcdefgh", "abc-ef1", "abcdéf1", "abcdef١", "abcdef1\n"])
def test_only_seven_ascii_letters_and_digits_have_the_shape_of_a_code(text: str) -> None:
    assert not is_code(text)


@pytest.mark.parametrize(
    "sign", [".", ")", ").", ",", ";", ":", "!", "?", "…", "”", "»", "'", '"', "*", "_", "]", ">", "\u200b", ". ", "。"]
)
def test_a_code_is_read_with_the_sign_that_stood_behind_its_link(sign: str) -> None:
    assert code_of(f"aB3xY9z{sign}") == "aB3xY9z"


@pytest.mark.parametrize("rest", [",http://go.es/bB3xY9z", ";https:/go.es/bB3xY9z", ")(www.x.es/a?b", "|HTTP://x.es"])
def test_a_code_is_read_with_the_link_that_was_joined_to_it(rest: str) -> None:
    assert code_of(f"aB3xY9z{rest}") == "aB3xY9z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aB3xY9",
        "aB3xY9zz",
        "aB3xY9z.x",
        ".aB3xY9z",
        "aB3xY9z/",
        "aB3xY9z/..",
        "aB3xY9z,x",
        "aB3xY9zhttp://x",
        "aB3xY9z" + "." * 11,
    ],
)
def test_a_text_that_is_no_copied_code_is_refused(text: str) -> None:
    assert code_of(text) is None


@pytest.mark.parametrize(
    "agent",
    [
        *("", " ", "curl/8.5.0", "Wget/1.21", "python-requests/2.31.0", "Python-urllib/3.11", "Go-http-client/2.0"),
        *("okhttp/4.12.0", "axios/1.6.0", "Java/17.0.9", "Apache-HttpClient/4.5 (Java/17)", "PostmanRuntime/7.36.0"),
        *("node", "undici", "GuzzleHttp/7", "Ruby", "libwww-perl/6.67", "Scrapy/2.11 (+https://scrapy.org)"),
        "MyApp/1 CFNetwork/1410.0.3 Darwin/22.6.0",
        "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0)",
        "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Macintosh) AppleWebKit/601 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
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
def test_robots_are_recognized(agent: str) -> None:
    assert is_robot(agent)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0",
        "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:47.0) Gecko/20100101 Firefox/47.0",
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Mobile",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1/191; U; es) Presto/2.12",
        "Nokia6230/2.0 (04.44) Profile/MIDP-2.0 Configuration/CLDC-1.1",
        "SAMSUNG-GT-S5620/S5620 UP.Browser/7.2",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Mobile",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) [LinkedInApp]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) [Pinterest/iOS]",
        "Mozilla/5.0 (Linux; Android 14) [FBAN/FB4A;FBAV/440.0]",
    ],
)
def test_people_are_not_taken_for_robots(agent: str) -> None:
    assert not is_robot(agent)


@pytest.mark.parametrize(
    "tail",
    [")", "]", ".", ".)", ")].", "…", "）", "(.)", "http://a)", "@", "@[", "://", ",", ",http://a", ",www.", "www.a"],
)
def test_the_time_for_a_tail_is_proportional_to_its_length(tail: str) -> None:
    small, large = (f"http://a{tail * (octets // len(tail))}" for octets in (20_000, 160_000))
    assert growth(find_urls, small, large, times=8) < 3


@given(st.text(alphabet="a(/).[]!", max_size=30))
def test_a_tail_is_cut_one_character_after_the_other(rest: str) -> None:
    url = f"http://a{rest}"
    while url[-1] in ".!" or (url[-1] in ")]" and url.count("(" if url[-1] == ")" else "[") < url.count(url[-1])):
        url = url[:-1]
    assert [found.url for found in find_urls(f"http://a{rest}")] == [url]
