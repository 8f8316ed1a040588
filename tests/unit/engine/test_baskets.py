"""Orders planned together: all or none at first, in lock step, neither side far ahead."""

from dataclasses import replace

import pytest

from router.domain.algo import LimitUntil
from router.domain.basket import Basket
from router.domain.command import ObserveMarket, SolveBasket, SolveRoute
from router.domain.event import BasketRefused, CancelRequested, ChildNotSent, MarketObserved
from router.domain.order import GasPaid, OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.units import Amount, DurationNs, Rounding, Side
from router.engine.baskets import form_fault
from router.execution import leg_risk
from router.state.world import Phase
from tests.unit.engine.basket_scene import (
    BTC_PERP,
    BTC_POOL,
    BUY_ETH,
    COIN,
    NAME,
    SELL_BTC,
    Baskets,
)
from tests.unit.engine.scene import DOLLAR, ETHER, PERP, POOL, T0, USDC

GAS = GasPaid(10**15, 200_000, 8, "0x8")


@pytest.fixture
def desk():
    found = Baskets()
    found.begin()
    return found


def done(desk, child, share=100):
    """Sign a child, fill a share of it in percent, and end it."""
    desk.sign(child)
    if share:
        desk.filled(child, share)
    status = OrderStatus.FILLED if share == 100 else OrderStatus.CANCELED
    gas = GAS if child.legs[0].instrument.is_on_chain else None
    desk.end(child, status if share else OrderStatus.REJECTED, gas=gas, why="" if share else "no")


def test_a_basket_is_observed_and_solved_in_one(desk):
    desk.give(BUY_ETH, SELL_BTC)

    asked = desk.command(ObserveMarket)
    problems = desk.look()

    assert set(asked.instruments) == {POOL.id, PERP.id, BTC_POOL.id, BTC_PERP.id}
    assert [p.parent for p in problems] == [BUY_ETH.id, SELL_BTC.id]
    assert len({m for p in problems for m in p.margins}) == 1


def test_a_basket_with_one_bad_order_is_refused_whole_and_each_is_told_why(desk):
    bad = replace(SELL_BTC, quantity=Amount(SELL_BTC.base, 0))

    states = desk.give(BUY_ETH, bad)

    assert {s.status for s in states} == {OrderStatus.REJECTED}
    assert "quantity must be positive" in states[1].reason
    assert f"all or none, and {bad.id} was refused" in states[0].reason
    assert not desk.world.planning


def test_a_refused_basket_with_a_tolerance_has_nothing_to_take_back(desk):
    stale = replace(SELL_BTC, deadline_at=T0)

    told = desk.give(BUY_ETH, stale, exposure=5_000)

    assert [member.status for member in told] == [OrderStatus.REJECTED] * 2
    assert not desk.world.baskets
    assert not desk.world.going


def test_two_orders_of_one_pair_are_refused_with_the_remedy(desk):
    other = replace(BUY_ETH, id="parent-eth-2", side=Side.SELL)

    states = desk.give(BUY_ETH, other)

    assert all("send their net as one" in s.reason for s in states)


def test_all_members_send_their_first_legs_and_the_next_plan_waits_for_all_of_them(desk):
    desk.give(BUY_ETH, SELL_BTC)
    eth, btc = desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN))

    done(desk, eth, 50)
    assert not desk.world.planning  # the other is still out
    done(desk, btc)

    asked = desk.command(ObserveMarket)
    assert asked.parent == BUY_ETH.id  # what is left of it, alone
    (problem,) = desk.look()
    assert problem.quantity.atoms == 10 * ETHER


def test_no_plan_for_a_basket_that_has_sent_nothing_ends_all_of_it(desk):
    desk.give(BUY_ETH, SELL_BTC)
    desk.look()

    desk.feed(BasketRefused(NAME, NoRouteReason.NO_LIQUIDITY, "too large", desk.tick()))

    states = [desk.world.parents[o.id] for o in (BUY_ETH, SELL_BTC)]
    assert {s.status for s in states} == {OrderStatus.REJECTED}
    assert all("too large" in s.reason for s in states)


def test_a_plan_beyond_what_is_left_sends_nothing_of_the_basket(desk):
    desk.give(BUY_ETH, SELL_BTC)

    children = desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN + 1_000))

    assert not children
    assert desk.world.parents[BUY_ETH.id].phase is Phase.DONE


