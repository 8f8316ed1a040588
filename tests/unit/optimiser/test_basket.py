import random
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from router.domain.basket import BasketPlan
from router.domain.error import NoRouteError
from router.domain.instrument import Asset
from router.domain.margin import MarginTier, StressScenario
from router.domain.plan import (
    BookCandidate,
    Leg,
    NoRouteReason,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import (
    PICO_PER_UNIT,
    Amount,
    ParentId,
    Pico,
    Pips,
    Price,
    Side,
)
from router.optimiser.basket import solve_basket
from router.optimiser.exact.rooms import rooms_of
from router.optimiser.exact.trade import Trade, book_trade, pool_trade, used_by
from router.optimiser.market.market import prepare
from router.optimiser.solve import solve
from tests.unit.optimiser.world import ETH, MID, USD, USDC, WBTC, book, pool, problem

GAP_MAX = PICO_PER_UNIT // 10**6  # 0.01 bp
BTC_MID = 60_000.0
EVERYWHERE = tuple(
    StressScenario(f"gap {percent:+d} %", Pips(percent * 10_000), Pips(0))
    for percent in (-30, -15, 15, 30)
)


def of_btc(made: BookCandidate) -> BookCandidate:
    """Return the same book for BTC: a lot is 1e-5, a tick 0.1 USD."""
    instrument = replace(
        made.instrument, base=WBTC, symbol="BTC", lot_atoms=10**3, notional_min_atoms=10 * USD
    )
    return replace(made, instrument=instrument)


def order(
    name: str,
    side: Side,
    quantity: float,
    *,
    base: Asset = ETH,
    mid: float = MID,
    kind: QuantityKind = QuantityKind.BASE,
    **more: object,
) -> RoutingProblem:
    made = problem(side=side, quantity=1.0, **more)
    asset = base if kind is QuantityKind.BASE else USDC
    sign = 1 if side is Side.BUY else -1
    one = 10**base.decimals
    return replace(
        made,
        parent=ParentId(name),
        kind=kind,
        quantity=Amount(asset.id, round(quantity * 10**asset.decimals)),
        arrival_mid=Price(base.id, USDC.id, round(mid * USD), one),
        limit_price=Price(base.id, USDC.id, round(mid * (1 + sign * 0.1) * USD), one),
        chains=tuple(
            replace(
                c,
                spendable=tuple(
                    Amount(base.id if a.asset == ETH.id else a.asset, a.atoms) for a in c.spendable
                ),
            )
            for c in made.chains
        ),
    )


def shared(orders: list[RoutingProblem], **facts: object) -> list[RoutingProblem]:
    """State the same scenarios, and of every account the same."""
    return [replace(o, **facts) for o in orders]


def traded(made: RoutingProblem, leg: Leg) -> Trade:
    """Return the trade of a leg, quoted again."""
    for candidate in made.pools:
        if candidate.instrument.id == leg.instrument.id:
            fixed = leg.quantity if made.kind is QuantityKind.BASE else leg.notional
            found = pool_trade(made, candidate, amount=fixed.atoms, kind=made.kind)
    for candidate in made.books:
        if candidate.instrument.id == leg.instrument.id:
            found = book_trade(
                made, candidate, lots=leg.quantity.atoms // candidate.instrument.lot_atoms
            )
    assert isinstance(found, Trade)
    assert (found.base, found.quote) == (leg.quantity.atoms, leg.notional.atoms)
    return found


def assert_borne(orders: list[RoutingProblem], plan: BasketPlan) -> None:
    """Check the legs of all orders together: filled to the atom, borne by every account."""
    rooms, used = rooms_of(orders), None
    for made, own in zip(orders, plan.plans, strict=True):
        in_base = made.kind is QuantityKind.BASE
        filled = sum((leg.quantity if in_base else leg.notional).atoms for leg in own.legs)
        assert filled + own.unfilled.atoms == made.quantity.atoms
        taken = used_by(made, [traded(made, leg) for leg in own.legs])
        used = taken if used is None else used + taken
    assert rooms.broken(used) is None


def reference(orders: list[RoutingProblem], *, cuts: int = 600) -> float | None:
    """Return the least cost of books and pools over all notional, by one programme of pieces.

    Only what the orders of these tests have: buys pay from one chain account, perps are of one
    account, tiers are lines. Amounts are in dollars over all notional.
    """
    mids = [o.arrival_mid.quote_atoms / USD for o in orders]
    sizes = [o.quantity.atoms / o.arrival_mid.base_atoms for o in orders]
    whole = sum(m * q for m, q in zip(mids, sizes, strict=True))
    cost, rules, loss, cash = 0.0, [], 0.0, 0.0
    positions: list[tuple[float, cp.Expression, BookCandidate]] = []
    for made, mid, size in zip(orders, mids, sizes, strict=True):
        sign, filled = (1.0 if made.side is Side.BUY else -1.0), 0.0
        market = prepare(made)
        for curve, candidate in zip(
            (*market.pool_curves, *market.book_curves), (*made.pools, *made.books), strict=True
        ):
            ends = np.concatenate(([0.0], np.cumsum(curve.segments().quantity)))
            steps = np.linspace(0.0, min(curve.capacity, size), cuts)
            points = np.unique(np.minimum(np.concatenate((ends, steps)), curve.capacity))
            lengths = np.diff(points)
            kept = lengths > 1e-9
            prices = (np.diff(curve.cost(points))[kept]) / lengths[kept] / mid
            taken = cp.Variable(int(kept.sum()), nonneg=True)
            rules.append(taken <= lengths[kept] * mid / whole)
            filled = filled + cp.sum(taken)
            cost = cost + (prices - sign) @ taken
            if isinstance(candidate, BookCandidate):
                mark = candidate.mark_ticks / 10.0 / mid
                held = (
                    candidate.position_lots
                    * candidate.instrument.lot_atoms
                    / made.arrival_mid.base_atoms
                    * mid
                    / whole
                )
                loss = loss + (prices - sign * mark) @ taken
                positions.append((mark, held + sign * cp.sum(taken), candidate))
            elif sign > 0:
                cash = cash + prices @ taken
        rules.append(filled == size * mid / whole)
    chain = next((c for o in orders if o.side is Side.BUY for c in o.chains), None)
    if chain is not None:
        rules.append(cash <= chain.spendable[0].atoms / USD / whole)
    (margin,) = {m for o in orders for m in o.margins}
    equity = margin.equity_atoms / USD / whole
    rules.append(loss + sum(cp.abs(n) * (m / b.leverage) for m, n, b in positions) <= equity)
    for scenario in orders[0].scenarios:
        gap, stressed = scenario.gap_pips / 1e6, loss
        for mark, position, candidate in positions:
            rate = candidate.tiers[0].maintenance / PICO_PER_UNIT
            stressed = (
                stressed + cp.abs(position) * (mark * (1 + gap) * rate) - position * (mark * gap)
            )
        rules.append(stressed <= equity)
    model = cp.Problem(cp.Minimize(cost), rules)
    model.solve(solver=cp.HIGHS)
    return float(model.value) if model.status == cp.OPTIMAL else None


def tiered(made: BookCandidate) -> BookCandidate:
    return replace(made, tiers=(MarginTier(0, 50, Pico(PICO_PER_UNIT // 100)),))


def hedge(equity: float, *, quantity: float = 60.0) -> list[RoutingProblem]:
    """Buy ether in pools and sell as much on a perp."""
    long = order(
        "long",
        Side.BUY,
        quantity,
        pools=(pool(), pool("pool-b", seed=1, fee_pips=3_000, spacing=60)),
    )
    short = order(
        "short",
        Side.SELL,
        quantity,
        books=(tiered(book()), tiered(book("perp-b", seed=4))),
        equity=equity,
    )
    return shared([long, short], scenarios=EVERYWHERE)


def pair_of_perps(equity: float, *, seed: int = 0) -> list[RoutingProblem]:
    """Buy ether and sell bitcoin on perps of one account; ether can also be bought in a pool."""
    rng = random.Random(seed)
    ether, bitcoin = rng.uniform(50, 300), rng.uniform(2, 10)
    eth = order(
        "eth",
        Side.BUY,
        ether,
        pools=(pool(seed=seed),),
        books=(tiered(book(seed=seed, level_usd=3e5)),),
        equity=equity,
    )
    btc = order(
        "btc",
        Side.SELL,
        bitcoin,
        base=WBTC,
        mid=BTC_MID,
        equity=equity,
        books=(
            of_btc(tiered(book("perp-btc", price=BTC_MID, seed=seed + 1, level_usd=3e5))),
            of_btc(
                tiered(book("perp-btc-b", price=BTC_MID * 1.0002, seed=seed + 2, level_usd=3e5))
            ),
        ),
    )
    return shared([eth, btc], scenarios=EVERYWHERE)


def test_a_hedge_is_planned_whole_and_certified():
    orders = hedge(40_000.0)

    plan = solve_basket(orders)

    assert 0 <= plan.certificate.gap <= GAP_MAX
    assert [p.parent for p in plan.plans] == ["long", "short"]
    assert_borne(orders, plan)
    assert plan.cost.total == sum(p.cost.total for p in plan.plans)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("per_notional", [0.03, 0.08, 1.0])
def test_an_independent_programme_agrees_on_baskets(seed, per_notional):
    notional = sum(
        o.quantity.atoms * o.arrival_mid.quote_atoms / o.arrival_mid.base_atoms / USD
        for o in pair_of_perps(1.0, seed=seed)
    )
    orders = pair_of_perps(per_notional * notional, seed=seed)

    value = reference(orders)
    if value is None:
        with pytest.raises(NoRouteError):
            solve_basket(orders)
        return
    plan = solve_basket(orders)

    assert plan.certificate.gap <= GAP_MAX
    # A chord of 1/600 of a pool's part lies above its curve by less than 1e-7 of the notional.
    assert plan.certificate.lower_bound <= (value + 1e-9) * PICO_PER_UNIT
    assert plan.certificate.upper_bound >= (value - 2e-7) * PICO_PER_UNIT
    assert plan.certificate.upper_bound <= (value + 1e-6 + 1e-9) * PICO_PER_UNIT
    assert_borne(orders, plan)
    # Whole lots of 0.2 and 0.6 USD; a tenth of a basis point is what gives cause to look again.
    assert plan.certificate.rounded_cost - plan.certificate.upper_bound <= PICO_PER_UNIT // 10**5


def test_offsetting_legs_need_less_than_each_alone():
    orders = pair_of_perps(70_000.0, seed=3)

    together = solve_basket(orders)

    assert_borne(orders, together)
    with pytest.raises(NoRouteError) as refused:
        solve(orders[1])
    assert refused.value.reason is NoRouteReason.STRESS
    assert "stress scenario gap +30 %: perp:me is short" in str(refused.value)


def test_one_order_as_a_basket_is_that_order():
    made = problem(
        quantity=100.0, pools=(pool(), pool("pool-b", seed=1)), books=(book(),), equity=9_000.0
    )

    together, single = solve_basket([made]), solve(made)

    assert together.plans[0].legs == single.legs
    assert together.certificate.upper_bound == single.certificate.upper_bound


def test_orders_that_fix_the_cash_spend_it_to_the_atom_beside_others():
    spend = order(
        "spend", Side.BUY, 150_000.0, kind=QuantityKind.CASH, pools=(pool(),), cash=150_000.0
    )
    sell = order("sell", Side.SELL, 50.0, books=(book(),), equity=20_000.0)

    plan = solve_basket([spend, sell])

    assert sum(leg.notional.atoms for leg in plan.plans[0].legs) == 150_000 * USD
    assert_borne([spend, sell], plan)


def test_orders_share_the_cash_of_an_account():
    first = order("first", Side.BUY, 50.0, pools=(pool(),), cash=150_000.0)
    second = order("second", Side.BUY, 40.0, pools=(pool("pool-b", seed=1),), cash=150_000.0)
    solve(first)
    solve(second)

    with pytest.raises(NoRouteError) as refused:
        solve_basket([first, second])

    assert refused.value.reason is NoRouteReason.INSUFFICIENT_BALANCE
    percent = float(str(refused.value).split("nearest feasible ")[1].split(" %")[0])
    assert 80.0 < percent < 84.0  # 150,000 of 180,000 and a little impact
    fewer = [
        replace(o, quantity=Amount(ETH.id, int(o.quantity.atoms * percent / 100)))
        for o in (first, second)
    ]
    assert_borne(fewer, solve_basket(fewer))
