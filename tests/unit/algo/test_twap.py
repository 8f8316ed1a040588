from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.algo.pace import begins_at, pace, shape
from router.algo.progress import Progress
from router.algo.twap import due_by
from router.domain.algo import Twap
from router.domain.units import NS_PER_S, PIPS_PER_UNIT, Amount, DurationNs, Pips, TimestampNs
from tests.unit.engine.scene import ETH, T0, observation, order

SECOND = NS_PER_S


def twap(*, start_s=0, end_s=60, interval_s=10, catch_up=500_000):
    return Twap(
        TimestampNs(T0 + start_s * SECOND),
        TimestampNs(T0 + end_s * SECOND),
        DurationNs(interval_s * SECOND),
        Pips(catch_up),
    )


def buy(algo, atoms=6_000):
    return replace(order(), quantity=Amount(ETH.id, atoms), algo=algo)


def at(seconds):
    return TimestampNs(T0 + round(seconds * SECOND))


def paced(asked, filled, seconds, slices=0):
    so_far = Progress(Amount(ETH.id, filled), None, slices, (), observation())
    return pace(asked, so_far, at(seconds))


def test_each_interval_releases_the_same_quantity():
    asked = buy(twap())

    released = [paced(asked, n * 1_000, n * 10).released.atoms for n in range(6)]

    assert released == [1_000, 2_000, 3_000, 4_000, 5_000, 6_000]


def test_it_wakes_where_the_next_interval_begins_however_late_it_was_woken():
    asked = buy(twap())

    assert paced(asked, 0, 0).wake_at == at(10)
    assert paced(asked, 1_000, 10.7).wake_at == at(20)
    assert paced(asked, 1_000, 39.9).wake_at == at(40)


def test_what_earlier_slices_left_is_caught_up_within_the_limit():
    asked = buy(twap(catch_up=250_000))

    # 3,000 are due, nothing has filled: a regular slice and a quarter.
    assert paced(asked, 0, 25).released.atoms == 1_250


def test_without_catch_up_what_was_left_comes_last():
    asked = buy(twap(catch_up=0))

    assert paced(asked, 0, 45).released.atoms == 1_000
    assert paced(asked, 1_000, 50).released.atoms == 6_000


def test_the_last_slice_releases_all_and_is_tried_once_more_at_the_end():
    asked = buy(twap())

    last, end = paced(asked, 4_000, 50), paced(asked, 4_000, 60)

    assert (last.released.atoms, last.wake_at) == (6_000, at(60))
    assert (end.released.atoms, end.wake_at) == (6_000, None)


def test_a_last_interval_that_is_cut_short_still_counts():
    asked = buy(twap(end_s=25), atoms=3_000)

    assert [paced(asked, 0, s).released.atoms for s in (0, 20)] == [1_000, 3_000]


def test_it_begins_when_it_was_told_to():
    asked = buy(twap(start_s=30, end_s=90))

    assert begins_at(asked) == at(30)
    assert paced(asked, 0, 30).released.atoms == 1_000


def test_the_same_request_sent_later_has_the_same_shape():
    first = buy(twap())
    later = replace(first, submitted_at=at(7), algo=twap(start_s=7, end_s=67))

    assert shape(first) == shape(later)
    assert shape(first) != shape(replace(later, algo=twap(start_s=7, end_s=77)))


quantities = st.integers(1, 10**24)
shares = st.integers(0, 3_000_000)
moments = st.lists(st.floats(0, 120), min_size=1, max_size=30)


@given(quantities, shares, moments, st.integers(1, 30), st.randoms(use_true_random=False))
def test_what_is_released_only_grows_and_keeps_to_order_clock_and_catch_up(
    atoms, catch_up, moments, interval_s, chance
):
    asked = buy(twap(interval_s=interval_s, catch_up=catch_up), atoms=atoms)
    intervals = -(-60 // interval_s)
    regular = -(-atoms // intervals)
    most = regular + regular * catch_up // PIPS_PER_UNIT
    filled, before = 0, 0

    for seconds in sorted(moments):
        given_now = paced(asked, filled, seconds)
        released = given_now.released.atoms

        assert before <= released <= atoms
        is_last = seconds >= (intervals - 1) * interval_s
        assert is_last or released - filled <= most
        share = atoms * (int(seconds // interval_s) + 1)
        assert is_last or released * intervals <= max(filled * intervals, share)
        assert given_now.wake_at is None or at(seconds) < given_now.wake_at <= asked.algo.end_at
        assert not is_last or released == atoms
        filled, before = chance.randint(filled, released), released


@given(quantities, st.integers(1, 100))
def test_all_is_due_by_the_end_of_the_last_interval_and_never_before_its_share(atoms, intervals):
    due = [due_by(atoms, n, intervals) for n in range(1, intervals + 2)]

    assert due == sorted(due)
    assert due[-1] == due[-2] == atoms
    assert all(d * intervals <= atoms * n for n, d in enumerate(due[:-1], 1))
