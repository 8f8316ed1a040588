"""Orders at the edge of what accounts, atoms and venues allow: none is refused or paid in vain."""

from dataclasses import replace

import pytest

from router.domain.error import NoRouteError
from router.domain.instrument import Asset
from router.domain.margin import InitialMargin, MarginTier, Reservation
from router.domain.plan import NoRouteReason, PlannedRoute, QuantityKind, RoutingProblem
from router.domain.units import (
    PICO_PER_UNIT,
    AccountId,
    Amount,
    Pico,
    Price,
    Side,
    parse_decimal,
)
from router.optimiser.refusal import rounded_down
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from tests.unit.optimiser.checks import assert_exact
from tests.unit.optimiser.world import ETH, MID, USD, USDC, book, pool, problem


def test_where_gas_has_no_price_the_bound_with_gas_is_not_above_a_plan_that_gains():
    # Sold a fifth of a percent above the arrival mid, less a fee of 4.5 bps: the cost is negative.
    made = problem(side=Side.SELL, quantity=10.0, books=(book(price=MID * 1.002),))

    certificate = solve(made).certificate

    assert certificate.rounded_cost < 0
    assert certificate.gas == ()
    assert certificate.lower_bound_with_gas <= certificate.rounded_cost


def test_an_account_with_nothing_is_refused_in_words_where_margin_jumps_with_its_tier():
    tiers = (
        MarginTier(0, 25, Pico(PICO_PER_UNIT // 50)),
        MarginTier(20_000 * USD, 10, Pico(PICO_PER_UNIT // 20)),
    )
    perp = replace(book(leverage=25), tiers=tiers, initial_margin=InitialMargin.CAPPED)

    with pytest.raises(NoRouteError, match="nearest feasible quantity 0 ETH") as refused:
        solve(problem(quantity=10.0, books=(perp,), equity=0.0))

    assert refused.value.reason is NoRouteReason.INSUFFICIENT_MARGIN


def coarse(decimals: int) -> RoutingProblem:
    """Return an order that spends 20,000 USDC on ETH of so few decimals."""
    base = Asset(ETH.id, decimals)
    pools = tuple(pool(n, base=base, seed=i, depth_usd=3e6) for i, n in enumerate("ab"))
    made = problem(kind=QuantityKind.CASH, quantity=20_000.0, pools=pools)
    mid = Price(ETH.id, USDC.id, round(MID * USD), 10**decimals)
    limit = Price(ETH.id, USDC.id, round(MID * 1.1 * USD), 10**decimals)
    return replace(made, arrival_mid=mid, limit_price=limit)


@pytest.mark.parametrize("decimals", [4, 6, 8])
def test_the_proof_of_an_exact_cash_order_holds_where_base_has_few_atoms(decimals):
    made = coarse(decimals)

    checks = verify_plan(PlannedRoute(made, solve(made)))

    assert [check.sentence for check in checks if not check.holds] == []


@pytest.mark.parametrize("gas_usd", [1.0, 5.0])
def test_a_buy_that_spends_all_the_cash_there_is_pays_gas_for_no_pool_that_is_not_worth_it(gas_usd):
    pools = tuple(
        pool(name, depth_usd=depth, seed=i)
        for i, (name, depth) in enumerate((("a", 5e6), ("b", 4e6), ("c", 2e5)))
    )

    def spent(cash: float) -> int:
        made = problem(
            kind=QuantityKind.CASH, quantity=200_000.0, pools=pools, cash=cash, gas_usd=gas_usd
        )
        return solve(made).cost.total

    # The order fixes what it spends: cash beyond that can make it no cheaper.
    assert spent(200_000.0) == spent(1e9)


def test_reservations_above_a_chains_cash_do_not_stop_an_order_from_going_to_a_book():
    made = problem(quantity=1.0, pools=(pool(),), books=(book(),), cash=1_000.0)
    in_flight = Reservation(AccountId("chain:me"), Amount(USDC.id, 3_000 * USD))
    made = replace(made, reservations=(in_flight,))

    plan = solve(made)

    assert [leg.instrument.id for leg in plan.legs] == ["perp-a"]
    assert plan.unfilled.atoms == 0
    assert_exact(made, plan)


def test_whole_lots_below_a_books_minimum_go_to_pools_of_several_accounts():
    # 8 USD are 40 lots exactly, and the book, which is the cheapest, takes 10 USD at least.
    pools = (pool("a", account="chain:a", seed=1), pool("b", account="chain:b", seed=2))
    cheap = book(price=MID * 0.999)
    made = problem(quantity=0.004, pools=pools, books=(cheap,), cash=5.0)

    plan = solve(made)

    assert [leg.instrument.id for leg in plan.legs] == ["a", "b"]
    assert plan.unfilled.atoms == 0
    assert_exact(made, plan)


@pytest.mark.parametrize("equity", [1e9, 5_000.0])
@pytest.mark.parametrize(
    ("asked", "limit", "reason"),
    [(1e6, 0.001, NoRouteReason.LIMIT_PRICE), (1e8, 10.0, NoRouteReason.NO_LIQUIDITY)],
)
def test_the_cash_that_a_refusal_names_can_be_spent_and_hardly_more(asked, limit, reason, equity):
    made = problem(
        kind=QuantityKind.CASH, quantity=asked, books=(book(),), limit=limit, equity=equity
    )

    with pytest.raises(NoRouteError) as refused:
        solve(made)
    said = str(refused.value).rpartition("nearest feasible cash ")[2].removesuffix(" USDC")
    told = parse_decimal(said, USDC.decimals)

    assert refused.value.reason is reason
    assert solve(replace(made, quantity=Amount(USDC.id, told))).legs
    with pytest.raises(NoRouteError):
        solve(replace(made, quantity=Amount(USDC.id, told * 101 // 100)))


@pytest.mark.parametrize(
    ("quantity", "written"),
    [
        (0.0, "0 ETH"),
        (1.9963456e-9, "0.00000000199634 ETH"),
        (0.5, "0.5 ETH"),
        (1234.5678, "1234.56 ETH"),
        (100.0, "100 ETH"),
        (2.5e13, "25000000000000 ETH"),
    ],
)
def test_a_quantity_is_told_as_it_can_be_ordered_without_an_exponent(quantity, written):
    assert rounded_down(quantity, ETH) == written
    assert parse_decimal(written.removesuffix(" ETH"), ETH.decimals) <= quantity * 10**18
