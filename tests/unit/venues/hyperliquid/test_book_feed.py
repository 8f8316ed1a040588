"""A book on the wire becomes ticks and lots, or is refused."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.domain.error import MalformedDataError
from router.domain.market import BookSnapshot
from router.domain.units import TimestampNs, format_decimal
from venues.hyperliquid import wire
from venues.hyperliquid.feed import book_feed

NOW = TimestampNs(5)
# The instrument is frozen, so that all examples may share one.
FROZEN = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def book(*, bids=(), asks=()):
    return wire.Book("ETH", 1_754_450_974_231, tuple(bids), tuple(asks))


def test_a_book_keeps_its_levels_in_ticks_and_lots(eth):
    told = book(bids=[("3000.1", "7.6699"), ("2999.0", "1")], asks=[("3000.15", "0.1154")])

    snapshot = book_feed.read(told, eth, NOW)

    assert snapshot.bids == ((300_010, 76_699), (299_900, 10_000))
    assert snapshot.asks == ((300_015, 1_154),)
    assert snapshot.at_venue == 1_754_450_974_231_000_000
    assert snapshot.received_at == NOW


@pytest.mark.parametrize(
    "told",
    [
        book(bids=[("3000.123", "1")]),
        book(bids=[("3000.1", "0.00001")]),
        book(bids=[("3000.1", "0")]),
        book(bids=[("-3000.1", "1")]),
        book(bids=[("3000.1", "1"), ("3000.1", "1")]),
        book(asks=[("3000.1", "1"), ("3000.0", "1")]),
        book(bids=[("3000.1", "1")], asks=[("3000.1", "1")]),
    ],
    ids=["fine price", "fine size", "no size", "negative", "bids rise", "asks fall", "crossed"],
)
def test_a_book_off_the_grid_or_out_of_order_is_malformed(told, eth):
    with pytest.raises(MalformedDataError):
        book_feed.read(told, eth, NOW)


def data(*, bids=(), asks=(), time_ms=7):
    sides = [[{"px": px, "sz": sz, "n": 1} for px, sz in side] for side in (bids, asks)]
    return {"coin": "ETH", "time": time_ms, "levels": sides}


# Any price and size on ETH's grid: two decimals and four.
PRICES = st.lists(st.integers(1, 10**9), unique=True, max_size=20)
SIZES = st.lists(st.integers(1, 10**12), min_size=20, max_size=20)


@FROZEN
@given(PRICES, SIZES, st.integers(0, 20))
def test_the_feed_reads_the_numbers_that_were_written(eth, prices, sizes, bid_count):
    levels = list(zip(sorted(prices), sizes, strict=False))
    bids, asks = levels[:bid_count][::-1], levels[bid_count:]
    written = data(
        bids=[(format_decimal(px, 2), format_decimal(sz, 4)) for px, sz in bids],
        asks=[(format_decimal(px, 2), format_decimal(sz, 4)) for px, sz in asks],
    )

    snapshot = book_feed.BookFeed(eth).fold(written, NOW)

    assert snapshot == BookSnapshot(eth.id, tuple(bids), tuple(asks), 7_000_000, NOW)
    assert snapshot == book_feed.read(wire.read_book(written), eth, NOW)
    assert all(type(n) is int for level in snapshot.bids + snapshot.asks for n in level)


ODD_TEXT = st.one_of(
    st.sampled_from(["1", "1.0", "007.5", "0.00005", "0", "-1", "1e5", "1,2", "", " 1", "9" * 20]),
    st.text("0123456789.-e, []", max_size=8),
    st.integers(0, 3),
    st.none(),
)


@FROZEN
@given(ODD_TEXT, st.sampled_from(["px", "sz"]), st.booleans())
def test_the_feed_refuses_what_the_plain_way_refuses(eth, odd, key, is_bid):
    written = data(bids=[("3000.1", "1.0")], asks=[("3000.2", "1.0"), ("3000.3", "0.5")])
    written["levels"][0 if is_bid else 1][-1][key] = odd
    feed = book_feed.BookFeed(eth)

    try:
        expected = book_feed.read(wire.read_book(written), eth, NOW)
    except MalformedDataError:
        expected = None

    if expected is None:
        with pytest.raises(MalformedDataError):
            feed.fold(written, NOW)
    else:
        assert feed.fold(written, NOW) == expected


@pytest.mark.parametrize(
    "written", [None, [], {}, {"coin": "ETH", "time": 1, "levels": [[]]}, data(time_ms="1")]
)
def test_what_is_no_book_is_malformed(eth, written):
    with pytest.raises(MalformedDataError):
        book_feed.BookFeed(eth).fold(written, NOW)


def test_a_feed_goes_on_after_more_prices_than_it_remembers(eth):
    feed = book_feed.BookFeed(eth)
    for ticks in range(100, 20_000):
        snapshot = feed.fold(data(bids=[(format_decimal(ticks, 2), "1.0")]), NOW)
        assert snapshot.bids == ((ticks, 10_000),)
