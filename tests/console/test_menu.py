"""The menu has the pages that a viewer may see, and marks the current one."""

from dataclasses import dataclass

from palomar.console.menu import may_see, menu_of
from palomar.console.routes import ROUTES, MenuEntry, PageRoute
from palomar.vocabulary.access import Principal, Right, Role
from palomar.vocabulary.account import AccountId


@dataclass
class FakeSandbox:
    """A sandbox, as far as the menu needs one."""

    all_simulated: bool


@dataclass
class FakeViewer:
    """A viewer, as far as the menu needs one."""

    who: Principal
    sandbox: FakeSandbox | None = None


def viewer(role: Role, *, account_id: AccountId | None = None, sandbox: FakeSandbox | None = None) -> FakeViewer:
    return FakeViewer(who=Principal(login="x", name="", role=role, user_id=1, account_id=account_id), sandbox=sandbox)


def test_the_menu_has_the_pages_that_a_viewer_may_see_and_marks_the_current_one() -> None:
    texts = [link.text for link in menu_of(viewer(Role.OWNER), "/", "es")]
    assert texts == ["Resumen", "Mensajes", "Notificaciones", "Personas", "Perfil"]
    reader = menu_of(viewer(Role.READ_ONLY), "/messages/019a", "en")
    assert [(link.text, link.is_current) for link in reader] == [
        ("Overview", False),
        ("Messages", True),
        ("Callbacks", False),
        ("Profile", False),
    ]
    assert [link.text for link in menu_of(viewer(Role.READ_ONLY), "/", "en") if link.is_current] == ["Overview"]


def test_the_sandbox_comes_first_in_the_menu_and_beside_real_carriers_last() -> None:
    whole, beside = (
        viewer(Role.OWNER, sandbox=FakeSandbox(all_simulated=True)),
        viewer(Role.OWNER, sandbox=FakeSandbox(all_simulated=False)),
    )
    assert next(link.text for link in menu_of(whole, "/sandbox", "en")) == "Sandbox"
    assert [link.text for link in menu_of(beside, "/sandbox", "en")][-1] == "Sandbox"


def test_pages_of_the_platform_need_the_whole_platform() -> None:
    route = PageRoute(
        "GET", "/x", ROUTES[0].page, right=Right.VIEW, menu=MenuEntry(text="X", icon="x"), sees_all_accounts=True
    )
    assert may_see(route, viewer(Role.OWNER))
    assert not may_see(route, viewer(Role.OWNER, account_id=AccountId(1)))


def test_pages_of_the_sandbox_need_a_sandbox_and_the_right() -> None:
    route = PageRoute("POST", "/x", ROUTES[0].page, right=Right.USE_SANDBOX, in_sandbox=True)
    assert not may_see(route, viewer(Role.OWNER))
    assert may_see(route, viewer(Role.OWNER, sandbox=FakeSandbox(all_simulated=False)))
    assert not may_see(route, viewer(Role.SUPPORT, sandbox=FakeSandbox(all_simulated=True)))
