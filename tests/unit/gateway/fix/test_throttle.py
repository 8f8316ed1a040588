"""How much a session may ask for."""

from router.domain.units import NS_PER_S
from router.gateway.fix.throttle import Throttle


def test_a_burst_passes_and_then_so_many_a_second():
    now = [0]
    throttle = Throttle(rate=2, burst=3, now=lambda: now[0])

    assert [throttle.lets("D") for _ in range(4)] == [True, True, True, False]
    now[0] = NS_PER_S // 2
    assert [throttle.lets("D") for _ in range(2)] == [True, False]
    now[0] = 100 * NS_PER_S
    assert [throttle.lets("D") for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_is_set_back_takes_nothing_away():
    now = [3_600 * NS_PER_S]
    throttle = Throttle(rate=2, burst=3, now=lambda: now[0])
    now[0] = 0

    assert [throttle.lets("F") for _ in range(4)] == [True, True, True, False]
    now[0] = NS_PER_S // 2
    assert throttle.lets("F")


def test_who_may_not_order_may_still_cancel():
    throttle = Throttle(rate=1, burst=1, now=lambda: 0)
    assert throttle.lets("D")
    assert not throttle.lets("D")

    assert throttle.lets("F")
    assert not throttle.lets("q")
