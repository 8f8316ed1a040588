"""What gas is worth, whatever an order is quoted in and whatever else is observed."""

from dataclasses import replace

import pytest

from router.algo import sweep
from router.algo.mid import arrival_mid
from router.domain.instrument import Asset
from router.domain.market import HeadAdvanced
from router.domain.plan import QuantityKind
from router.domain.units import Amount, AssetId, InstrumentId, Price
from router.optimiser.solve import solve
from router.shell.reader import Reader
from router.state.market import MarketView
from tests.unit.engine.scene import CHAIN, ETH, LIMITS, POOL, T0, USDC, order
from tests.unit.optimiser import world
from tests.unit.shell.floor import FOREVER, Floor, run

DAI = Asset(AssetId("DAI"), 18)
WBTC = Asset(AssetId("WBTC"), 8)
BLOCK = world.BLOCK


def candidate(base, quote, number, **more):
    """Return a pool of the pair, as it is configured and as it is seen."""
    name = f"uniswap_v3:{base.id}/{quote.id}:{number}@{POOL.venue}"
    made = world.pool(name, base=base, quote=quote, **more)
    instrument = replace(
        made.instrument, venue=POOL.venue, account=CHAIN, router="universal_router", is_hop=True
    )
    return replace(made, instrument=instrument)


def problem_of(parent, candidates):
    """Return what the engine would have solved, observed by a real reader."""
    floor = Floor()
    instruments = tuple(c.instrument for c in candidates)
    market = MarketView(instruments, FOREVER)
    for each in candidates:
        market.fold(each.snapshot)
    market.fold(HeadAdvanced(POOL.venue, BLOCK, 20 * 10**9, 10**9, T0))
    reader = Reader(floor.reader.venues, market, natives={POOL.venue: ETH.id}, clock=floor.clock)
    scope = sweep.scope(parent, instruments, 0)
    observation = run(reader.observe(scope.observed, scope.accounts, quote=parent.quote))
    arrival = arrival_mid(scope, observation)
    piece = sweep.Slice(parent, parent.quantity, arrival, scope)
    return sweep.build_problem(piece, observation, LIMITS)


def dai_desk():
    return (
        candidate(ETH, USDC, 1),
        candidate(ETH, USDC, 2, seed=5),
        candidate(ETH, DAI, 1, depth_usd=6e6),
        candidate(DAI, USDC, 1, fee_pips=100, spacing=1),
    )


# A pool against a dollar of 18 decimals has a million times the liquidity of one against USDC.
def test_gas_is_priced_in_the_orders_quote_also_where_a_route_goes_through_another_dollar():
    made = problem_of(order(10), dai_desk())

    (chain,) = made.chains
    assert chain.gas_price.quote == USDC.id


def test_a_route_through_another_dollar_does_not_change_what_a_plan_says_of_its_gas():
    made = problem_of(order(10), dai_desk())

    plan = solve(made)

    # 130,000 + 4 * 110,000 units at 21 gwei and 2,000 dollars: 24 dollars at most.
    assert plan.cost.gas <= 24 * 10**6


@pytest.mark.parametrize("kind", list(QuantityKind))
def test_an_order_quoted_in_the_coin_does_not_price_its_gas_in_dollars(kind):
    btc_order = replace(
        order(1),
        base=WBTC.id,
        quote=ETH.id,
        quantity=Amount(WBTC.id, 10**7) if kind is QuantityKind.BASE else Amount(ETH.id, 10**18),
    )

    made = problem_of(
        btc_order,
        (candidate(WBTC, ETH, 1), candidate(WBTC, USDC, 1), candidate(ETH, USDC, 1)),
    )

    (chain,) = made.chains
    assert chain.gas_price == Price(ETH.id, ETH.id, 1, 1)


def test_a_pair_without_reserves_does_not_end_the_process_that_prices_gas_by_it():
    made = world.pair(f"uniswap_v2:ETH/USDC:3000@{POOL.venue}")
    made = replace(
        made, instrument=replace(made.instrument, venue=POOL.venue, account=CHAIN, router="r")
    )
    empty = replace(made, snapshot=replace(made.snapshot, reserve1=0))
    floor = Floor()
    market = MarketView((empty.instrument,), FOREVER)
    market.fold(empty.snapshot)
    market.fold(HeadAdvanced(POOL.venue, BLOCK, 10**9, 10**9, T0))
    reader = Reader(floor.reader.venues, market, natives={POOL.venue: ETH.id}, clock=floor.clock)

    observed = run(reader.observe((InstrumentId(empty.instrument.id),), (CHAIN,), quote=USDC.id))

    assert observed.gas[0].native_price is None
