from fractions import Fraction

from router.domain.price import PriceKind
from router.state.prices import book_mid, told_by_book, told_by_context, told_by_pool
from tests.unit.engine.scene import PERP, POOL, observation
from tests.unit.shell.floor import BOOK, CONTEXT, SNAPSHOT, Floor


def test_a_perp_venue_has_two_voices_and_its_mark_is_its_books():
    (mid,) = told_by_book(PERP, BOOK)
    mark, oracle = told_by_context(PERP, CONTEXT)

    assert mid.source == mark.source != oracle.source
    assert [p.kind for p in (mid, mark, oracle)] == [
        PriceKind.BOOK_MID,
        PriceKind.MARK,
        PriceKind.ORACLE,
    ]
    # 2,999.90 and 3,000.10 dollars of 1e-6, an ether of 1e-18.
    mean = book_mid(PERP, BOOK)
    assert Fraction(mean.quote_atoms, mean.base_atoms) == Fraction(3_000, 10**12)


def test_pools_of_a_chain_are_one_voice():
    (told,) = told_by_pool(POOL, observation().pools[0])

    assert (told.source, told.kind) == (POOL.account, PriceKind.POOL_MID)
    assert told.at == observation().pools[0].received_at


def test_a_market_that_is_stale_says_nothing():
    floor = Floor()
    floor.market.fold(SNAPSHOT)
    floor.market.fold(BOOK)

    assert floor.market.prices(POOL.id, floor.clock.now()) == ()  # no head
    assert floor.market.prices(PERP.id, floor.clock.now()) == ()  # no mark
    floor.market.fold(CONTEXT)
    assert len(floor.market.prices(PERP.id, floor.clock.now())) == 3
