"""What an order sees of a snapshot is what it would see of the live market."""

import asyncio
from dataclasses import replace

from router.domain.units import NS_PER_S, DurationNs
from router.liquidity.mid import pool_mid
from router.shell.reader import Reader
from router.state.market import MarketView, Staleness
from router.state.seen import observed, surveyed
from tests.unit.compose.test_snapshots import snapshot
from tests.unit.engine.scene import CHAIN, ETH, MARGIN, PERP, POOL, USDC
from tests.unit.shell.floor import BOOK, CONTEXT, HEAD, SNAPSHOT, JumpClock

HOUR = DurationNs(3_600 * NS_PER_S)


def view():
    market = MarketView((POOL, PERP), Staleness(HOUR, HOUR))
    for event in (SNAPSHOT, HEAD, BOOK, CONTEXT):
        market.fold(event)
    return market


def seen():
    """Return a snapshot of the view above."""
    market = view()
    pool = market.pool(POOL.id, HEAD.received_at)
    whole = snapshot()
    told = replace(whole.observation, pools=(pool,), books=(BOOK,), contexts=(CONTEXT,), prices=())
    fee = HEAD.base_fee_wei + HEAD.priority_fee_wei
    return replace(whole, observation=told, heads=(replace(whole.heads[0], fee_wei=fee),))


def test_pools_books_and_their_context_are_those_of_the_market():
    made = seen()

    whole = observed(made, (POOL.id, PERP.id), (CHAIN, MARGIN), quote=USDC.id)
    pool_only = observed(made, (POOL.id,), (CHAIN,), quote=USDC.id)

    assert whole.pools == made.observation.pools == pool_only.pools
    assert (whole.books, whole.contexts) == ((BOOK,), (CONTEXT,))
    assert (pool_only.books, pool_only.contexts) == ((), ())
    assert [a.account for a in pool_only.accounts] == [CHAIN]


def test_what_other_markets_of_the_pair_say_is_what_a_reader_of_the_market_tells():
    made, clock = seen(), JumpClock()
    reader = Reader({}, view(), natives={}, clock=clock)
    live = asyncio.run(reader.observe((POOL.id,), (), quote=USDC.id))

    told = observed(made, (POOL.id,), (CHAIN,), quote=USDC.id)

    means = {p.kind for p in live.prices if p.kind.value.endswith("twap")}
    assert {p for p in live.prices if p.kind not in means} == set(told.prices)
    assert told.prices


def test_gas_is_worth_what_the_pool_says_and_one_in_its_own_coin():
    made = seen()

    (in_dollars,) = surveyed(made, USDC.id).observation.gas
    (in_ether,) = surveyed(made, ETH.id).observation.gas

    assert in_dollars.native_price == pool_mid(POOL, made.observation.pools[0])
    assert (in_ether.native_price.quote_atoms, in_ether.native_price.base_atoms) == (1, 1)
    assert in_dollars.expected_fee_wei == HEAD.base_fee_wei + HEAD.priority_fee_wei


def test_without_a_pool_of_the_coin_gas_has_no_price():
    made = seen()
    gone = replace(made, observation=replace(made.observation, pools=()))

    (gas,) = surveyed(gone, USDC.id).observation.gas

    assert gas.native_price is None
