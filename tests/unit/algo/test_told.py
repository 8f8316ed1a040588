from dataclasses import replace

from router.algo.intervals import count, next_at, running
from router.algo.told import slice_told
from router.domain.algo import LimitUntil
from router.domain.units import Amount, DurationNs, TimestampNs
from tests.unit.algo.test_twap import at, buy, twap
from tests.unit.engine.scene import ETH, T0


def test_a_slice_is_told_with_its_number_its_quantities_and_how_far_it_is_behind():
    asked = buy(twap(), atoms=6_000)

    told = slice_told(
        asked, released=Amount(ETH.id, 3_000), filled=Amount(ETH.id, 2_700), slices=3, at=at(25)
    )

    assert told == ("slice 3 of 6: released 3000 of 6000 atoms of ETH, filled 2700, 500 bps behind")


def test_an_algo_without_an_end_tells_how_many_slices_there_were():
    asked = replace(buy(twap()), algo=LimitUntil(DurationNs(10**9)))
    nothing = Amount(ETH.id, 0)

    told = slice_told(asked, released=nothing, filled=nothing, slices=7, at=at(25))

    assert told.startswith("slice 7: ")


def test_an_interval_begins_where_the_one_before_it_ends():
    interval = DurationNs(10)

    assert [running(T0, interval, TimestampNs(T0 + t)) for t in (-5, 0, 9, 10)] == [1, 1, 1, 2]
    assert next_at(T0, interval, TimestampNs(T0 + 10)) == T0 + 20
    assert count(T0, TimestampNs(T0 + 21), interval) == 3
