"""What one IP may ask: weights as the venue documents them, and windows of a minute."""

import pytest

from venues.sandbox.hyperliquid.config import LimitConfig
from venues.sandbox.hyperliquid.service.limits import (
    IpLimits,
    Limits,
    Window,
    action_weight,
    answer_weight,
    info_weight,
)

NOW_MS = 1_700_000_000_000


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        ("l2Book", 2),
        ("allMids", 2),
        ("clearinghouseState", 2),
        ("orderStatus", 2),
        ("spotClearinghouseState", 2),
        ("exchangeStatus", 2),
        ("userRole", 60),
        ("meta", 20),
        ("userFills", 20),
        (None, 20),
    ],
)
def test_a_question_weighs_what_the_venue_says(kind, weight):
    assert info_weight(kind) == weight


@pytest.mark.parametrize(
    ("kind", "items", "weight"),
    [
        ("userFills", 19, 0),
        ("userFills", 2000, 100),
        ("fundingHistory", 45, 2),
        ("candleSnapshot", 120, 2),
        ("openOrders", 1000, 0),
    ],
)
def test_a_long_answer_weighs_by_its_items(kind, items, weight):
    assert answer_weight(kind, [{}] * items) == weight


@pytest.mark.parametrize(
    ("action", "weight"),
    [
        ({"type": "noop"}, 1),
        ({"type": "order", "orders": [{}] * 39}, 1),
        ({"type": "order", "orders": [{}] * 79}, 2),
        ({"type": "cancel", "cancels": [{}] * 40}, 2),
        ({"type": "batchModify", "modifies": [{}] * 120}, 4),
        (None, 1),
    ],
)
def test_an_action_weighs_one_and_one_more_for_every_forty(action, weight):
    assert action_weight({"action": action}) == weight


def test_twelve_hundred_may_be_spent_a_minute_and_the_first_comes_back_after_it():
    budget = IpLimits(LimitConfig())
    assert all(budget.takes_request(20, now_ms=NOW_MS + i) for i in range(60))

    assert not budget.takes_request(1, now_ms=NOW_MS + 59_999)
    assert budget.takes_request(20, now_ms=NOW_MS + 60_000)
    assert not budget.takes_request(1, now_ms=NOW_MS + 60_000)


def test_a_refused_request_spends_nothing():
    window = Window(10)
    window.charge(9, now_ms=NOW_MS)

    assert not window.spend(2, now_ms=NOW_MS)
    assert window.left(now_ms=NOW_MS) == 1


def test_ten_sockets_at_a_time_and_thirty_a_minute():
    budget = IpLimits(LimitConfig())
    assert all(budget.takes_connection(now_ms=NOW_MS) for _ in range(10))
    assert not budget.takes_connection(now_ms=NOW_MS)
    for _ in range(20):
        budget.releases_connection()
        assert budget.takes_connection(now_ms=NOW_MS)
    budget.releases_connection()

    assert not budget.takes_connection(now_ms=NOW_MS + 59_999)
    assert budget.takes_connection(now_ms=NOW_MS + 60_000)


def test_two_thousand_messages_and_a_hundred_posts_in_flight():
    budget = IpLimits(LimitConfig())

    assert sum(budget.takes_message(now_ms=NOW_MS) for _ in range(2_001)) == 2_000
    assert sum(budget.takes_post() for _ in range(101)) == 100
    budget.releases_post()
    assert budget.takes_post()


def test_switched_off_rules_allow_everything():
    budget = IpLimits(LimitConfig(by_ip=False))

    assert all(budget.takes_request(1_000, now_ms=NOW_MS) for _ in range(5))
    assert all(budget.takes_connection(now_ms=NOW_MS) for _ in range(50))
    assert all(budget.takes_message(now_ms=NOW_MS) for _ in range(3_000))
    assert all(budget.takes_post() for _ in range(300))


def test_exhausting_spends_every_ip_and_only_this_minute():
    limits = Limits(LimitConfig())
    one, other = limits.of("10.0.0.1"), limits.of("10.0.0.2")
    one.takes_request(1_199, now_ms=NOW_MS)

    limits.exhaust(now_ms=NOW_MS)

    assert not one.takes_request(1, now_ms=NOW_MS)
    assert not other.takes_request(1, now_ms=NOW_MS)
    assert other.takes_request(1_200, now_ms=NOW_MS + 60_000)
    assert limits.of("10.0.0.1") is one
