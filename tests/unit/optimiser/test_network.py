"""Routes as they are traded: to the atom, within the limit, to the end, and refused."""

import itertools
import math
from dataclasses import replace

import pytest

from router.domain.error import NoRouteError
from router.domain.instrument import Asset
from router.domain.market import PoolTick
from router.domain.plan import (
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RoutePlan,
)
from router.domain.units import Amount, Side
from router.optimiser.exact.route import route_trade
from router.optimiser.exact.trade import Trade
from router.optimiser.market.market import prepare, select
from router.optimiser.market.route import hop_curves, route_over
from router.optimiser.solve import solve
from tests.unit.optimiser.checks import assert_exact, attempted, moved
from tests.unit.optimiser.world import (
    DAI,
    ETH,
    MID,
    UNIT,
    USD,
    USDC,
    USDT,
    WBTC,
    book,
    pair,
    pool,
    problem,
    route,
    via_usdt,
)

KINDS = list(itertools.product(Side, QuantityKind))


def routed(plan: RoutePlan) -> list[str]:
    return [leg.instrument.id for leg in plan.legs if leg.hops]


def test_a_route_alone_is_quoted_over_as_few_pools_as_are_cheapest():
    hops = via_usdt()
    pools = (pool(),)

    alone = {
        gas: {s.instrument: s.slippage for s in solve(made).singles}["via-USDT"]
        for gas in (0.0, 50.0)
        for made in [problem(quantity=1.0, pools=pools, routes=(hops,), gas_usd=gas)]
    }

    # A transaction and two pools of at most 120,000 units at 50 USD for 100,000, of 2,000 USD.
    assert 0 < alone[50.0] - alone[0.0] <= 85_000 + 1


def test_what_whole_lots_leave_goes_where_gas_and_price_together_are_least():
    """The book carries all but 18 cents; the better price would take 11 of them for gas."""
    cheap = book(price=1_990.0, level_usd=1e6)
    dear_gas = pool("pool-a", price=1_995.0, gas_units=10**6)
    made = problem(pools=(dear_gas, pair("pair-b")), books=(cheap,), gas_usd=0.01)
    made = replace(made, quantity=Amount(ETH.id, 10 * UNIT + 9 * 10**13))

    plan = solve(made)

    assert {leg.instrument.id for leg in plan.legs} == {"perp-a", "pair-b"}


def test_gas_of_a_route_is_that_of_the_pools_it_uses():
    hops = via_usdt()

    cheap = solve(problem(quantity=500.0, routes=(hops,), gas_usd=1e-6))
    dear = solve(problem(quantity=0.5, routes=(hops,), gas_usd=10.0))

    assert len(cheap.legs[0].hops) == 4
    assert len(dear.legs[0].hops) == 2
    by_name = {p.instrument.id: p.gas_units for p in hops.pools}
    units = 100_000 + sum(by_name[hop.instrument.id] for hop in dear.legs[0].hops)
    assert dear.cost.gas == units * 10 * USD // 100_000


def test_legs_of_different_routers_pay_for_a_transaction_each():
    def through(name: str, router: str) -> PoolCandidate:
        made = pool(name, seed=len(name))
        return replace(made, instrument=replace(made.instrument, router=router))

    alike = (through("pool-a", "one"), through("pool-bb", "one"))
    apart = (through("pool-a", "one"), through("pool-bb", "two"))

    plans = [solve(problem(quantity=400.0, pools=p, gas_usd=1.0)) for p in (alike, apart)]

    assert [len(plan.legs) for plan in plans] == [2, 2]
    # 100,000 units of gas at a dollar, more.
    assert plans[1].cost.gas == plans[0].cost.gas + USD


@pytest.mark.parametrize("side", Side)
def test_no_unit_of_a_route_trades_beyond_the_limit_price(side):
    made = problem(side=side, quantity=1e4, routes=(via_usdt(),), limit=0.02)

    with pytest.raises(NoRouteError) as refused:
        solve(made)

    assert refused.value.reason is NoRouteReason.LIMIT_PRICE
    held = float(str(refused.value).split("leaves ")[1].split(maxsplit=1)[0])
    fits = solve(replace(made, quantity=Amount(ETH.id, int(held * 0.99999 * UNIT))))
    less = solve(replace(made, quantity=Amount(ETH.id, int(held * 0.99899 * UNIT))))
    (most,), (fewer,) = fits.legs, less.legs
    last = most.notional.atoms - fewer.notional.atoms
    price = last / (most.quantity.atoms - fewer.quantity.atoms) * UNIT / USD
    limit = MID * (1.02 if side is Side.BUY else 0.98)
    # The last thousandth of the quantity moves the price by less than a ten-thousandth.
    assert math.isclose(price, limit, rel_tol=1e-4)
    assert price <= limit if side is Side.BUY else price >= limit


