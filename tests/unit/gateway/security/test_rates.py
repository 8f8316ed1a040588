import pytest

from router.gateway.config import HttpSettings
from router.gateway.rates import Buckets, Kind, Rate, Rates, ThrottledError, source_of

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


def buckets(*, per_s=10, burst=3, askers_max=100):
    return Buckets({kind: Rate(per_s, burst) for kind in Kind}, askers_max=askers_max)


def taken(one, count, *, asker="a", kind=Kind.REQUEST, now=NOW):
    """Return how many of some requests are let through."""
    through = 0
    for _ in range(count):
        try:
            one.take(asker, kind, now=now)
        except ThrottledError:
            continue
        through += 1
    return through


def test_a_burst_is_let_through_and_no_more():
    assert taken(buckets(), 10) == 3


def test_it_fills_at_its_rate():
    one = buckets()
    taken(one, 3)

    assert taken(one, 5, now=NOW + SECOND // 10) == 1
    assert taken(one, 5, now=NOW + 3 * SECOND // 10) == 2


def test_it_never_holds_more_than_a_burst():
    one = buckets()
    taken(one, 3)

    assert taken(one, 10, now=NOW + 3600 * SECOND) == 3


@pytest.mark.parametrize(("per_s", "burst", "seconds"), [(10, 3, 7), (2_000, 4_000, 3), (3, 1, 50)])
def test_in_the_long_run_it_is_a_burst_and_the_rate(per_s, burst, seconds):
    one = buckets(per_s=per_s, burst=burst)
    steps = 20 * seconds * per_s  # twenty times as often as is allowed

    through = sum(taken(one, 1, now=NOW + n * SECOND // (20 * per_s)) for n in range(steps))

    # The last step is just before the end, and the time of one request is cut to whole nanoseconds.
    assert burst + seconds * per_s - 2 <= through <= burst + seconds * per_s


def test_who_is_held_back_is_told_for_how_long_and_it_is_true():
    one = buckets()
    taken(one, 3)

    with pytest.raises(ThrottledError) as caught:
        one.take("a", Kind.REQUEST, now=NOW)

    assert caught.value.wait == SECOND // 10
    assert caught.value.wait_s == 1
    assert taken(one, 1, now=NOW + caught.value.wait - 1) == 0
    assert taken(one, 1, now=NOW + caught.value.wait) == 1


def test_who_may_not_ask_may_still_cancel():
    one = buckets()
    taken(one, 100)
    taken(one, 100, kind=Kind.QUOTE)

    assert taken(one, 10, kind=Kind.CANCEL) == 3


def test_one_who_asks_too_much_holds_nobody_else_back():
    one = buckets()
    taken(one, 100)

    assert taken(one, 10, asker="b") == 3


def test_a_refusal_does_not_make_the_wait_longer():
    one = buckets()
    taken(one, 1_000)

    assert taken(one, 1, now=NOW + SECOND // 10) == 1


def test_a_clock_that_is_set_back_holds_nobody_back_for_longer_than_a_burst():
    one = buckets()
    taken(one, 3)
    before = NOW - 3600 * SECOND

    with pytest.raises(ThrottledError) as caught:
        one.take("a", Kind.REQUEST, now=before)

    assert caught.value.wait <= 3 * SECOND // 10


def test_memory_is_bounded_and_who_asked_last_is_remembered():
    one = buckets(askers_max=10)
    for number in range(1_000):
        taken(one, 3, asker=f"n{number}")

    assert len(one) <= 30
    assert taken(one, 1, asker="n999") == 0


def test_a_door_counts_addresses_and_keys_apart():
    settings = HttpSettings(requests_per_s=1, requests_burst=2, cancels_per_s=1, quotes_per_s=1)
    rates = Rates(settings)
    for _ in range(8):
        rates.take_source("192.0.2.1", Kind.REQUEST, now=NOW)
    with pytest.raises(ThrottledError):
        rates.take_source("192.0.2.1", Kind.REQUEST, now=NOW)

    rates.take_key("k", Kind.REQUEST, now=NOW)
    rates.take_key("k", Kind.REQUEST, now=NOW)
    with pytest.raises(ThrottledError, match=r"^too many requests; send it again in 1\.000 s$"):
        rates.take_key("k", Kind.REQUEST, now=NOW)

    rates.take_source("192.0.2.1", Kind.CANCEL, now=NOW)
    rates.take_key("k", Kind.CANCEL, now=NOW)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_an_ipv6_network_is_one_source(address, source):
    assert source_of(address) == source
