"""Other terms at any moment of an order's life, and everything that may cross them."""

from dataclasses import replace

import pytest

from router.domain.basket import Basket
from router.domain.command import CancelChild, ObserveMarket, ReplaceChild, SolveRoute, WakeAt
from router.domain.event import ChildAcknowledged, RouteSolved
from router.domain.order import Replacement
from router.domain.units import Amount, BasketId, Pips, Price, TimestampNs
from router.state.world import Phase
from tests.unit.engine.altered import S, started
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, PERP, POOL, T0, USDC, order, plan
from tests.unit.risk.controls.scene import firm, usdc

LATER = TimestampNs(T0 + 500 * 10**9)


def test_terms_are_replaced_at_once_where_nothing_is_in_flight():
    desk = started()
    desk.submit(order())
    price = Price(ETH.id, USDC.id, 3_100 * DOLLAR, ETHER)

    desk.amend(ethers=7, limit_price=price, slippage_max_pips=Pips(500), deadline_at=LATER)

    now = desk.parent.order
    assert (now.quantity.atoms, now.limit_price) == (7 * ETHER, price)
    assert (now.slippage_max_pips, now.deadline_at) == (500, LATER)
    assert (now.client_order_id, desk.parent.first_order) == (order().client_order_id, order())
    assert desk.sequence[-2:] == [(S.REPLACED, (7, 0, 7)), (S.NEW, (7, 0, 7))]


def test_the_problem_is_of_the_amended_order():
    desk = started()
    desk.submit(order())

    desk.amend(ethers=7)
    problem = desk.observe(order())

    assert problem.quantity == Amount(ETH.id, 7 * ETHER)


def test_a_plan_of_the_older_terms_is_not_sent():
    desk = started()
    desk.submit(order())
    problem = desk.observe(order())

    desk.amend(ethers=7)
    commands = desk.feed(RouteSolved(order().id, plan(problem, (PERP, 10)), desk.tick()))

    assert [type(c) for c in commands] == [ObserveMarket]
    assert desk.observe(order()).quantity.atoms == 7 * ETHER


def test_more_of_what_has_not_filled_holds_once_what_waits_is_taken_back():
    desk = started()
    child = desk.out()

    desk.amend(ethers=12)
    assert desk.command(CancelChild).child == child
    assert desk.world.children[child.id].status is S.PENDING_REPLACE
    desk.finish(child)

    assert desk.world.children[child.id].status is S.REPLACED
    assert desk.sequence == [
        (S.NEW, (10, 0, 10)),
        (S.PENDING_REPLACE, (10, 0, 10)),
        (S.REPLACED, (12, 0, 12)),
        (S.NEW, (12, 0, 12)),
    ]


def test_more_after_a_fill_is_filled_in_part():
    desk = started()
    child = desk.out()
    desk.trade(child, 4, name="f")

    desk.amend(ethers=12)
    desk.finish(child)

    assert desk.sequence[-3:] == [
        (S.PENDING_REPLACE, (10, 4, 6)),
        (S.REPLACED, (12, 4, 8)),
        (S.PARTIALLY_FILLED, (12, 4, 8)),
    ]


def test_the_rest_goes_on_under_a_name_of_its_own():
    desk = started()
    child = desk.out()
    desk.amend(ethers=12)
    desk.finish(child)

    (successor,) = desk.solve(desk.observe(order()), (PERP, 12))

    assert successor.id != child.id
    assert successor.legs[0].quantity.atoms == 12 * ETHER


def test_more_of_what_has_filled_is_refused():
    desk = started()
    child = desk.out()
    desk.trade(child, 10, name="all")
    desk.finish(child, S.FILLED)
    desk.settled()

    (told,) = desk.amend(ethers=12)

    assert told.status is S.FILLED
    assert "too late: the order has ended as filled" in told.message


def test_other_terms_lose_to_a_full_fill():
    desk = started()
    child = desk.out()
    desk.amend(ethers=12)
    desk.trade(child, 10, name="all")

    desk.finish(child, S.FILLED)

    assert desk.parent.order.quantity.atoms == 10 * ETHER
    assert "refused" in desk.told[-1].message
    assert desk.settled().status is S.FILLED
    assert (S.REPLACED, (12, 10, 2)) not in desk.sequence