@pytest.mark.parametrize(("side", "kind"), KINDS)
@pytest.mark.parametrize("middle", [USDT, WBTC, DAI])
def test_an_order_for_all_the_cash_there_is_goes_through_a_route(side, kind, middle):
    hops = route("via", (pool("hop-a", quote=middle),), (pair("hop-b", base=middle),))
    # What is paid for 10 ETH, or what they are worth, and half a per cent for fees and impact.
    cash = 20_000.0 * (1.0 if (side is Side.SELL) is (kind is QuantityKind.BASE) else 1.012)
    exact_input = (side is Side.BUY) is (kind is QuantityKind.CASH)
    made = problem(
        side=side,
        kind=kind,
        quantity=10.0 if kind is QuantityKind.BASE else 20_000.0,
        routes=(hops,),
        cash=20_000.0 if exact_input else cash,
    )

    plan = solve(made)

    assert_exact(made, plan)
    assert plan.unfilled.atoms == 0


def narrow(name: str, middle: Asset) -> PoolCandidate:
    """Return a pool of the middle asset and the quote that ends a per cent from its price."""
    made = pool(name, base=middle)
    seen = made.snapshot
    held, centre = seen.liquidity // 100, seen.tick // 10
    ends = (PoolTick((centre - 10) * 10, held, held), PoolTick((centre + 10) * 10, -held, held))
    return replace(made, snapshot=replace(seen, liquidity=held, ticks=ends))


@pytest.mark.parametrize("in_book", [False, True])
@pytest.mark.parametrize("middle", [USDT, WBTC])
@pytest.mark.parametrize(("side", "kind"), KINDS)
def test_a_route_whose_second_hop_ends_gives_all_it_has(side, kind, middle, in_book):
    """A dearer book or pool takes the rest."""
    first = tuple(pair(f"hop-{i}", quote=middle, worth_usd=1e7) for i in "abc")
    hops = route("via", first, (narrow("hop-d", middle), narrow("hop-e", middle)))
    price = 2_500.0 if side is Side.BUY else 1_600.0
    dear_book, dear_pool = book(price=price, level_usd=1e6), pair("z-pair", price=price)
    quantity = 100.0 if kind is QuantityKind.BASE else 100.0 * MID
    made = problem(
        side=side,
        kind=kind,
        quantity=quantity,
        pools=() if in_book else (dear_pool,),
        routes=(hops,),
        books=(dear_book,) if in_book else (),
        limit=0.3,
    )

    plan = solve(made)

    assert sorted(len(leg.hops) for leg in plan.legs) == [0, 5]
    assert_exact(made, plan)
    # All but what a lot of the book or an atom of the middle asset decides.
    market = prepare(made)
    held = select(market, range(len(market.pools))).sources[-1].curve.capacity
    through = max(plan.legs, key=lambda leg: len(leg.hops))
    assert through.quantity.atoms > (held * (1.0 - 1e-4) - 2e-4) * UNIT


@pytest.mark.parametrize("cash", [20.0, 20.0002, 20.0004, 20.0007])
def test_cash_that_binds_leaves_room_for_the_atoms_of_a_coarse_middle_asset(cash):
    """An atom of WBTC is worth 600 of USDC, so the exact route costs more than its curve."""
    hops = route("via", (pool("hop-a", quote=WBTC),), (pool("hop-b", base=WBTC),))
    dear = pool("pool-b", fee_pips=10_000, spacing=200, account="chain:other")
    made = problem(quantity=0.02, pools=(dear,), routes=(hops,))
    poor, rich = made.chains
    poor = replace(poor, spendable=(Amount(USDC.id, round(cash * USD)),))

    plan = solve(replace(made, chains=(poor, rich)))

    assert_exact(made, plan)
    assert [leg.instrument.id for leg in plan.legs] == ["pool-b", "via"]


def test_a_hop_without_liquidity_is_no_route():
    empty = pool("hop-c", base=USDT)
    empty = replace(empty, snapshot=replace(empty.snapshot, liquidity=0, ticks=()))
    dead = replace(via_usdt(), quote_pools=(empty,))

    plan = solve(problem(quantity=10.0, pools=(pool(),), routes=(dead,)))

    assert routed(plan) == []
    with pytest.raises(NoRouteError) as refused:
        solve(problem(quantity=10.0, routes=(dead,)))
    assert refused.value.reason is NoRouteReason.NO_LIQUIDITY


