import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import Side
from router.liquidity.oracle import LiquidityError
from router.liquidity.order_book import Book, take
from tests.unit.liquidity.strategies import levels

BOOK = Book(bids=((99, 5), (98, 10)), asks=((101, 3), (103, 7)))
books = st.builds(
    Book, bids=levels(ascending=False, start=1000), asks=levels(ascending=True, start=1000)
)


def test_a_buy_lifts_the_asks_best_first():
    taken = take(BOOK, Side.BUY, lots=5)

    assert (taken.lots_filled, taken.notional) == (5, 3 * 101 + 2 * 103)
    assert taken.worst_price_ticks == 103
    assert taken.book == Book(BOOK.bids, ((103, 5),))


def test_a_sell_hits_the_bids_and_removes_a_level_taken_whole():
    taken = take(BOOK, Side.SELL, lots=5)

    assert (taken.lots_filled, taken.notional, taken.worst_price_ticks) == (5, 5 * 99, 99)
    assert taken.book == Book(((98, 10),), BOOK.asks)


def test_a_limit_stops_before_a_worse_level():
    bought = take(BOOK, Side.BUY, lots=5, limit_ticks=102)
    sold = take(BOOK, Side.SELL, lots=50, limit_ticks=99)

    assert (bought.lots_filled, bought.notional) == (3, 3 * 101)
    assert (sold.lots_filled, sold.notional) == (5, 5 * 99)


def test_a_limit_better_than_the_book_fills_nothing():
    taken = take(BOOK, Side.BUY, lots=1, limit_ticks=100)

    assert (taken.lots_filled, taken.notional, taken.worst_price_ticks) == (0, 0, None)
    assert taken.book == BOOK


def test_an_order_larger_than_the_book_is_filled_in_part():
    taken = take(BOOK, Side.BUY, lots=1000)

    assert taken.lots_filled == 10
    assert taken.book.asks == ()


@pytest.mark.parametrize("lots", [0, -1])
def test_a_quantity_that_is_not_positive_is_refused(lots):
    with pytest.raises(LiquidityError, match="lots must be positive"):
        take(BOOK, Side.BUY, lots=lots)


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        (((98, 1), (99, 1)), ()),
        ((), ((101, 1), (101, 1))),
        ((), ((101, 0),)),
        (((0, 1),), ()),
        (((101, 1),), ((101, 1),)),
    ],
    ids=["unsorted", "repeated", "empty level", "price zero", "crossed"],
)
def test_a_book_that_contradicts_itself_is_refused(bids, asks):
    with pytest.raises(LiquidityError):
        Book(bids, asks)


@given(books, st.sampled_from(Side), st.integers(1, 3000), st.integers(1, 3000))
def test_taking_twice_is_taking_once(book, side, first, second):
    once = take(book, side, lots=first + second)
    before = take(book, side, lots=first)
    after = take(before.book, side, lots=second)

    assert before.lots_filled + after.lots_filled == once.lots_filled
    assert before.notional + after.notional == once.notional
    assert after.book == once.book
