"""Orders that once were refused, crashed, cost too much or were told wrongly, each the smallest."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from router.domain.error import NoRouteError
from router.domain.plan import (
    BookCandidate,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import PICO_PER_UNIT, Amount, Price, Side
from router.domain.verdict import Approved
from router.gateway.plan_data import plan_data
from router.liquidity.concentrated import Pool, modify_liquidity
from router.optimiser.market.source import pool_cost, ratio
from router.optimiser.proof import explain
from router.optimiser.solve import solve
from router.risk.limits import approve
from tests.unit.optimiser.world import ETH, UNIT, USD, USDC, book, pool, problem


def narrow(name: str, seed: int) -> PoolCandidate:
    """Return a pool whose liquidity ends within a per cent of its price."""
    made = pool(name)
    rng = random.Random(seed)
    seen = made.snapshot
    state = Pool(seen.fee_pips, 10, seen.sqrt_price_x96, seen.tick, 0, ())
    centre = seen.tick // 10
    for _ in range(3):
        lower, upper = centre - rng.randint(2, 9), centre + rng.randint(2, 9)
        delta = rng.randint(10**16, 10**17)
        state = modify_liquidity(state, lower=lower * 10, upper=upper * 10, delta=delta)
    return replace(made, snapshot=replace(seen, liquidity=state.liquidity, ticks=state.ticks))


def with_lots(made: BookCandidate, lot_atoms: int) -> BookCandidate:
    return replace(made, instrument=replace(made.instrument, lot_atoms=lot_atoms))


def traded(plan: RoutePlan) -> int:
    return sum(leg.quantity.atoms for leg in plan.legs)


def bps_above_the_bound(made: RoutingProblem, plan: RoutePlan) -> float:
    """Return by how much the plan before gas is dearer than the bound of its certificate."""
    before_gas = plan.cost.total - plan.cost.gas
    notional = made.quantity.atoms * 2_000 * USD / UNIT
    return before_gas / notional * 1e4 - plan.certificate.lower_bound / PICO_PER_UNIT * 1e4


@pytest.mark.parametrize("seed", [0, 5, 6])
@pytest.mark.parametrize(
    ("kind", "quantity", "gas_usd"),
    [(QuantityKind.BASE, 100.0, 1.0), (QuantityKind.CASH, 200_000.0, 0.0)],
)
def test_an_order_that_drains_every_pool_is_planned(kind, quantity, gas_usd, seed):
    pools = tuple(narrow(f"pool-{i}", seed + 1_000 * i) for i in range(3))
    dearer = book(price=2_040.0, level_usd=1e6)

    plan = solve(
        problem(kind=kind, quantity=quantity, pools=pools, books=(dearer,), gas_usd=gas_usd)
    )

    assert plan.legs


@pytest.mark.parametrize("position_lots", [0, 100_000])
def test_an_account_without_free_margin_does_not_stop_what_the_pools_can_carry(position_lots):
    cheaper = book(price=1_990.0, position_lots=position_lots)
    # The margin of the position (10 ETH at 1,990 USD and tenfold leverage, or none), to the atom.
    equity = position_lots * 1e-4 * 1_990.0 / 10 + (1e-6 if position_lots else 0.0)

    plan = solve(problem(quantity=1.0, pools=(pool(),), books=(cheaper,), equity=equity))

    assert traded(plan) == UNIT


def test_a_breached_account_that_the_order_cannot_cure_still_reduces():
    short = book("perp-a", price=1_990.0, position_lots=-1_000_000, leverage=3)
    long = book("perp-b", price=1_980.0, position_lots=20_000, leverage=3)

    plan = solve(problem(quantity=10.0, pools=(pool(),), books=(short, long), equity=50_000.0))

    assert traded(plan) == 10 * UNIT


def test_the_gate_lets_through_what_the_optimiser_reckons_margin_for():
    # The mark is a per cent above the asks: what is bought gains against it, but 100 at 2,020 with
    # tenfold leverage need 20,200 before they have gained.
    below_mark = replace(book(), mark_ticks=20_200)
    made = problem(quantity=100.0, books=(below_mark,), equity=20_201.0)

    verdict = approve(made, solve(made), made.quantity)

    assert isinstance(verdict, Approved)
    with pytest.raises(NoRouteError, match="initial margin"):
        solve(problem(quantity=100.0, books=(below_mark,), equity=20_199.0))


@pytest.mark.parametrize("seed", range(3))
def test_lots_cost_no_more_than_a_lot_where_cash_and_margin_bind_at_once(seed):
    pools = (
        pool("pool-a", account="chain:a", fee_pips=100, spacing=1, depth_usd=2e7, seed=seed),
        pool("pool-b", account="chain:b", fee_pips=3_000, spacing=60, depth_usd=1e7, seed=seed + 1),
    )
    made = problem(quantity=100.0, pools=pools, books=(book(level_usd=5e4),), equity=6_000.0)
    poor = replace(made.chains[0], spendable=(Amount(USDC.id, 40_000 * USD),))
    made = replace(made, chains=(poor, made.chains[1]))

    plan = solve(made)

    # A lot is 0.2 USD of 200,000: a hundredth of a basis point, whatever it costs to move it.
    assert bps_above_the_bound(made, plan) < 0.5


def test_a_lot_larger_than_the_order_does_not_refuse_what_the_pools_carry_together():
    pools = (pool("pool-a", account="chain:a"), pool("pool-b", account="chain:b"))
    coarse = with_lots(book(price=1_990.0), UNIT // 10)

    plan = solve(problem(quantity=0.05, pools=pools, books=(coarse,), cash=60.0))

    assert traded(plan) == UNIT // 20


def test_a_coarse_lot_leaves_nothing_unfilled_that_a_pool_takes():
    coarse = with_lots(book("perp-a", price=1_990.0), UNIT // 10)
    fine = with_lots(book("perp-b"), UNIT // 100)

    plan = solve(problem(quantity=0.0669, pools=(pool(),), books=(coarse, fine), cash=70.0))

    # 0.06 in the fine book and 13.8 USD in the pool, which holds 70.
    assert plan.unfilled.atoms == 0


@pytest.mark.parametrize("side", Side)
def test_a_part_below_the_venues_minimum_is_raised_to_it_where_the_pools_lack_the_cash(side):
    one = book(leverage=1)

    # The pools pay for 996 of 1,000 USD; the margin lets the book carry up to 25, at least 10.
    made = problem(side=side, quantity=0.5, pools=(pool(),), books=(one,), cash=996.0, equity=25.0)

    assert traded(solve(made)) == UNIT // 2


def test_an_order_for_all_that_a_book_shows_is_not_refused():
    full = book(levels=40).snapshot.asks
    refused = []
    for n in range(1, len(full) + 1):
        made = book(levels=40)
        made = replace(made, snapshot=replace(made.snapshot, asks=full[:n]))
        atoms = sum(lots for _, lots in full[:n]) * made.instrument.lot_atoms
        try:
            solve(replace(problem(books=(made,)), quantity=Amount(ETH.id, atoms)))
        except NoRouteError as error:
            refused.append(str(error))

    assert refused == []


def ten_levels() -> BookCandidate:
    made = book(levels=10)
    return replace(made, instrument=replace(made.instrument, fee_pips=450))


def test_cash_that_a_book_pays_before_its_fee_can_be_raised():
    made = ten_levels()
    # A tick-lot is 10 atoms; the order is for what changes hands, and the fee comes on top.
    gross = sum(ticks * lots * 10 for ticks, lots in made.snapshot.bids)
    order = problem(side=Side.SELL, kind=QuantityKind.CASH, books=(made,))

    plan = solve(replace(order, quantity=Amount(USDC.id, gross * 9_999 // 10_000)))

    assert sum(leg.notional.atoms for leg in plan.legs) > gross * 999 // 1_000


def test_more_cash_than_a_book_takes_is_refused_for_want_of_liquidity_not_of_money():
    made = ten_levels()
    gross = sum(ticks * lots * 10 for ticks, lots in made.snapshot.asks)
    order = problem(side=Side.BUY, kind=QuantityKind.CASH, books=(made,))

    with pytest.raises(NoRouteError) as refused:
        solve(replace(order, quantity=Amount(USDC.id, gross * 10_001 // 10_000)))

    assert refused.value.reason is NoRouteReason.NO_LIQUIDITY


def test_a_bound_never_passes_the_plan_it_is_a_bound_of():
    # A small order beside a book and a position a million times its size: shares of 1e6 and more.
    above = []
    for seed in range(20):
        level = 10 ** random.Random(seed).uniform(8, 10)
        held = book(
            price=1_999.0, level_usd=level, seed=seed, fee_pips=0, position_lots=int(-5 * level)
        )
        plan = solve(
            problem(quantity=0.012, pools=(pool(depth_usd=1e8),), books=(held,), equity=1e12)
        )
        if plan.certificate.gap < 0:
            above.append(plan.certificate.gap)

    assert above == []


def at_par(name: str, *, fee_pips: int, spacing: int, liquidity: int, half: int) -> PoolCandidate:
    """Return a pool of a pair at par with one position; the base is token1."""
    made = pool(name, fee_pips=fee_pips, spacing=spacing, base_is_token0=False)
    root = 79_228_055_612_937_753_238_636_130_287_950_831  # 1.00004 units of quote a unit of base
    tick = 276_323
    centre = tick // spacing * spacing
    state = Pool(fee_pips, spacing, root, tick, 0, ())
    state = modify_liquidity(state, lower=centre - half, upper=centre + half, delta=liquidity)
    seen = replace(
        made.snapshot,
        sqrt_price_x96=root,
        tick=tick,
        liquidity=state.liquidity,
        ticks=state.ticks,
    )
    return replace(made, snapshot=seen)


def test_the_last_atom_of_a_drained_pool_goes_to_one_that_holds_more():
    refused = []
    for half in range(8, 28):
        drained = at_par("pool-a", fee_pips=100, spacing=1, liquidity=1093 * 10**18, half=half)
        deep = at_par("pool-b", fee_pips=3_000, spacing=60, liquidity=270 * 10**18, half=6_000)
        held = pool_cost(drained, Side.BUY, limit=None).capacity
        par = Price(ETH.id, USDC.id, 1, 10**12)
        limit = Price(ETH.id, USDC.id, 101, 100 * 10**12)
        made = problem(quantity=held * 1.3, pools=(drained, deep), cash=1e12)
        try:
            solve(replace(made, arrival_mid=par, limit_price=limit))
        except NoRouteError as error:
            refused.append(str(error))

    assert refused == []


def test_no_unit_of_a_pool_trades_beyond_the_limit_for_want_of_whole_lots():
    made = pool(depth_usd=1e6)
    limit = problem(pools=(made,), limit=0.005).limit_price
    held = pool_cost(made, Side.BUY, limit=ratio(limit, made.instrument)).capacity
    # Funding makes the book the dearer place, so that its one lot is better left alone.
    coarse = replace(with_lots(book(funding=10**10), UNIT), quantity_max_lots=1)
    # All that the pool has within the limit, and nine tenths of that lot.
    order = problem(quantity=held + 0.9, pools=(made,), books=(coarse,), limit=0.005)

    plan = solve(order)

    in_pool = sum(leg.quantity.atoms for leg in plan.legs if leg.instrument == made.instrument)
    assert in_pool <= held * UNIT * (1.0 + 1e-9)


def test_collateral_that_would_save_money_is_not_called_useless():
    dear = pool(fee_pips=10_000, spacing=200)
    short = book(price=1_990.0, position_lots=-500_000)
    common = {"quantity": 100.0, "pools": (dear,), "books": (short,)}
    poor = solve(problem(equity=1.0, **common))
    rich = solve(problem(equity=1e6, **common))

    said = explain(poor)

    assert rich.certificate.upper_bound < poor.certificate.lower_bound
    assert not any("would save nothing" in sentence for sentence in said)


def test_what_is_said_of_our_plan_is_true_of_the_plan_that_is_sent():
    pools = tuple(pool(f"pool-{i}", depth_usd=2e6, seed=i) for i in range(5))
    made = problem(quantity=20.0, pools=pools, gas_usd=50.0)
    plan = solve(made)

    (first, *_) = explain(plan)

    # Gas made the plan use one pool of five: what is sent is further from the bound than the split.
    assert bps_above_the_bound(made, plan) > 1.0
    said = float(first.split("as sent costs ")[1].split()[0])
    assert said == pytest.approx(plan.cost.total / (20 * 2_000 * USD) * 1e4, abs=1e-3)


def test_a_price_of_a_cheap_asset_keeps_its_digits():
    plan = solve(problem(quantity=1.0, pools=(pool(),)))
    # 0.0000123 USDC of six decimals for a whole of eighteen.
    cheap = replace(plan, arrival_mid=Price(ETH.id, USDC.id, 123, 10 * UNIT))

    assert Decimal(str(plan_data(cheap)["arrival_mid"])) == Decimal("0.0000123")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("atoms", [1, 1_000, 10**9])
@pytest.mark.parametrize("equity", [1e9, 0.0])
def test_an_order_of_a_few_atoms_is_below_the_minimum(side, atoms, equity):
    held = book(position_lots=-500_000)
    made = problem(side=side, pools=(pool(),), books=(held,), equity=equity)

    with pytest.raises(NoRouteError) as refused:
        solve(replace(made, quantity=Amount(ETH.id, atoms)))

    assert refused.value.reason is NoRouteReason.BELOW_MINIMUM


def test_a_tiny_order_whose_margin_binds_is_planned_with_the_gap_of_its_atoms():
    fine = with_lots(book(price=1_990.0), 10**11)
    fine = replace(fine, instrument=replace(fine.instrument, notional_min_atoms=0))

    # Twenty cents, of which the margin lets the book carry a half.
    plan = solve(problem(quantity=1e-4, pools=(pool(fee_pips=3_000),), books=(fine,), equity=0.01))

    assert traded(plan) == UNIT // 10_000
    assert {leg.instrument.id for leg in plan.legs} == {"pool-a", "perp-a"}
    assert 0 <= plan.certificate.gap < PICO_PER_UNIT // 10**4


def test_pools_take_what_they_can_of_what_whole_lots_leave():
    coarse = with_lots(book(price=1_990.0), UNIT // 100)
    made = problem(quantity=0.0195, pools=(pool(),), books=(coarse,), cash=15.0)

    plan = solve(made)

    # 0.01 in the book; another lot is too much, and the pool's 15 USD buy 0.0075 of 0.0095.
    assert traded(plan) > 17 * UNIT // 1_000


def test_two_positions_of_an_account_in_breach_are_not_closed_beyond_the_order():
    # Each may be reduced by the whole order, and neither, nor both together, cures the account.
    shorts = tuple(
        book(f"perp-{i}", price=price, position_lots=-100_000, leverage=3)
        for i, price in enumerate((1_990.0, 1_985.0))
    )
    # 20 ETH need about 13,250 USD; the margin of the 10 ETH ordered is half of it.
    made = problem(quantity=10.0, pools=(pool(),), books=shorts, equity=5_000.0)

    assert traded(solve(made)) == 10 * UNIT
