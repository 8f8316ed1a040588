"""The gate does not trust the hops of a route."""

import re
from dataclasses import replace

import pytest

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.market import ReservesSnapshot
from router.domain.plan import Hop, PoolCandidate, QuantityKind, RouteCandidate
from router.domain.units import Amount, AssetId, InstrumentId, Side
from router.domain.verdict import Refused
from router.risk.limits import approve
from router.risk.routes import broken_route
from tests.unit.engine.scene import (
    BLOCK,
    DOLLAR,
    ETH,
    ETHER,
    POOL,
    T0,
    USDC,
    Driver,
    leg,
    order,
    plan,
)

USDT = Asset(AssetId("USDT"), 6)
ETH_USDT = replace(POOL, id=InstrumentId("eth-usdt"), quote=USDT)
USDT_USDC = replace(POOL, id=InstrumentId("usdt-usdc"), base=USDT)
ROUTE = Instrument(
    id=InstrumentId("route"),
    venue=POOL.venue,
    symbol="via USDT",
    kind=InstrumentKind.SPOT_ROUTE,
    base=ETH,
    quote=USDC,
    account=POOL.account,
    lot_atoms=1,
    notional_min_atoms=0,
    fee_pips=POOL.fee_pips,
)
QUANTITY = Amount(ETH.id, 2 * ETHER)
MIDDLE = Amount(USDT.id, 6_000 * DOLLAR)
CASH = Amount(USDC.id, 6_001 * DOLLAR)


def candidate(instrument):
    state = ReservesSnapshot(instrument.id, BLOCK, 3000, 10**24, 10**24, T0)
    return PoolCandidate(instrument, state, 100_000)


def a_problem(side=Side.BUY):
    driver, asked = Driver(), order(side=side)
    driver.start()
    driver.submit(asked)
    route = RouteCandidate(ROUTE, (candidate(ETH_USDT),), (candidate(USDT_USDC),))
    return replace(driver.observe(asked), routes=(route,))


def hops(side):
    if side is Side.BUY:
        return (Hop(USDT_USDC, CASH, MIDDLE), Hop(ETH_USDT, MIDDLE, QUANTITY))
    return (Hop(ETH_USDT, QUANTITY, MIDDLE), Hop(USDT_USDC, MIDDLE, CASH))


def a_plan(problem, done):
    bound = Amount(USDC.id, 6_010 * DOLLAR if problem.side is Side.BUY else 5_990 * DOLLAR)
    route = replace(
        leg(POOL, QUANTITY),
        instrument=ROUTE,
        side=problem.side,
        quantity_kind=QuantityKind.BASE,
        notional=CASH,
        bound=bound,
        hops=done,
    )
    return replace(plan(problem), legs=(route,))


@pytest.mark.parametrize("side", Side)
def test_a_route_whose_hops_meet_is_sound(side):
    problem = a_problem(side)

    assert broken_route(problem, a_plan(problem, hops(side))) is None


def other(hop, **changes):
    return replace(hop, **changes)


FIRST, SECOND = hops(Side.BUY)
FORGED = replace(FIRST.instrument, symbol="0x" + "bd" * 20)
LESS = Amount(USDT.id, MIDDLE.atoms - 1)


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ((), "its hops do not"),
        ((other(FIRST, instrument=POOL), SECOND), "in a pool that is not the route's"),
        ((other(FIRST, instrument=FORGED), SECOND), "in a pool that is not the route's"),
        ((other(FIRST, paid=Amount(USDC.id, 1)), SECOND), "pays .* and its hops do not"),
        ((FIRST, other(SECOND, received=Amount(ETH.id, 1))), "receives .* and its hops do not"),
        ((FIRST, other(SECOND, paid=LESS)), "leaves 1 atoms of USDT on the way"),
        ((other(FIRST, received=LESS), SECOND), "leaves -1 atoms of USDT on the way"),
    ],
    ids=[
        "no hops",
        "strange pool",
        "forged pool",
        "other cash",
        "other quantity",
        "left over",
        "from nowhere",
    ],
)
def test_a_route_whose_hops_are_not_what_its_leg_says_is_refused(done, words):
    problem = a_problem()

    refused = approve(problem, a_plan(problem, done), QUANTITY)

    assert isinstance(refused, Refused)
    assert refused.message.startswith("route: the leg ")
    assert re.search(words, refused.message)


def test_a_leg_that_is_no_route_has_no_hops():
    problem = a_problem()
    direct = replace(leg(POOL, QUANTITY), hops=hops(Side.BUY))

    refused = broken_route(problem, replace(plan(problem), legs=(direct,)))

    assert refused is not None
    assert "is no route" in refused.message