def test_less_but_more_than_has_filled_goes_on_and_fills():
    desk = started()
    child = desk.out()
    desk.trade(child, 4, name="f")
    desk.amend(ethers=6)
    desk.finish(child)
    (rest,) = desk.solve(desk.observe(order()), (PERP, 2))
    desk.sign(rest)
    desk.feed(ChildAcknowledged(rest.id, desk.tick()))
    desk.trade(rest, 2, name="g")

    desk.end(rest, S.FILLED)
    desk.settled()

    assert desk.sequence[-5:] == [
        (S.PENDING_REPLACE, (10, 4, 6)),
        (S.REPLACED, (6, 4, 2)),
        (S.PARTIALLY_FILLED, (6, 4, 2)),
        (S.FILLED, (6, 6, 0)),
        (S.FILLED, (6, 6, 0)),
    ]


@pytest.mark.parametrize("ethers", [4, 1, 0])
def test_down_to_what_has_filled_or_below_ends_the_order_filled(ethers):
    desk = started()
    child = desk.out()
    desk.trade(child, 4, name="f")
    desk.amend(ethers=ethers)
    desk.finish(child)
    desk.settled()

    assert desk.sequence[-3:-1] == [(S.REPLACED, (4, 4, 0)), (S.FILLED, (4, 4, 0))]
    assert desk.parent.status is S.FILLED


def test_what_fills_while_less_is_pending_counts_and_is_the_quantity():
    desk = started()
    child = desk.out()
    desk.amend(ethers=3)

    desk.trade(child, 5, name="crossing")
    assert desk.sequence[-1] == (S.PENDING_REPLACE, (10, 5, 5))
    desk.finish(child)

    assert desk.settled().status is S.FILLED
    assert desk.parent.order.quantity.atoms == 5 * ETHER


def test_one_after_the_other_each_counts_from_the_last():
    desk = started()
    desk.submit(order())

    desk.amend("first", ethers=12)
    desk.amend("second", slippage_max_pips=Pips(100))

    assert desk.parent.order.quantity.atoms == 12 * ETHER
    assert desk.parent.order.slippage_max_pips == 100
    assert desk.parent.requests == ("first", "second")


def test_a_second_request_is_refused_while_the_first_is_under_way():
    desk = started()
    child = desk.out()
    desk.amend("first", ethers=12)

    (told,) = desk.amend("second", ethers=14)
    desk.finish(child)

    assert told.status is S.PENDING_REPLACE
    assert "one is taken at a time" in told.message
    assert desk.parent.order.quantity.atoms == 12 * ETHER


def test_a_refused_request_is_followed_by_one_that_counts_from_what_holds():
    desk = started()
    desk.submit(order())

    (told,) = desk.amend("first", ethers=100_000, slippage_max_pips=Pips(50_000))
    desk.amend("second", slippage_max_pips=Pips(900))

    assert "slippage_max must be at most" in told.message
    assert desk.parent.order.quantity.atoms == 10 * ETHER
    assert desk.parent.order.slippage_max_pips == 900


def test_more_than_the_limit_allows_is_refused_and_the_order_goes_on():
    desk = started()
    child = desk.out()

    (told,) = desk.amend(ethers=700)  # 2.1 million at the mid, of 2 million allowed

    assert "limits.order_notional_max" in told.message
    assert desk.parent.pending is None
    assert desk.world.children[child.id].status is S.NEW
    assert desk.parent.order == order()


def test_a_deadline_that_passes_while_terms_wait_leaves_the_older_terms():
    desk = started()
    child = desk.out()
    desk.amend(ethers=12, deadline_at=TimestampNs(desk.now + 3 * 10**9))
    desk.now += 10 * 10**9

    desk.finish(child)

    assert desk.parent.order == order()
    assert any("the older terms hold: deadline" in each.message for each in desk.told)
    assert desk.parent.phase is Phase.OBSERVING


def test_an_amended_deadline_wakes_what_waits():
    desk = started()
    desk.submit(order())
    waiting = replace(desk.parent, phase=Phase.WAITING, wake_at=order().deadline_at)
    desk.world = desk.world.with_parent(waiting)
    soon = TimestampNs(desk.now + 5 * 10**9)

    desk.amend(deadline_at=soon)

    assert desk.command(WakeAt).at == soon
    assert desk.parent.wake_at == soon


def test_what_may_happen_on_a_chain_happens_before_other_terms_hold():
    desk = started()
    child = desk.out(POOL)

    desk.amend(ethers=12)
    assert desk.commands_of(ReplaceChild, CancelChild) == []
    desk.trade(child, 10, name="swap")
    desk.finish(child, S.FILLED)

    assert desk.settled().status is S.FILLED  # it lost to the fill


