"""What things are worth: positions by their venue, tokens by their pools."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.domain.account import MarkedPosition, Position
from router.domain.margin import HeldPosition
from router.domain.market import ReservesSnapshot
from router.domain.observation import Observation
from router.domain.units import Amount, InstrumentId, Pico, Price, Rounding
from router.liquidity.depth import depth, median_mid
from router.state.marks import Marks, held_marks, marks_of
from tests.unit.engine.scene import (
    BLOCK,
    DOLLAR,
    ETH,
    ETHER,
    PERP,
    POOL,
    T0,
    USDC,
    accounts,
    observation,
)
from tests.unit.state.purse import BTC, USDT


def pool(name, ether, dollars):
    instrument = replace(POOL, id=InstrumentId(name))
    reserves = (ether * ETHER, dollars * DOLLAR)
    return instrument, ReservesSnapshot(instrument.id, BLOCK, 3_000, *reserves, T0)


def seen(*pools, contexts=(), read=()):
    return Observation(tuple(snapshot for _, snapshot in pools), (), contexts, read, ())


def worth(price, atoms):
    return price.notional(Amount(price.base, atoms), Rounding.DOWN).atoms


def test_a_token_is_worth_the_median_of_its_pools_weighted_by_depth():
    # The deep pool says 3,000; the two thin ones may say what they like.
    pools = (pool("a", 1_000, 3_000_000), pool("b", 10, 90_000), pool("c", 10, 10_000))

    marks = marks_of(seen(*pools), tuple(instrument for instrument, _ in pools))

    assert worth(marks.price(ETH.id, USDC.id), ETHER) == 3_000 * DOLLAR


def test_a_pair_is_worth_the_inverse_the_other_way_round_and_itself_in_itself():
    instrument, snapshot = pool("a", 1_000, 3_000_000)
    marks = marks_of(seen((instrument, snapshot)), (instrument,))

    assert worth(marks.price(USDC.id, ETH.id), 3_000 * DOLLAR) == ETHER
    assert worth(marks.price(USDC.id, USDC.id), 7) == 7
    assert marks.price(BTC.id, USDT.id) is None


def test_a_position_is_worth_what_the_account_says_before_what_the_market_says():
    _, perp = accounts(lots=-20_000)
    held = MarkedPosition(PERP.id, HeldPosition(ETH.id, -2 * 3_100 * DOLLAR, (), Pico(10**11)))
    told = replace(perp, marked=(held,))
    contexts = observation().contexts

    market = marks_of(seen(contexts=contexts, read=(perp,)), (PERP,)).positions[PERP.id]
    account = marks_of(seen(contexts=contexts, read=(told,)), (PERP,)).positions[PERP.id]

    assert worth(market, ETHER) == 3_000 * DOLLAR
    assert worth(account, ETHER) == 3_100 * DOLLAR


def test_where_no_pool_was_seen_a_token_is_worth_the_mark_of_its_perp():
    marks = marks_of(seen(contexts=observation().contexts), (POOL, PERP))

    assert worth(marks.price(ETH.id, USDC.id), ETHER) == 3_000 * DOLLAR


def test_a_position_that_is_closed_tells_no_price():
    _, perp = accounts()
    told = replace(perp, positions=(Position(PERP.id, 0, 10),))

    assert held_marks((told,), (PERP,)) == {}
    assert Marks({}, {}).price(ETH.id, USDC.id) is None


sizes = st.integers(1_000, 10**9)


@given(st.lists(st.tuples(sizes, sizes), min_size=1, max_size=6))
def test_the_median_is_a_pool_s_own_price_with_half_the_depth_on_each_side(reserves):
    pools = [pool(f"p{n}", *each) for n, each in enumerate(reserves)]
    snapshots = {snapshot.instrument: snapshot for _, snapshot in pools}

    found = median_mid([instrument for instrument, _ in pools], snapshots)

    def price(snapshot):
        base, quote = snapshot.reserve0, snapshot.reserve1
        return Price(ETH.id, USDC.id, quote, base)

    whole = sum(depth(instrument, snapshot) for instrument, snapshot in pools)
    below = sum(depth(i, s) for i, s in pools if found.is_above(price(s)))
    above = sum(depth(i, s) for i, s in pools if price(s).is_above(found))
    assert found in [price(snapshot) for _, snapshot in pools]
    assert 2 * below <= whole
    assert 2 * above <= whole
