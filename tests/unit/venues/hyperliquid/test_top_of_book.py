"""Best prices over an older book."""

import pytest

from router.domain.error import MalformedDataError
from router.domain.market import BookSnapshot
from router.domain.units import TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.feed.top_of_book import overlay, read

BOOK = BookSnapshot(
    "eth-perp", ((100, 5), (99, 5)), ((101, 5), (103, 5)), TimestampNs(10), TimestampNs(20)
)


@pytest.mark.parametrize(
    ("bid", "ask", "bids", "asks"),
    [
        ((99, 2), (103, 4), ((99, 2),), ((103, 4),)),  # what was better is gone
        ((100, 1), (102, 1), ((100, 1), (99, 5)), ((102, 1), (103, 5))),
        ((102, 9), (103, 5), ((102, 9), (100, 5), (99, 5)), ((103, 5),)),  # through the old ask
        (None, (101, 5), (), ((101, 5), (103, 5))),
    ],
)
def test_newer_best_prices_are_the_top_and_never_crossed(bid, ask, bids, asks):
    laid = overlay(BOOK, (TimestampNs(11), bid, ask))

    assert (laid.bids, laid.asks) == (bids, asks)
    assert (laid.at_venue, laid.received_at) == (11, 20)


@pytest.mark.parametrize("top", [None, (TimestampNs(10), (1, 1), (2, 1))])
def test_without_newer_ones_the_book_stays_as_it_is(top):
    assert overlay(BOOK, top) is BOOK


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(("3001.0", "1.0"), ("3001.0", "1.0")), (("3000.001", "1.0"), None), (("3000.0", "0"), None)],
)
def test_best_prices_that_are_crossed_or_off_the_grid_are_malformed(bid, ask, eth):
    bid, ask = (None if level is None else wire.Level(*level, 1) for level in (bid, ask))

    with pytest.raises(MalformedDataError):
        read(wire.BestPrices("ETH", 1, bid, ask), eth)
