from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.error import StaleDataError, VenueError
from router.domain.instrument import Asset
from router.domain.units import AssetId, InstrumentId
from router.shell.reader import Reader
from router.state.market import MarketView
from tests.unit.engine.scene import CHAIN, ETH, MARGIN, PERP, POOL, USDC, accounts
from tests.unit.shell.floor import BOOK, CONTEXT, FOREVER, HEAD, SNAPSHOT, Floor, run

DEEP = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDC:3000"))
DAI_POOL = replace(POOL, id=InstrumentId("uniswap_v3:ETH/DAI:500"), quote=Asset(AssetId("DAI"), 18))


def ready():
    """Return a floor whose market has everything."""
    floor = Floor()
    for event in (SNAPSHOT, HEAD, BOOK, CONTEXT):
        floor.market.fold(event)
    return floor


def observed(floor, instruments=(POOL.id, PERP.id), owners=(CHAIN, MARGIN)):
    return run(floor.reader.observe(instruments, owners, quote=USDC.id))


def test_an_observation_holds_what_was_asked_for_and_nothing_else():
    floor = ready()

    whole = observed(floor)
    chain_only = observed(floor, (POOL.id,), (CHAIN,))

    assert [p.instrument for p in whole.pools] == [POOL.id]
    assert (whole.books, whole.contexts) == ((BOOK,), (CONTEXT,))
    assert whole.accounts == accounts()
    assert (chain_only.books, chain_only.contexts) == ((), ())
    assert [a.account for a in chain_only.accounts] == [CHAIN]


def test_gas_is_base_fee_and_tip_priced_by_the_pool_of_the_coin():
    (gas,) = observed(ready()).gas

    assert gas.account == CHAIN
    assert gas.expected_fee_wei == 10**9 + 10**8
    ratio = Fraction(gas.native_price.quote_atoms, gas.native_price.base_atoms)
    assert ratio == Fraction(SNAPSHOT.sqrt_price_x96, 2**96) ** 2


def reader_with(floor, *pools):
    market = MarketView((POOL, DEEP, DAI_POOL, PERP), FOREVER)
    for event in (*pools, HEAD, BOOK, CONTEXT):
        market.fold(event)
    venues = floor.reader.venues
    return Reader(venues, market, natives={POOL.venue: ETH.id}, clock=floor.clock)


def deeper(instrument, factor, root):
    ticks = tuple(
        replace(
            tick,
            liquidity_net=factor * tick.liquidity_net,
            liquidity_gross=factor * tick.liquidity_gross,
        )
        for tick in SNAPSHOT.ticks
    )
    return replace(
        SNAPSHOT,
        instrument=instrument.id,
        ticks=ticks,
        liquidity=factor * SNAPSHOT.liquidity,
        sqrt_price_x96=SNAPSHOT.sqrt_price_x96 + root,
    )


def test_the_deepest_pool_of_the_pair_prices_the_coin():
    floor = Floor()
    floor.reader = reader_with(floor, SNAPSHOT, deeper(DEEP, 2, 5), deeper(DAI_POOL, 9, 7))

    (gas,) = observed(floor).gas

    assert gas.native_price.quote == USDC.id
    ratio = Fraction(gas.native_price.quote_atoms, gas.native_price.base_atoms)
    assert ratio == Fraction(SNAPSHOT.sqrt_price_x96 + 5, 2**96) ** 2


def test_without_a_pool_of_the_coin_gas_has_a_fee_and_no_price():
    floor = Floor()
    floor.reader = reader_with(floor, deeper(DAI_POOL, 1, 0))

    (gas,) = observed(floor, (PERP.id,)).gas

    assert gas.expected_fee_wei > 0
    assert gas.native_price is None


def test_a_venue_without_a_chain_has_no_gas():
    assert observed(ready(), (PERP.id,), (MARGIN,)).gas == ()


def test_nothing_is_answered_from_an_incomplete_market():
    floor = Floor()

    with pytest.raises(StaleDataError, match="no complete state of the pool yet"):
        observed(floor)


def test_an_account_that_cannot_be_read_is_the_venues_error_and_not_a_group():
    floor = ready()
    floor.perp.reads.answers.append(VenueError(PERP.venue, "no answer"))

    with pytest.raises(VenueError, match="no answer"):
        observed(floor)


def test_a_bug_in_a_venue_is_not_taken_for_its_answer():
    floor = ready()
    floor.chain.reads.answers.append(ZeroDivisionError("a bug"))

    with pytest.raises(ZeroDivisionError):
        observed(floor)
