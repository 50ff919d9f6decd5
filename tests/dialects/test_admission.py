"""One admission for all dialects: a caller who fails too often is refused by all of them, a known caller is not, and a
caller from elsewhere never waits. Each dialect refuses in its vendor's words."""

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from starlette.types import ASGIApp
from structlog.testing import capture_logs
from tests.dialects.contract_application import Application, ask_face
from tests.dialects.contracts import CONTRACTS, DOORS
from tests.dialects.convergia.speaker import CONVERGIA
from tests.dialects.foxsys.speaker import FOXSYS
from tests.dialects.labs402t.speaker import LABS402T
from tests.dialects.speaking import Call, Customer, Door

from palomar import dialects
from palomar.access.admission import REFUSED_EVENT
from palomar.accounts import known_callers
from palomar.accounts.blocks import REFUSED_A_MINUTE
from palomar.dialects import DIALECTS
from palomar.net.networks import TrustedProxies

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY: Final = Customer(login="nobody", password="wrong", key="wrong", token="wrong")
GUESSES: Final = 120


PASSWORD_DOORS: Final = [door for door in DOORS if door.wrong_password]


class Street:
    """The faces behind a trusted proxy, so that a test can choose the address of a request."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.gateway = application.app.gateway
        trusted, none = TrustedProxies(["127.0.0.1"]), TrustedProxies()
        self._faces: dict[str, ASGIApp] = {}
        self._untrusting: dict[str, ASGIApp] = {}
        for dialect in DIALECTS:
            settings = application.app.config.dialects[dialect.name]
            self._faces[dialect.name] = dialect.face(self.gateway, trusted, 1_000_000, settings)
            self._untrusting[dialect.name] = dialect.face(self.gateway, none, 1_000_000, settings)
        self._addresses = 0

    def address(self) -> str:
        """Return an address that no request has come from yet."""
        self._addresses += 1
        return f"198.51.{100 + self._addresses // 250}.{1 + self._addresses % 250}"

    async def ask(self, door: Door, who: Customer, address: str) -> str:
        call = door.send(who, self.application.number(), "Hola")
        call.headers["X-Forwarded-For"] = address
        return str(door.said(await ask_face(self._faces[door.dialect], call)))

    async def ask_untrusted(self, door: Door, who: Customer, peer: str) -> str:
        """Send a request as through a proxy that is not trusted."""
        call = door.send(who, self.application.number(), "Hola")
        call.headers["X-Forwarded-For"] = "192.0.2.200"

        async def from_peer(scope: Any, receive: Any, send: Any) -> None:
            await self._untrusting[door.dialect](scope | {"client": (peer, 4711)}, receive, send)

        return str(door.said(await ask_face(from_peer, call)))

    async def settled(self) -> None:
        """Wait until what was posted is committed and read."""
        assert await self.application.app.batcher.drain(10.0)
        await self.application.app.directory.refresh()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(palomar: Application) -> Street:
    return Street(palomar)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_an_address_that_guesses_is_blocked_by_every_dialect(street: Street, door: Door) -> None:
    known, stranger, guesser, elsewhere = (
        await street.application.customer(),
        await street.application.customer(),
        street.address(),
        street.address(),
    )
    assert await street.ask(door, known, guesser) == "accepted"
    with capture_logs() as logs:
        said = [await street.ask(door, _guess(number), guesser) for number in range(GUESSES)]
    failures = [line for line in logs if line["event"] == REFUSED_EVENT]
    assert CONTRACTS[door.dialect].answers["a blocked caller"] not in said[: REFUSED_A_MINUTE // 2]
    assert set(said[-GUESSES // 3 :]) == {CONTRACTS[door.dialect].answers["a blocked caller"]}
    assert len(failures) == sum(word != CONTRACTS[door.dialect].answers["a blocked caller"] for word in said)
    assert {(line["address"], line["door"]) for line in failures} == {(guesser, door.dialect)}
    await street.settled()
    for other in DOORS:
        assert await street.ask(other, stranger, guesser) == CONTRACTS[other.dialect].answers["a blocked caller"], (
            other.name
        )
        assert await street.ask(other, known, guesser) == "accepted", other.name
        assert await street.ask(other, stranger, elsewhere) == "accepted", other.name


async def test_a_known_caller_from_a_blocked_address_may_not_go_on_guessing(street: Street) -> None:
    known, guesser = await street.application.customer(), street.address()
    assert await street.ask(CONVERGIA, known, guesser) == "accepted"
    for number in range(REFUSED_A_MINUTE + 1):
        await street.ask(LABS402T, _guess(number), guesser)
    guesses = [Customer(login=known.login, password=f"guess {n}", key="", token="") for n in range(40)]
    said = [await street.ask(CONVERGIA, guess, guesser) for guess in guesses]
    assert said.count("201") == 10
    assert said[-1] == "204"
    assert await street.ask(CONVERGIA, known, guesser) == "accepted", "what is remembered as good is no guess"


async def test_a_known_caller_is_known_to_other_nodes_and_after_a_restart(street: Street) -> None:
    known, guesser = await street.application.customer(), street.address()
    assert await street.ask(FOXSYS, known, guesser) == "accepted"
    await street.settled()
    app = street.application.app
    found = await app.database.read(lambda tx: known_callers.read_youngest(tx, now_ms=app.clock.wall_ms()))
    assert (guesser, known.login) in found
    for number in range(REFUSED_A_MINUTE + 2):
        await street.ask(LABS402T, _guess(number), guesser)
    await street.settled()
    assert (guesser, known.login) in app.directory.snapshot.known_callers, "a node that has not seen it reads it"


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_an_account_blocked_by_one_dialect_is_blocked_by_all(street: Street, door: Door) -> None:
    who = await street.application.customer(**{CONTRACTS[door.dialect].rate_setting: 1})
    address = street.address()
    said = [await street.ask(door, who, address) for _ in range(REFUSED_A_MINUTE + 20)]
    assert said[0] == "accepted"
    assert said[-1] == CONTRACTS[door.dialect].answers["a blocked caller"]
    await street.settled()
    for other in DOORS:
        assert await street.ask(other, who, street.address()) == CONTRACTS[other.dialect].answers["a blocked caller"], (
            other.name
        )


@pytest.mark.parametrize("peer", ["127.0.0.1", "203.0.113.80"])
async def test_an_untrusted_proxy_is_never_blocked_and_the_doctor_names_it(street: Street, peer: str) -> None:
    who = await street.application.customer()
    for number in range(GUESSES):
        await street.ask_untrusted(LABS402T, _guess(number), peer)
    await street.settled()
    assert await street.ask_untrusted(LABS402T, who, peer) == "accepted"
    await street.settled()
    app = street.application.app
    assert peer in await app.database.read(lambda tx: known_callers.unknown_proxies(tx, now_ms=app.clock.wall_ms()))


async def test_ipv6_addresses_are_counted_by_their_network(street: Street) -> None:
    who = await street.application.customer()
    for number in range(REFUSED_A_MINUTE + 2):
        await street.ask(LABS402T, _guess(number), f"2001:db8:7:7::{number:x}")
    assert await street.ask(LABS402T, who, "2001:db8:7:7:ffff::1") == "-30, 429"
    assert await street.ask(LABS402T, who, "2001:db8:7:8::1") == "accepted"


@pytest.mark.parametrize("door", PASSWORD_DOORS, ids=lambda door: door.name)
async def test_too_many_passwords_at_once_are_answered_as_busy_and_never_as_wrong(street: Street, door: Door) -> None:
    """And who comes from elsewhere is not kept waiting by them."""
    address, elsewhere = street.address(), street.address()
    who = await street.application.customer()
    guesses = [
        asyncio.create_task(street.ask(door, Customer(login=f"n{n}", password=door.name, key="", token=""), address))
        for n in range(40)
    ]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(street.ask(door, who, elsewhere), 5) == "accepted"
    said = await asyncio.gather(*guesses)
    busy = CONTRACTS[door.dialect].busy
    assert busy, f"dialect {door.dialect} asks for passwords and has no line busy in its contract"
    assert said.count(busy) >= 30
    assert set(said) <= {busy, door.wrong_password}


async def test_wrong_current_passwords_count_as_guesses(street: Street) -> None:
    """402T Labs: a key opens the door, and what is behind it asks for a password."""
    who, address = await street.application.customer(), street.address()

    class Changing:
        name, dialect = "labs402t password", "labs402t"

        def send(self, who: Customer, number: str, text: str) -> Call:
            body = b'{"current_password": "%b", "new_password": "another one"}' % number.encode()
            return LABS402T.post(who, f"/api/v1/users/{who.login}/password", body)

        said = staticmethod(LABS402T.said)

    with capture_logs() as logs:
        said = [await street.ask(Changing(), who, address) for _ in range(REFUSED_A_MINUTE + 20)]
    assert set(said) == {"-1, 401", "-30, 429"}
    assert said[-1] == "-30, 429"
    assert sum(line["event"] == REFUSED_EVENT for line in logs) == said.count("-1, 401")
    assert await street.ask(LABS402T, who, address) == "accepted", "its key is right"


async def test_the_fail2ban_filter_matches_the_clients_address_and_not_the_proxys() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    found = re.search("^failregex = (.*)$", text, re.MULTILINE)
    assert found is not None
    matches = re.compile(found[1].replace("<HOST>", r"(?P<host>[0-9a-fA-F:.]+)")).search
    failed = '{"address": "%s", "door": "sofmex", "reason": "%s", %s"event": "credentials refused", "level": "warning"}'
    for address in ("198.51.100.7", "2001:db8::1"):
        match = matches(failed % (address, "bad_credentials", ""))
        assert match is not None
        assert match["host"] == address
    assert matches(failed % ("127.0.0.1", "bad_credentials", '"proxy": "untrusted", ')) is None
    assert matches(failed % ("198.51.100.7", "address_not_allowed", "")) is None
    assert matches('{"address": "198.51.100.7", "event": "logged in"}') is None


def _guess(number: int) -> Customer:
    """Send another wrong secret each time, of an unknown login, which costs a look-up but no argon2."""
    return Customer(login="nobody", password="wrong", key=f"wrong{number}", token=f"wrong{number}")


async def test_no_face_gets_an_account_but_through_the_gate() -> None:
    """Faces know neither the directory nor passwords."""
    source = Path(__file__).parents[2] / "src" / "palomar"
    forbidden = re.compile(
        r"(?<!_admission)\.(directory|snapshot|by_key|by_token|by_login|by_id|account_of_key|passwords|key_hash|token_id_of)\b"
    )
    for folder in ("dialects", "short_links", "console"):
        for file in sorted((source / folder).rglob("*.py")):
            if "viewer" in file.parts:
                continue  # it is no face: it asks for those who have signed in
            text = re.sub(r'""".*?"""|#.*', "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
            code = "\n".join(line for line in text.splitlines() if not line.startswith("from "))
            used = set(forbidden.findall(code))
            assert not used, (str(file), used)


PRIVATE: Final = "_(?!replace|asdict|fields|make)[a-z]|__(self|dict|func|closure)__"  # but what a NamedTuple has
INSIDE: Final = {"Admission", "Directory", "Passwords", "Snapshot", "directory", "getattr"}
"""What has accounts in it, and what reaches anything by its name."""


def ways_around(tree: ast.AST) -> Iterator[str]:
    """How a dialect's source could get an account, other than from its door: by what has accounts, by a private part
    of what it was given, or by making one up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.alias):
            name = node.id if isinstance(node, ast.Name) else node.name
            yield from INSIDE.intersection(name.split("."))
        elif isinstance(node, ast.ImportFrom):
            yield from INSIDE.intersection((node.module or "").split("."))
        elif isinstance(node, ast.Attribute):
            owned = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if node.attr in INSIDE or (re.match(PRIVATE, node.attr) and not owned):
                yield node.attr
        elif isinstance(node, ast.Call) and _makes_account(node):
            yield ast.unparse(node)


