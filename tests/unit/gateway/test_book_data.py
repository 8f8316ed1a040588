from router.domain.units import Side
from router.gateway.book_data import Market, book_data
from tests.unit.engine.scene import PERP, POOL, observation

SEEN = observation()
BOOK, SNAPSHOT = Market(PERP, SEEN.books[0]), Market(POOL, SEEN.pools[0])


def test_a_book_of_one_level_is_told_at_the_price_after_its_fee():
    told = book_data((BOOK,), depth=5)

    (ask,), (bid,) = told["asks"], told["bids"]
    # 3,000.10 and 2,999.90, and the taker pays 4.5 bps.
    assert (ask["price"], bid["price"]) == ("3001.450045", "2998.550045")
    assert ask["quantity"] == bid["quantity"] == "1"
    assert ask["sources"] == {PERP.id: "1"}
    assert float(bid["price"]) < float(told["mid"]) < float(ask["price"])


def test_levels_of_several_markets_come_best_first_and_name_their_sources():
    told = book_data((BOOK, SNAPSHOT), depth=6)

    for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
        levels = told["asks" if side is Side.BUY else "bids"]
        prices = [sign * float(level["price"]) for level in levels]
        assert prices == sorted(prices)
        assert len(levels) == 6
        assert {name for level in levels for name in level["sources"]} == {PERP.id, POOL.id}


def test_nothing_to_trade_has_no_mid():
    assert book_data((), depth=3) == {"asks": [], "bids": [], "mid": None}
