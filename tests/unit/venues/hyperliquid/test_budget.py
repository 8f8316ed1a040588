"""What may be sent and what is refused before the venue would refuse it."""

from dataclasses import dataclass

import pytest

from router.domain.account import RequestBudget
from router.domain.error import NotSentError
from router.domain.units import NS_PER_S, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.clients.budget import Budget, Purpose, action_weight


@dataclass
class HandClock:
    at: int = 1_000 * NS_PER_S

    def now(self):
        return TimestampNs(self.at)

    async def sleep(self, duration):
        self.at += duration


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def budget(clock):
    return Budget(clock)


def told(used, cap, surplus=None):
    return wire.RateLimit("1.0", used, cap, surplus)


@pytest.mark.parametrize(("count", "weight"), [(1, 1), (39, 1), (40, 2), (79, 2), (80, 3)])
def test_an_action_weighs_one_and_one_more_for_every_forty_items(count, weight):
    assert action_weight(count) == weight


def test_weight_comes_back_after_a_minute(budget, clock):
    for _ in range(45):
        budget.ask(20)
    with pytest.raises(NotSentError, match="request weight: question of 20"):
        budget.ask(20)

    clock.at += 60 * NS_PER_S

    budget.ask(20)
    assert budget.weight_left() == 1_180


def test_orders_leave_weight_for_cancels(budget):
    for _ in range(1_100):
        budget.act()
    with pytest.raises(NotSentError, match="request weight: order"):
        budget.act()

    for _ in range(100):
        budget.act(purpose=Purpose.CANCEL)
    with pytest.raises(NotSentError, match="request weight: cancel"):
        budget.act(purpose=Purpose.CANCEL)


def test_what_the_account_may_send_is_what_the_venue_says_less_what_was_sent_since(budget):
    budget.learn(told(9_990, 10_000))
    assert budget.left() == RequestBudget(orders=10, cancels=1_200)

    budget.act(6)
    assert budget.left().orders == 4
    with pytest.raises(NotSentError, match="9996 used of 10000"):
        budget.act(5)


def test_what_was_reserved_counts_besides_the_cap(budget):
    budget.learn(told(0, 10, surplus=5))

    assert budget.left().orders == 15


def test_an_exhausted_account_has_one_request_every_ten_seconds(budget, clock):
    budget.learn(told(100, 100))
    assert budget.left().orders == 1
    budget.act()

    with pytest.raises(NotSentError, match="wait 10 s"):
        budget.act()
    assert budget.left().orders == 0
    clock.at += 10 * NS_PER_S
    budget.act()


def test_an_exhausted_account_can_still_cancel_up_to_a_limit_of_its_own(budget):
    budget.learn(told(100, 100))

    assert budget.left().cancels == 100
    budget.act(100, purpose=Purpose.CANCEL)
    assert budget.left().cancels == 1


def test_the_cancels_of_a_large_account_are_limited_by_a_hundred_thousand_more(budget):
    budget.learn(told(1_099_999, 1_000_000))

    assert budget.left().cancels == 1


def test_a_refusal_that_gives_the_venues_count_teaches_it(budget, clock):
    text = (
        "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92. "
        "Place taker orders to free up 1 request per USDC traded."
    )
    budget.refused(text)
    assert budget.left().orders == 0
    with pytest.raises(NotSentError, match="37986 used of 10436"):
        budget.act()

    clock.at += 10 * NS_PER_S
    assert budget.left().orders == 1


def test_another_refusal_teaches_nothing(budget):
    budget.refused("Insufficient margin to place order.")

    assert budget.left().orders == 1_100


def test_a_429_uses_up_the_window(budget, clock):
    budget.ask(20)

    budget.overdrawn()
    budget.overdrawn()

    assert budget.left() == RequestBudget(orders=0, cancels=0)
    clock.at += 60 * NS_PER_S
    assert budget.weight_left() == 1_200
