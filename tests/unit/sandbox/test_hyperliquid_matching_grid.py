"""Price grids, bands, slippage limits, and the book's order of service."""

import pytest

from venues.sandbox.hyperliquid.market.book import Book
from venues.sandbox.hyperliquid.matching import grid
from venues.sandbox.hyperliquid.order import Order, TimeInForce

PERP, SPOT = 6, 8


@pytest.mark.parametrize(
    ("price", "decimals_sum", "size_decimals", "is_valid"),
    [
        # The examples of the venue's documentation on tick and lot size.
        ("1234.5", PERP, 1, True),
        ("1234.56", PERP, 1, False),
        ("0.001234", PERP, 0, True),
        ("0.0012345", PERP, 0, False),
        ("0.01234", PERP, 1, True),
        ("0.012345", PERP, 1, False),
        ("123456", PERP, 1, True),
        ("123456.0", PERP, 1, True),
        ("12345.6", PERP, 1, False),
        ("0.0001234", SPOT, 0, True),
        ("0.0001234", SPOT, 1, True),
        ("0.0001234", SPOT, 2, False),
    ],
)
def test_prices_are_integers_or_have_five_figures_and_few_decimals(
    price, decimals_sum, size_decimals, is_valid
):
    assert grid.on_tick(price, decimals_sum - size_decimals) is is_valid


@pytest.mark.parametrize(
    ("price", "is_within"),
    [("180", True), ("180.01", False), ("20", True), ("19.99", False), ("100", True)],
)
def test_a_band_includes_its_edges(price, is_within):
    assert grid.is_within(price, 10_000, decimals=2, percent=80) is is_within


@pytest.mark.parametrize(("text", "is_zero"), [("0", True), ("0.00", True), ("0.01", False)])
def test_nothing_but_zeros_is_zero(text, is_zero):
    assert grid.is_zero(text) is is_zero


@pytest.mark.parametrize(
    ("reference", "is_buy", "percent", "limit"),
    [
        (300_000, True, 10, 330_000),  # 3000.00 and its ten percent
        (300_000, False, 10, 270_000),
        (299_970, True, 3, 308_970),  # 3089.691 up to the next of five figures
        (299_970, False, 3, 290_970),  # 2909.709 down
        (9_999_999, True, 10, 11_000_000),  # beyond five figures a price is a whole number
        (1, False, 10, 1),  # never below one step
    ],
)
def test_a_slippage_limit_is_rounded_away_from_the_reference(reference, is_buy, percent, limit):
    found = grid.aggressive(reference, is_buy=is_buy, percent=percent, price_decimals=2)

    assert found == limit


def resting(oid, *, price, is_buy):
    return Order(
        oid=oid,
        account="0x" + "a" * 40,
        coin="ETH",
        is_buy=is_buy,
        price=price,
        size=1,
        leaves=1,
        reduce_only=False,
        time_in_force=TimeInForce.GTC,
        cloid=None,
        placed_ms=0,
        status="open",
        status_ms=0,
    )


def test_a_book_serves_the_best_price_first_and_the_oldest_order_within_it():
    book = Book()
    asks = {
        oid: resting(oid, price=price, is_buy=False) for oid, price in ((1, 11), (2, 10), (3, 10))
    }
    bids = {oid: resting(oid, price=price, is_buy=True) for oid, price in ((4, 8), (5, 9))}
    for order in (*asks.values(), *bids.values()):
        book.add(order)

    first = book.next_maker(taker_is_buy=True, limit=11)
    book.remove(asks[2])
    second = book.next_maker(taker_is_buy=True, limit=11)

    assert (first, second) == (asks[2], asks[3])
    assert book.next_maker(taker_is_buy=True, limit=9) is None
    assert book.next_maker(taker_is_buy=False, limit=9) == bids[5]
    assert book.next_maker(taker_is_buy=False, limit=10) is None
    assert [price for price, _ in book.levels(is_buy=True)] == [9, 8]
    assert [price for price, _ in book.levels(is_buy=False)] == [10, 11]
    assert (book.best_price(is_buy=True), book.best_price(is_buy=False)) == (9, 10)


def test_an_empty_side_has_no_best_price_and_nobody_to_meet():
    book = Book()

    assert book.best_price(is_buy=True) is None
    assert book.next_maker(taker_is_buy=True, limit=10**9) is None