def test_a_cancel_overtakes_no_amendment_but_follows_it():
    desk = started()
    child = desk.out(POOL)
    desk.amend("more", ethers=12)
    desk.trade(child, 6, name="swap")
    desk.finish(child, S.CANCELED)

    desk.cancel("stop")

    assert desk.settled().status is S.CANCELED
    assert desk.sequence[-1] == (S.CANCELED, (12, 6, 0))
    assert Replacement.CANCEL not in {getattr(c, "replacement", None) for c in desk.commands}


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({}, "names no other terms"),
        ({"ethers": 0}, "quantity must be positive"),
        ({"slippage_max_pips": Pips(-1)}, "slippage_max_bps: must not be negative"),
        ({"deadline_at": T0}, "deadline must lie in the future"),
        ({"limit_price": Price(USDC.id, ETH.id, 1, 1)}, "limit_price: must be of ETH in USDC"),
    ],
)
def test_terms_that_cannot_be_are_refused_and_say_why(terms, message):
    desk = started()
    desk.submit(order())

    (told,) = desk.amend(**terms)

    assert message in told.message
    assert desk.parent.order == order()


def test_cash_does_not_become_a_quantity():
    desk = started()
    desk.submit(order(quantity=Amount(USDC.id, 9_000 * DOLLAR)))

    (told,) = desk.amend(ethers=3)

    assert "quantity: must be in USDC" in told.message


def test_an_order_of_a_basket_keeps_its_terms():
    desk = started()
    desk.submit(order())
    basket = Basket(BasketId("b"), (order().id,))
    member = replace(desk.parent, order=replace(order(), basket=basket.id))
    desk.world = desk.world.with_parent(member)

    (told,) = desk.amend(ethers=3)

    assert "an order of a basket keeps its terms" in told.message


def test_the_answer_to_the_same_problem_is_used_where_terms_were_refused():
    desk = started()
    desk.submit(order())
    problem = desk.observe(order())
    desk.amend(ethers=100_000)

    (child,) = desk.solve(problem, (PERP, 10))

    assert child.legs[0].quantity.atoms == 10 * ETHER
    assert not [c for c in desk.commands if isinstance(c, SolveRoute)]


def test_a_name_stands_for_one_request_whatever_else_is_asked_under_it():
    desk = started()
    desk.submit(order())
    desk.amend("a1", ethers=12)

    desk.amend("a1", ethers=14)
    other = desk.told[-1].message
    desk.cancel("a1")
    cancel = desk.told[-1].message
    desk.amend("a1", ethers=12)
    same = desk.told[-1].message

    assert "stands for another request" in other
    assert "stands for another request" in cancel
    assert "taken before" in same
    assert desk.parent.order.quantity.atoms == 12 * ETHER
    assert desk.parent.status is S.NEW


def test_a_deadline_told_from_a_later_moment_is_the_same_request():
    desk = started()
    desk.submit(order())
    desk.amend("a1", deadline_at=TimestampNs(T0 + 60 * 10**9))

    desk.amend("a1", deadline_at=TimestampNs(T0 + 61 * 10**9))

    assert "taken before" in desk.told[-1].message
    assert desk.parent.order.deadline_at == T0 + 60 * 10**9


@pytest.mark.parametrize("strategy", ["deleverage", "unwind"])
def test_an_order_of_the_engines_own_keeps_its_terms(strategy):
    desk = started()
    desk.submit(order(strategy=strategy))

    desk.amend(ethers=12)

    assert "the engine itself sent" in desk.told[-1].message
    assert desk.parent.order.quantity.atoms == 10 * ETHER


def test_more_than_a_second_person_looked_at_needs_another_look():
    desk = started()
    seen = order(by="ann", confirmed_by="bob")
    rules = firm(confirm_above=usdc(20_000))  # ten ethers are worth 30,000
    limits = replace(desk.world.limits, controls=rules)
    desk.world = replace(desk.world, started=replace(desk.world.started, limits=limits))
    desk.submit(seen)
    desk.observe(seen)

    desk.amend("a1", ethers=20)
    refused = desk.told[-1].message
    desk.amend("a2", ethers=8)
    desk.amend("a3", ethers=10)

    assert "confirm_above" in refused
    assert desk.parent.order.quantity.atoms == 10 * ETHER
    assert desk.parent.order.confirmed_by == "bob"
