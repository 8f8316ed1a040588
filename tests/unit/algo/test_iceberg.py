from dataclasses import replace

from router.algo import limit_until
from router.algo.iceberg import peg_ticks
from router.algo.pace import begins_at, pace
from router.algo.progress import Progress
from router.domain.algo import Iceberg, LimitUntil
from router.domain.market import BookSnapshot
from router.domain.units import NS_PER_S, Amount, DurationNs, Pips, Side, TimestampNs
from tests.unit.engine.scene import ETH, PERP, T0, observation, order

SECOND = NS_PER_S
ICEBERG = Iceberg(
    display_pips=Pips(100_000),
    offset_ticks=0,
    reprice_ticks=1,
    interval=DurationNs(SECOND),
    reprices_max=3,
    cross_at=TimestampNs(T0 + 30 * SECOND),
)
BOOK = BookSnapshot(PERP.id, ((100, 5), (98, 7)), ((103, 5), (105, 7)), T0, T0)


def paced(algo, *, filled=0, seconds=1, moves=0):
    asked = replace(order(), quantity=Amount(ETH.id, 1_000), algo=algo)
    so_far = Progress(Amount(ETH.id, filled), None, 1, (), observation(), moves=moves)
    return pace(asked, so_far, TimestampNs(T0 + seconds * SECOND))


def test_a_part_is_shown_beside_what_has_filled():
    assert paced(ICEBERG).released.atoms == 100
    assert paced(ICEBERG, filled=100).released.atoms == 200
    assert paced(ICEBERG, filled=950).released.atoms == 1_000


def test_it_is_looked_at_in_its_interval_and_when_it_crosses():
    assert paced(ICEBERG).wake_at == T0 + 2 * SECOND
    assert paced(replace(ICEBERG, interval=DurationNs(60 * SECOND))).wake_at == ICEBERG.cross_at


def test_all_of_it_is_released_once_it_crosses():
    assert paced(ICEBERG, seconds=30).released.atoms == 1_000
    assert paced(ICEBERG, seconds=30).wake_at == T0 + 31 * SECOND


def test_all_of_it_is_released_once_it_was_followed_too_often():
    assert paced(ICEBERG, moves=3).released.atoms == 100
    assert paced(ICEBERG, moves=4).released.atoms == 1_000


def test_the_peg_is_behind_the_best_price_of_its_own_side():
    assert peg_ticks(BOOK, Side.BUY, behind=0) == 100
    assert peg_ticks(BOOK, Side.BUY, behind=2) == 98
    assert peg_ticks(BOOK, Side.SELL, behind=2) == 105


def test_the_peg_does_not_follow_itself():
    assert peg_ticks(BOOK, Side.BUY, behind=0, ours=((100, 5),)) == 98
    assert peg_ticks(BOOK, Side.BUY, behind=0, ours=((100, 4),)) == 100


def test_there_is_no_peg_where_nobody_else_waits():
    alone = replace(BOOK, bids=((100, 5),))

    assert peg_ticks(alone, Side.BUY, behind=0, ours=((100, 5),)) is None
    assert peg_ticks(replace(BOOK, bids=()), Side.BUY, behind=0) is None
    assert peg_ticks(BOOK, Side.BUY, behind=100) is None


def test_a_limit_releases_all_at_every_look_until_its_deadline():
    algo = LimitUntil(DurationNs(5 * SECOND))

    asked = replace(order(), quantity=Amount(ETH.id, 1_000), algo=algo)
    so_far = Progress(Amount(ETH.id, 0), None, 1, (), observation())
    first, late = (
        limit_until.pace(asked, algo, so_far, at=TimestampNs(T0 + s * SECOND)) for s in (1, 98)
    )

    assert (first.released.atoms, first.wake_at) == (1_000, T0 + 5 * SECOND)
    assert (late.released.atoms, late.wake_at) == (1_000, T0 + 100 * SECOND)  # its deadline
    assert begins_at(replace(order(), algo=algo)) == T0