def test_what_the_accounts_do_not_bear_together_is_not_sent(desk):
    chain, perp = desk.shown.accounts
    # Each alone needs 6,000 of initial margin at ten times, together 12,000.
    desk.shown = replace(desk.shown, accounts=(chain, replace(perp, equity_atoms=10_000 * DOLLAR)))
    desk.give(BUY_ETH, SELL_BTC)

    children = desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN))

    assert not children
    assert "initial margin" in desk.world.parents[BUY_ETH.id].reason


def test_no_more_is_released_than_the_most_that_one_side_may_be_ahead(desk):
    desk.give(BUY_ETH, SELL_BTC, exposure=15_000)

    for problem in desk.look():
        worth = problem.arrival_mid.notional(problem.quantity, Rounding.UP)
        assert worth.atoms == pytest.approx(15_000 * DOLLAR, abs=DOLLAR)  # a lot is 60 cents
        assert worth.atoms <= 15_000 * DOLLAR


def test_the_side_that_is_ahead_waits_until_the_other_has_caught_up(desk):
    desk.give(BUY_ETH, SELL_BTC, exposure=15_000)
    eth, btc = desk.answer(desk.look(), (PERP, 5 * ETHER), (BTC_PERP, COIN // 4))
    done(desk, eth)
    done(desk, btc, 0)
    assert leg_risk.exposure(desk.world, desk.world.baskets[NAME]) == 15_000 * DOLLAR

    (problem,) = desk.look()

    assert problem.parent == SELL_BTC.id  # ether is held back
    worth = problem.arrival_mid.notional(problem.quantity, Rounding.DOWN)
    # It may catch up, and be ahead by the most; what it lacks is a share of its own worth.
    assert worth.atoms == pytest.approx(30_000 * DOLLAR, rel=1e-4)
    assert desk.world.parents[BUY_ETH.id].phase is Phase.QUEUED
    (pool,) = desk.answer((problem,), (BTC_POOL, COIN // 4))
    done(desk, pool)
    assert leg_risk.exposure(desk.world, desk.world.baskets[NAME]) == 0
    assert {p.parent for p in desk.look()} == {BUY_ETH.id, SELL_BTC.id}


def test_what_is_released_later_is_a_slice_of_its_own_with_names_of_its_own(desk):
    booked = [replace(order, venues=(PERP.venue,)) for order in (BUY_ETH, SELL_BTC)]
    desk.give(*booked, exposure=30_000)
    for _ in range(2):
        for child in desk.answer(desk.look(), (PERP, 10 * ETHER), (BTC_PERP, COIN // 2)):
            done(desk, child)

    children = desk.world.children_of(BUY_ETH.id)
    assert [child.order.slice for child in children] == [1, 2]
    assert len({child.order.id for child in children}) == 2
    assert desk.world.parents[BUY_ETH.id].outcome is OrderStatus.FILLED


def one_sided(desk):
    """Have 60,000 bought and nothing sold, where 10,000 is the most; return what takes it back."""
    desk.give(BUY_ETH, SELL_BTC)
    eth, btc = desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN))
    basket = replace(desk.world.baskets[NAME], exposure_max=Amount(USDC.id, 10_000 * DOLLAR))
    desk.world = replace(desk.world, baskets=desk.world.baskets.put(NAME, basket))
    done(desk, eth)
    done(desk, btc, 0)
    for _ in range(4):  # its rounds
        if not desk.world.planning:
            break
        desk.look()
        desk.feed(BasketRefused(NAME, NoRouteReason.NO_LIQUIDITY, "nobody buys", desk.tick()))
    desk.settle()
    return desk.world.parents["unwind-pair-0"].order


def test_excess_is_taken_back_when_the_other_side_has_no_route_left(desk):
    unwound = one_sided(desk)

    assert unwound.side is Side.SELL
    # 50,000 USDC at 3,000 is 16.6667 ether, up to the whole lot.
    assert unwound.quantity.atoms == -(-50_000 * ETHER // 3_000 // PERP.lot_atoms) * PERP.lot_atoms
    assert unwound.quantity.atoms <= 20 * ETHER
    assert unwound.reduces_only
    assert unwound.strategy == "unwind"
    assert unwound.venues == (PERP.venue,)
    assert NAME not in desk.world.baskets
    assert any("too far ahead" in line for line in desk.told)


def test_an_unwinding_order_is_planned_like_any_other_and_only_once(desk):
    unwound = one_sided(desk)

    asked = desk.command(ObserveMarket)
    desk.feed(MarketObserved(asked.parent, desk.seen(), desk.tick()))

    assert asked.parent == unwound.id
    problem = desk.command(SolveRoute).problem
    assert problem.side is Side.SELL
    assert all(margin.reduces_only for margin in problem.margins)
    assert [n for n in desk.world.parents if n.startswith("unwind")] == [unwound.id]


def test_within_its_tolerance_a_basket_ends_without_unwinding(desk):
    desk.give(BUY_ETH, SELL_BTC, exposure=100_000)
    eth, btc = desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN))
    done(desk, eth)
    done(desk, btc, 0)
    for _ in range(4):
        if not desk.world.planning:
            break
        desk.look()
        desk.feed(BasketRefused(NAME, NoRouteReason.NO_LIQUIDITY, "nobody buys", desk.tick()))

    desk.settle()

    assert not [name for name in desk.world.parents if name.startswith("unwind")]
    assert NAME not in desk.world.baskets


def test_a_reverted_leg_is_planned_again_together_with_the_rest(desk):
    desk.give(BUY_ETH, SELL_BTC)
    pool, perp = desk.answer(desk.look(), (POOL, 2 * ETHER), (BTC_PERP, COIN))
    done(desk, pool, 0)
    done(desk, perp)
    desk.settle()

    (problem,) = desk.look()

    assert problem.parent == BUY_ETH.id
    assert problem.quantity.atoms == 20 * ETHER


def test_a_child_that_was_not_sent_leaves_the_total_at_the_parent(desk):
    desk.give(BUY_ETH, SELL_BTC)
    eth, btc = desk.answer(desk.look(), (PERP, 20 * ETHER), (BTC_PERP, COIN))
    desk.feed(ChildNotSent(eth.id, "the venue is down", desk.tick()))
    done(desk, btc)

    (problem,) = desk.look()
    (again,) = desk.answer((problem,), (POOL, 20 * ETHER))
    done(desk, again)

    total = sum(f.quantity.atoms for c in desk.world.children_of(BUY_ETH.id) for f in c.fills)
    assert total == 20 * ETHER


def test_a_basket_is_taken_in_once(desk):
    desk.give(BUY_ETH, SELL_BTC)
    before = desk.world

    desk.give(BUY_ETH, SELL_BTC)

    assert desk.world.parents == before.parents
    assert not any(isinstance(c, SolveBasket) for c in desk.commands)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quote": "EUR"}, "one quote asset"),
        ({"strategy": "other"}, "one strategy"),
        ({"reduces_only": True}, "only reduce in a part"),
        ({"base": BUY_ETH.base}, "send their net as one"),
        ({"algo": LimitUntil(DurationNs(1))}, "leave algos out"),
    ],
)
def test_what_cannot_be_a_basket_is_told_what_it_must_be(changes, said):
    orders = (BUY_ETH, replace(SELL_BTC, **changes))
    basket = Basket(NAME, tuple(order.id for order in orders))

    assert said in form_fault(basket, orders)
    assert form_fault(basket, (BUY_ETH, SELL_BTC)) is None


def test_the_side_that_is_ahead_ends_where_nobody_is_left_to_catch_up(desk):
    desk.give(BUY_ETH, SELL_BTC, exposure=15_000)
    eth, btc = desk.answer(desk.look(), (PERP, 5 * ETHER), (BTC_PERP, COIN // 4))
    done(desk, eth)
    desk.sign(btc)
    desk.feed(CancelRequested(SELL_BTC.id, "c1", "ann", desk.tick()))
    desk.end(btc, OrderStatus.CANCELED, why="no")
    desk.settle()

    desk.feed(MarketObserved(BUY_ETH.id, desk.seen(), desk.tick()))
    desk.settle()

    parent = desk.world.parents[BUY_ETH.id]
    assert (parent.phase, parent.status) == (Phase.DONE, OrderStatus.CANCELED)
    assert "nobody is left to catch up" in parent.reason
    assert NAME not in desk.world.baskets
    assert not [n for n in desk.world.parents if n.startswith("unwind")]  # it is the most allowed
