"""Plans over three hops, made by the optimiser on what contracts say, and done by the router."""

import itertools

import pytest

from router.domain.instrument import InstrumentKind
from router.domain.market import BlockRef, PoolSnapshot, ReservesSnapshot
from router.domain.plan import (
    ChainCash,
    NetworkCandidate,
    PoolCandidate,
    QuantityKind,
    RoutingProblem,
)
from router.domain.units import Amount, Price, Rounding, Side
from router.liquidity import constant_product
from router.optimiser.solve import solve
from tests.integration.execution.account import ACCOUNT
from tests.integration.execution.pools import (
    V2,
    V2_DOLLARS,
    V2_USDT,
    V3,
    V3_BTC,
    V3_DEEP,
    V3_DOLLARS,
    V3_USDT,
    V4_COIN,
    V4_DOLLARS,
)
from tests.integration.execution.scene import route_instrument

BITCOIN = 10**8
BLOCK = BlockRef(1, "0x1", "0x0", 0)
EVERY_FAMILY = (V3_BTC, V3_USDT, V2_USDT, V3_DOLLARS, V4_DOLLARS, V2_DOLLARS, V3, V2)
EVERY_WAY = list(itertools.product(Side, QuantityKind))


def candidate(scene, name):
    state, instrument = scene.pool(name), scene.setups[name].instrument
    if isinstance(state, constant_product.Pool):
        reserves = (state.reserve0, state.reserve1)
        snapshot = ReservesSnapshot(instrument.id, BLOCK, state.fee_pips, *reserves, 0)
    else:
        snapshot = PoolSnapshot(
            instrument=instrument.id,
            block=BLOCK,
            fee_pips=state.fee_pips,
            tick_spacing=state.tick_spacing,
            sqrt_price_x96=state.sqrt_price_x96,
            tick=state.tick,
            liquidity=state.liquidity,
            ticks=state.ticks,
            received_at=0,
            protocol_fees_pips=state.protocol_fees_pips,
        )
    return PoolCandidate(instrument, snapshot, 100_000)


def bitcoin_for_dollars(scene, names, *, side, kind, quantity=BITCOIN):
    """Return a problem that can only be solved over ether, and over ether and tether."""
    ether = scene.hop(V3_BTC, "BTC", "ETH", BITCOIN // 1000).received
    dollars = scene.hop(V3_DEEP, "ETH", "USDC", ether.atoms).received.atoms
    mid = Price("BTC", "USDC", dollars, BITCOIN // 1000)
    instrument = route_instrument(("BTC", "USDC"), "any")
    network = NetworkCandidate(instrument, tuple(candidate(scene, name) for name in names))
    ordered = Amount("BTC", quantity)
    spendable = [Amount(asset, scene.balances()[asset]) for asset in ("BTC", "USDC")]
    return RoutingProblem(
        parent="p-1",
        side=side,
        kind=kind,
        quantity=ordered if kind is QuantityKind.BASE else mid.notional(ordered, Rounding.DOWN),
        arrival_mid=mid,
        limit_price=mid.shifted(100_000 if side is Side.BUY else -100_000, Rounding.DOWN),
        holding_horizon_s=0,
        gas_fee_wei=0,
        slippage_tolerance_pips=1_000,
        pools=(),
        books=(),
        chains=(ChainCash(ACCOUNT, tuple(spendable), 0, None),),
        margins=(),
        networks=(network,),
    )


def assert_done_as_planned(scene, leg):
    before, surplus = scene.balances(), scene.surplus(leg)

    (fill,), receipt = scene.done(scene.child(leg))

    after = scene.balances()
    assert (fill.quantity, fill.notional) == (leg.quantity, leg.notional)
    assert {a.asset: a.atoms for a in fill.residue} == surplus
    sign = 1 if leg.side is Side.BUY else -1
    assert after["BTC"] - before["BTC"] == sign * leg.quantity.atoms + surplus.get("BTC", 0)
    assert after["USDC"] - before["USDC"] == -sign * leg.notional.atoms + surplus.get("USDC", 0)
    for asset in ("ETH", "USDT"):
        assert after[asset] - before[asset] == surplus.get(asset, 0)
    assert before["coin"] - after["coin"] == receipt.gas_paid.atoms
    assert scene.router_is_empty()


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_a_network_plan_is_executed_to_the_wei(scene, side, kind):
    problem = bitcoin_for_dollars(scene, EVERY_FAMILY, side=side, kind=kind)

    (leg,) = solve(problem).legs

    passed = {(hop.paid.asset, hop.received.asset) for hop in leg.hops}
    across = ("USDT", "ETH") if side is Side.BUY else ("ETH", "USDT")
    assert across in passed  # three hops, beside those of two
    assert leg.instrument.kind is InstrumentKind.SPOT_ROUTE
    assert_done_as_planned(scene, leg)


@pytest.mark.parametrize(("side", "kind"), EVERY_WAY)
def test_an_asset_on_the_way_may_be_the_coin_and_what_wraps_it(scene, side, kind):
    names = (V3_BTC, V2_USDT, V3_DOLLARS, V4_COIN, V3)
    quantity = 12 * BITCOIN  # enough for every pool to be used
    problem = bitcoin_for_dollars(scene, names, side=side, kind=kind, quantity=quantity)

    (leg,) = solve(problem).legs

    assert {V4_COIN, V3, V2_USDT} <= {hop.instrument.id for hop in leg.hops}
    assert_done_as_planned(scene, leg)


def test_pools_that_moved_beyond_the_bound_undo_all_of_it(scene):
    problem = bitcoin_for_dollars(scene, EVERY_FAMILY, side=Side.SELL, kind=QuantityKind.BASE)
    (leg,) = solve(problem).legs
    child = scene.child(leg)
    execution = scene.execution(child)

    scene.receipt(scene.swap_as_other(V3_BTC, "BTC", 20 * BITCOIN))
    before = scene.balances()
    receipt = scene.receipt(scene.send(execution))

    assert not receipt.succeeded
    assert scene.balances() == before | {"coin": before["coin"] - receipt.gas_paid.atoms}


def test_a_worse_first_hop_within_the_tolerance_is_taken_out_of_what_comes_after(scene):
    problem = bitcoin_for_dollars(scene, EVERY_FAMILY, side=Side.SELL, kind=QuantityKind.BASE)
    (leg,) = solve(problem).legs
    child = scene.child(leg)
    execution = scene.execution(child)

    scene.receipt(scene.swap_as_other(V3_BTC, "BTC", BITCOIN // 100))
    receipt = scene.receipt(scene.send(execution))
    (fill,) = scene.fills(child, receipt)

    assert receipt.succeeded
    assert fill.quantity == leg.quantity
    assert leg.bound.atoms <= fill.notional.atoms < leg.notional.atoms
    assert fill.residue == ()
    assert scene.router_is_empty()
