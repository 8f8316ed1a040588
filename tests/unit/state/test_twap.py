from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from router.domain.market import ChainReorganised, HeadAdvanced
from router.domain.price import PriceKind
from router.domain.units import DurationNs, Price, TimestampNs
from router.state.market import MarketView, Staleness
from router.state.twap import SAMPLES_MAX, SPACING, Twap
from tests.unit.engine.scene import ETH, PERP, POOL, T0, USDC
from tests.unit.shell.floor import BOOK, CONTEXT, FOREVER, HEAD, SNAPSHOT

S = 10**9
PAIR = (ETH.id, USDC.id)
FEW = DurationNs(100 * S)


def priced(value):
    return Price(ETH.id, USDC.id, value, 1)


def mean(twap, now):
    found = twap.mean(TimestampNs(now), PAIR)
    return None if found is None else Fraction(found.quote_atoms, found.base_atoms)


def test_a_price_counts_for_as_long_as_it_stood():
    twap = Twap(FEW)
    twap.add(TimestampNs(0), priced(100))
    twap.add(TimestampNs(30 * S), priced(200))

    # 30 s at 100 and 10 s at 200.
    assert mean(twap, 40 * S) == Fraction(30 * 100 + 10 * 200, 40)


def test_only_the_window_counts_and_what_stood_when_it_began_is_in_it():
    twap = Twap(FEW)
    for at, value in ((0, 100), (50, 300), (150, 100)):
        twap.add(TimestampNs(at * S), priced(value))

    # From 100 to 200: 50 s at 300, 50 s at 100.
    assert mean(twap, 200 * S) == 200


def test_nothing_seen_is_no_mean_and_one_price_is_its_own():
    twap = Twap(FEW)
    assert mean(twap, 5) is None

    twap.add(TimestampNs(5), priced(70))

    assert mean(twap, 5) == 70


def test_one_block_hardly_moves_it():
    twap = Twap(DurationNs(300 * S))
    for at in range(0, 300, 12):
        twap.add(TimestampNs(at * S), priced(2_000 if at == 288 else 1_000))

    # The last of 25 blocks at double the price.
    assert mean(twap, 300 * S) == 1_040


def test_prices_that_come_too_fast_are_not_wanted():
    twap = Twap(FEW)
    twap.add(TimestampNs(0), priced(1))

    assert not twap.wants(TimestampNs(SPACING - 1))
    assert twap.wants(TimestampNs(SPACING))


def test_blocks_that_are_taken_back_never_were():
    twap = Twap(FEW)
    for block in range(1, 6):
        twap.add(TimestampNs(block * 2 * S), priced(block), block=block)

    twap.rewind(2)

    # Block 1 stood from 2 to 4 s, block 2 from 4 to 6.
    assert mean(twap, 6 * S) == Fraction(3, 2)


@given(st.lists(st.integers(1, 10**30), min_size=1, max_size=40))
def test_the_mean_lies_among_the_prices(values):
    twap = Twap(FEW)
    for place, value in enumerate(values):
        twap.add(TimestampNs(place * 10 * S), priced(value))

    assert min(values) <= mean(twap, len(values) * 10 * S) <= max(values)


def test_what_is_remembered_is_bounded():
    twap = Twap(DurationNs(10**18))
    for place in range(2 * SAMPLES_MAX):
        twap.add(TimestampNs(place), priced(1 if place < SAMPLES_MAX else 3))

    assert mean(twap, 2 * SAMPLES_MAX) == 3


def market(*events):
    view = MarketView((POOL, PERP), Staleness(FOREVER.head_age_max, FOREVER.book_age_max, FEW))
    for event in events:
        view.fold(event)
    return view


def head(number, at, **changes):
    block = replace(HEAD.block, number=number, hash=f"0x{number:02x}")
    return HeadAdvanced(POOL.venue, block, 10**9, 10**8, TimestampNs(T0 + at * S), **changes)


def test_the_market_averages_pools_by_head_and_books_as_they_come():
    double = replace(SNAPSHOT, sqrt_price_x96=2 * SNAPSHOT.sqrt_price_x96, tick=-182_393)
    view = market(
        SNAPSHOT,
        head(7, 0),
        replace(double, block=replace(HEAD.block, number=8)),
        head(8, 30),
        replace(BOOK, received_at=T0),
        replace(BOOK, bids=((2, 1),), asks=((4, 1),), received_at=TimestampNs(T0 + 1)),
        CONTEXT,
    )
    now = TimestampNs(T0 + 40 * S)

    (pool,) = view.average(POOL.id, now)
    (book,) = view.average(PERP.id, now)

    # 30 s at the price and 10 s at four times it, within a part in 10**50.
    before = Fraction(SNAPSHOT.sqrt_price_x96**2, 2**192)
    found = Fraction(pool.price.quote_atoms, pool.price.base_atoms)
    assert 0 <= before * 70 / 40 - found < Fraction(1, 2**190)
    assert (pool.kind, pool.instrument) == (PriceKind.POOL_TWAP, POOL.id)
    # The second book came a nanosecond later, and was passed over.
    mean_book = Fraction(book.price.quote_atoms, book.price.base_atoms)
    assert 0 <= Fraction(3_000, 10**12) - mean_book < Fraction(1, 2**190)
    assert book.kind is PriceKind.BOOK_TWAP


def test_a_reorganisation_takes_the_mean_back():
    double = replace(SNAPSHOT, sqrt_price_x96=2 * SNAPSHOT.sqrt_price_x96, tick=-182_393)
    view = market(SNAPSHOT, head(7, 0))
    before = view.average(POOL.id, TimestampNs(T0 + 30 * S))[0].price
    view.fold(replace(double, block=replace(HEAD.block, number=7)))
    view.fold(head(8, 10))
    assert view.average(POOL.id, TimestampNs(T0 + 30 * S))[0].price != before

    view.fold(ChainReorganised(POOL.venue, HEAD.block, TimestampNs(T0 + 20 * S)))

    assert view.average(POOL.id, TimestampNs(T0 + 30 * S))[0].price == before