def test_refusals_count_what_routes_hold():
    hops = route("via", (pair("hop-a", quote=USDT),), (pair("hop-b", base=USDT),))
    # Half of the 10,000 ETH in the first hop cost as much as the second hop holds.
    with pytest.raises(NoRouteError) as refused:
        solve(problem(quantity=6_000.0, routes=(hops,), limit=1e9))

    assert refused.value.reason is NoRouteReason.NO_LIQUIDITY
    held = float(str(refused.value).split("hold ")[1].split(maxsplit=1)[0])
    assert 4_900 < held < 5_000


def test_more_cash_than_a_route_moves_is_refused_for_want_of_liquidity():
    hops = route("via", (pair("hop-a", quote=USDT),), (pair("hop-b", base=USDT),))

    with pytest.raises(NoRouteError) as refused:
        solve(problem(side=Side.SELL, kind=QuantityKind.CASH, quantity=2.1e7, routes=(hops,)))

    assert refused.value.reason in {NoRouteReason.NO_LIQUIDITY, NoRouteReason.LIMIT_PRICE}


@pytest.mark.parametrize(("side", "kind"), KINDS)
@pytest.mark.parametrize("middle", [USDT, WBTC, DAI])
@pytest.mark.parametrize("worth_usd", [1e-6, 1e-3, 1.0])
def test_a_tiny_order_over_a_route_is_planned_exactly_or_refused_as_too_small(
    side, kind, middle, worth_usd
):
    hops = route(
        "via",
        (pool("hop-a", quote=middle), pair("hop-b", quote=middle)),
        (pair("hop-c", base=middle), pool("hop-d", base=middle, seed=1)),
    )
    quantity = worth_usd if kind is QuantityKind.CASH else worth_usd / MID
    made = problem(side=side, kind=kind, quantity=quantity, routes=(hops,))

    plan, reason = attempted(made)

    if plan is None:
        assert worth_usd < 1.0
        assert reason is NoRouteReason.BELOW_MINIMUM
    else:
        assert_exact(made, plan)


def test_a_pool_in_two_candidates_is_a_bug_of_the_caller():
    twice = pool("hop-a", quote=USDT)
    hops = route("via", (twice,), (pool("hop-c", base=USDT),))
    other = replace(hops, instrument=replace(hops.instrument, id="via-again"))

    with pytest.raises(AssertionError, match="priced once"):
        prepare(problem(routes=(hops, other)))


def test_hops_that_do_not_meet_are_a_bug_of_the_caller():
    apart = route("via", (pool("hop-a", quote=USDT),), (pool("hop-c", base=DAI),))

    with pytest.raises(AssertionError, match="through one asset"):
        prepare(problem(routes=(apart,)))


def test_without_one_of_its_hops_a_route_is_not_in_a_selection():
    hops = via_usdt()
    market = prepare(problem(pools=(pool(),), routes=(hops,)))

    assert [s.pools for s in select(market, range(5)).sources] == [(0,), (1, 2, 3, 4)]
    assert [s.pools for s in select(market, (0, 2, 3)).sources] == [(0,), (2, 3)]
    assert select(market, (0, 1, 2)).pools == (0,)


@pytest.mark.parametrize(("side", "kind"), KINDS)
def test_a_route_trade_starts_at_the_hop_that_the_order_fixes(side, kind):
    hops = route("via", (pair("hop-a", quote=WBTC),), (pair("hop-b", base=WBTC),))
    made = problem(side=side, kind=kind, routes=(hops,))
    curves = hop_curves(hops, side, limit=None)
    over = route_over(hops, curves, kept=(0, 1), limit=None)
    assert over is not None
    amount = 10 * UNIT if kind is QuantityKind.BASE else 20_000 * USD

    trade = route_trade(made, over, amount=amount)

    assert isinstance(trade, Trade)
    fixed, other = (hops.base_pools[0], hops.quote_pools[0])
    if kind is QuantityKind.CASH:
        fixed, other = other, fixed
    middle = moved(made, fixed, amount)
    expected = (amount, moved(made, other, middle))
    assert (trade.base, trade.quote) == (expected if kind is QuantityKind.BASE else expected[::-1])
    owned = "hop-b" if side is Side.BUY else "hop-a"
    assert trade.hops[0].instrument.id == owned
    assert trade.hops[0].received == trade.hops[1].paid == Amount(WBTC.id, middle)


def test_cash_in_base_is_what_a_seller_of_a_route_needs():
    hops = via_usdt()
    made = problem(side=Side.SELL, quantity=10.0, routes=(hops,), cash=0.0)
    chain = replace(made.chains[0], spendable=(Amount(ETH.id, 10 * UNIT), Amount(USDC.id, 0)))

    plan = solve(replace(made, chains=(chain,)))

    assert plan.legs[0].quantity.atoms == 10 * UNIT
