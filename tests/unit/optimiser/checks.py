"""A plan held against its problem by integers alone: every amount from the problem's own state."""

from router.domain.error import NoRouteError
from router.domain.plan import (
    BookCandidate,
    Leg,
    NoRouteReason,
    PoolCandidate,
    QuantityKind,
    RouteCandidate,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import Rounding, Side
from router.liquidity.order_book import Book, take
from router.liquidity.pool import pool_of, swap
from router.optimiser.solve import solve
from tests.unit.optimiser.world import ETH, USDC


def candidates(made: RoutingProblem) -> dict[str, PoolCandidate | RouteCandidate | BookCandidate]:
    return {c.instrument.id: c for c in (*made.pools, *made.routes, *made.books)}


def assert_exact(made: RoutingProblem, plan: RoutePlan) -> None:
    """Check the plan by integers alone, from the problem's own state."""
    in_base = made.kind is QuantityKind.BASE
    filled = sum((leg.quantity if in_base else leg.notional).atoms for leg in plan.legs)
    assert filled + plan.unfilled.atoms == made.quantity.atoms
    assert sum(leg.cost.total for leg in plan.legs) == plan.cost.total
    for leg in plan.legs:
        candidate = candidates(made)[leg.instrument.id]
        match candidate:
            case PoolCandidate():
                assert_pool_leg(made, candidate, leg)
            case RouteCandidate():
                assert_route_leg(made, candidate, leg)
            case BookCandidate():
                assert_book_leg(made, candidate, leg)
        mid = made.arrival_mid.notional(leg.quantity, Rounding.DOWN).atoms
        sign = 1 if made.side is Side.BUY else -1
        price_part = leg.cost.impact + (leg.cost.fees if leg.limit_ticks is None else 0)
        assert 0 <= price_part - sign * (leg.notional.atoms - mid) <= 1
    assert_cash(made, plan)
    assert_margin(made, plan)


def is_exact_input(made: RoutingProblem) -> bool:
    return (made.side is Side.BUY) is (made.kind is QuantityKind.CASH)


def quoted(
    made: RoutingProblem, pool: PoolCandidate, *, paid: int, received: int
) -> tuple[int, int, int]:
    """Return what the pool takes, gives and keeps as its fee; told the side the order fixes."""
    zero_for_one = pool.instrument.base_is_token0 is (made.side is Side.SELL)
    told = paid if is_exact_input(made) else -received
    done = swap(pool_of(pool.snapshot), zero_for_one=zero_for_one, amount_specified=told)
    amounts = (done.amount0, -done.amount1) if zero_for_one else (done.amount1, -done.amount0)
    return *amounts, done.fee_amount


def paid_and_received(made: RoutingProblem, leg: Leg) -> tuple[int, int]:
    amounts = (leg.notional.atoms, leg.quantity.atoms)
    return amounts if made.side is Side.BUY else amounts[::-1]


def assert_pool_leg(made: RoutingProblem, candidate: PoolCandidate, leg: Leg) -> None:
    paid, received = paid_and_received(made, leg)
    assert quoted(made, candidate, paid=paid, received=received)[:2] == (paid, received)
    assert leg.hops == ()
    assert_bound(made, leg)


def assert_route_leg(made: RoutingProblem, candidate: RouteCandidate, leg: Leg) -> None:
    pools = {pool.instrument: pool for pool in candidate.pools}
    hops = leg.hops
    assert len({hop.instrument.id for hop in hops}) == len(hops)
    fees = {}
    for hop in hops:
        paid, received = hop.paid.atoms, hop.received.atoms
        got = quoted(made, pools[hop.instrument], paid=paid, received=received)
        assert got[:2] == (paid, received)
        fees[hop.paid.asset] = fees.get(hop.paid.asset, 0) + got[2]
    paid, received = paid_and_received(made, leg)
    owned, wanted = (USDC.id, ETH.id) if made.side is Side.BUY else (ETH.id, USDC.id)
    first = [hop for hop in hops if hop.paid.asset == owned]
    second = [hop for hop in hops if hop.received.asset == wanted]
    assert hops == (*first, *second)
    assert sum(hop.paid.atoms for hop in first) == paid
    assert sum(hop.received.atoms for hop in second) == received
    middle = sum(hop.received.atoms for hop in first)
    assert middle == sum(hop.paid.atoms for hop in second) > 0
    assert {h.received.asset for h in first} == {h.paid.asset for h in second}
    assert_route_fees(made, leg, fees=fees, middle=middle)
    assert_bound(made, leg)


def assert_route_fees(made: RoutingProblem, leg: Leg, *, fees: dict[str, int], middle: int) -> None:
    mid, worth = made.arrival_mid, 0.0
    for asset, atoms in fees.items():
        price = leg.notional.atoms / middle  # what an atom of the middle asset fetched
        if asset == USDC.id:
            price = 1.0
        elif asset == ETH.id:
            price = mid.quote_atoms / mid.base_atoms
        worth += price * atoms
    # Rounded up at most twice; the float sum is exact to a few units in the last place.
    assert -1e-9 * worth <= leg.cost.fees - worth <= 2.0 + 1e-9 * worth


def assert_bound(made: RoutingProblem, leg: Leg) -> None:
    buying, exact_input = made.side is Side.BUY, is_exact_input(made)
    limit = made.limit_price
    other = leg.notional if made.kind is QuantityKind.BASE else leg.quantity
    if exact_input:  # the least to receive
        assert other.atoms * (10**6 - made.slippage_tolerance_pips) <= leg.bound.atoms * 10**6
        assert leg.bound.atoms <= other.atoms
    else:  # the most to pay
        assert other.atoms <= leg.bound.atoms
        assert leg.bound.atoms * 10**6 <= other.atoms * (10**6 + made.slippage_tolerance_pips)
    base, cash = leg.quantity.atoms, leg.notional.atoms
    if made.kind is QuantityKind.BASE:
        cash = leg.bound.atoms
    else:
        base = leg.bound.atoms
    worst, allowed = cash * limit.base_atoms, base * limit.quote_atoms
    assert worst <= allowed if buying else worst >= allowed


def assert_book_leg(made: RoutingProblem, candidate: BookCandidate, leg: Leg) -> None:
    lots, rest = divmod(leg.quantity.atoms, candidate.instrument.lot_atoms)
    assert rest == 0
    assert leg.notional.atoms >= candidate.instrument.notional_min_atoms
    state = Book(candidate.snapshot.bids, candidate.snapshot.asks)
    got = take(state, made.side, lots=lots, limit_ticks=leg.limit_ticks)
    assert got.lots_filled == lots
    # A tick is 0.1 USD and a lot 0.0001 ETH, so a tick-lot is exactly 10 atoms of USDC.
    assert leg.notional.atoms == got.notional * 10
    price = candidate.instrument.tick_price(leg.limit_ticks)
    fee = leg.instrument.fee_pips * (1 if made.side is Side.BUY else -1)
    with_fee = price.quote_atoms * (10**6 + fee) * made.limit_price.base_atoms
    allowed = made.limit_price.quote_atoms * price.base_atoms * 10**6
    assert with_fee <= allowed if made.side is Side.BUY else with_fee >= allowed
    assert candidate.quantity_max_lots is None or lots <= candidate.quantity_max_lots


def assert_cash(made: RoutingProblem, plan: RoutePlan) -> None:
    buying = made.side is Side.BUY
    for chain in made.chains:
        own = [leg for leg in plan.legs if leg.instrument.account == chain.account]
        worst = 0
        for leg in own:
            paid = leg.notional if buying else leg.quantity
            pays_bound = buying is (leg.quantity_kind is QuantityKind.BASE)
            worst += leg.bound.atoms if pays_bound else paid.atoms
        asset = USDC.id if buying else ETH.id
        assert worst <= sum(a.atoms for a in chain.spendable if a.asset == asset)


def assert_margin(made: RoutingProblem, plan: RoutePlan) -> None:
    sign = 1 if made.side is Side.BUY else -1
    legs = {leg.instrument.id: leg for leg in plan.legs}
    for account in made.margins:
        used, loss, grows = 0.0, 0.0, False
        for b in made.books:
            if b.instrument.account != account.account:
                continue
            leg = legs.get(b.instrument.id)
            lots = leg.quantity.atoms // b.instrument.lot_atoms if leg else 0
            after = b.position_lots + sign * lots
            grows |= bool(lots) and (sign * b.position_lots >= 0 or lots > abs(b.position_lots))
            used += abs(after) * b.mark_ticks * 10 / b.leverage
            if leg:
                loss += sign * (leg.notional.atoms - lots * b.mark_ticks * 10) + leg.cost.fees
        assert (
            not grows or used + loss <= account.equity_atoms - account.margin_used_elsewhere_atoms
        )


def attempted(made: RoutingProblem) -> tuple[RoutePlan | None, NoRouteReason | None]:
    try:
        return solve(made), None
    except NoRouteError as refused:
        return None, refused.reason


def solved(made: RoutingProblem) -> RoutePlan | None:
    return attempted(made)[0]


def moved(made: RoutingProblem, candidate: PoolCandidate, atoms: int) -> int:
    """Return what changes hands on the other side of what the order fixes."""
    zero_for_one = candidate.instrument.base_is_token0 is (made.side is Side.SELL)
    exact_input = (made.side is Side.BUY) is (made.kind is QuantityKind.CASH)
    done = swap(
        pool_of(candidate.snapshot),
        zero_for_one=zero_for_one,
        amount_specified=atoms if exact_input else -atoms,
    )
    base_is_asked = made.kind is QuantityKind.CASH
    token0_is_asked = candidate.instrument.base_is_token0 is base_is_asked
    return abs(done.amount0 if token0_is_asked else done.amount1)