def _makes_account(call: ast.Call) -> bool:
    """Return True if a call makes an account or its id, or makes one of what is none or of another."""
    name = ast.unparse(call.func).rpartition(".")[2]
    if name == "cast":
        return bool(re.search(r"\bAccount(Id)?\b", ast.unparse(call.args[0])))
    if name in ("replace", "_replace", "__replace__"):
        return any(word.arg in ("id", "account", "account_id", None) for word in call.keywords)
    return name in ("Account", "AccountId")


async def test_a_dialect_gets_an_account_from_its_admission_only() -> None:
    """So one that forgets the door can accept no message: a request names an account."""
    for file in sorted(Path(dialects.__path__[0]).rglob("*.py")):
        found = set(ways_around(ast.parse(file.read_text(encoding="utf-8"))))
        if file.name == "settings.py":
            found.discard("getattr")  # of its own fields
        assert not found, (str(file), found)


@pytest.mark.parametrize(
    "source",
    [
        "account = self._gateway._directory.by_login(login)",
        "account = self._gateway.admission.__self__.directory.by_login(login)",
        "account = getattr(gateway, 'x').by_login(login)",
        "from palomar.accounts.directory import Directory as D",
        "request = Request(account=Account(id=1, login='x', settings=y))",
        "row = await gateway.balance(AccountId(1))",
        "row = await gateway.balance(account.AccountId(1))",
        "row = directory.Directory(database)",
        "from palomar.accounts import directory",
        "import palomar.accounts.directory",
        "row = await gateway.balance(cast(AccountId, 1))",
        "row = await gateway.balance(typing.cast('AccountId', 1))",
        "account = cast(Account | None, row)",
        "other = replace(account, id=2)",
        "other = dataclasses.replace(account, **changes)",
        "request = structs.replace(request, account=other)",
    ],
)
async def test_a_dialect_that_bypasses_its_admission_is_found(source: str) -> None:
    tree = ast.parse(f"async def f():\n {source}")
    assert list(ways_around(tree))
