from hypothesis import given
from hypothesis import strategies as st

from palomar.billing.prices import DEFAULT_RATE_MICROCREDITS, PriceList, price_lists
from palomar.numbers.countries import COUNTRIES
from palomar.vocabulary.account import AccountId

GRANDPARENT, PARENT, CHILD, STRANGER = map(AccountId, (1, 2, 3, 4))
FAMILY = ((GRANDPARENT, None), (PARENT, GRANDPARENT), (CHILD, PARENT), (STRANGER, None))


def test_until_prices_are_set_everything_costs_a_credit() -> None:
    assert PriceList().rate("ES") == PriceList().rate(None) == DEFAULT_RATE_MICROCREDITS


def test_an_accounts_own_rate_goes_before_its_parents_before_its_grandparents_before_everybodys() -> None:
    rates = {GRANDPARENT: {"ES": 1, "FR": 2, "IT": 3}, PARENT: {"ES": 10, "FR": 20}, CHILD: {"ES": 100}}
    child = price_lists(FAMILY, rates, general={"ES": 5, "DE": 6})[CHILD]

    assert [child.rate(country) for country in ("ES", "FR", "IT", "DE", "PT")] == [100, 20, 3, 6, 1_000_000]


def test_a_childs_rates_do_not_hold_for_its_parent_nor_for_other_accounts() -> None:
    lists = price_lists(FAMILY, {CHILD: {"ES": 100}, PARENT: {"FR": 2}}, general={"ES": 5})

    assert lists[PARENT].rate("ES") == lists[GRANDPARENT].rate("ES") == lists[STRANGER].rate("ES") == 5
    assert lists[STRANGER].rate("FR") == DEFAULT_RATE_MICROCREDITS


def test_a_rate_of_zero_is_a_rate() -> None:
    lists = price_lists(FAMILY, {PARENT: {"ES": 0}, GRANDPARENT: {"ES": 7}}, general={})

    assert lists[CHILD].rate("ES") == 0


def test_a_number_of_no_country_has_a_rate_of_its_own() -> None:
    assert PriceList(general={"": 9}).rate(None) == PriceList(general={"": 9}).rate("") == 9


def test_every_country_has_its_rate_in_the_list() -> None:
    rates = PriceList(own={"ES": 70_000}, general={"MX": 50_000}).rates()

    assert list(rates) == list(COUNTRIES)
    assert (rates["ES"], rates["MX"], rates["FR"]) == (70_000, 50_000, DEFAULT_RATE_MICROCREDITS)


@given(
    parents=st.lists(st.integers(0, 30), max_size=30),
    rates=st.dictionaries(st.integers(0, 30), st.dictionaries(st.sampled_from(["", "ES", "FR"]), st.integers(0, 9))),
    country=st.sampled_from(["", "ES", "FR"]),
)
def test_the_rate_of_a_country_is_that_of_the_nearest_account_above(
    parents: list[int], rates: dict[int, dict[str, int]], country: str
) -> None:
    accounts = {index: parent if parent < index else None for index, parent in enumerate(parents)}
    general = {"FR": 77}
    lists = price_lists(
        [(AccountId(identity), None if parent is None else AccountId(parent)) for identity, parent in accounts.items()],
        {AccountId(identity): found for identity, found in rates.items()},
        general=general,
    )
    for identity in accounts:
        current: int | None = identity
        while current is not None and country not in rates.get(current, {}):
            current = accounts[current]
        expected = general.get(country, DEFAULT_RATE_MICROCREDITS) if current is None else rates[current][country]
        assert lists[AccountId(identity)].rate(country) == expected
