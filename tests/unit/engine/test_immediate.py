"""Orders that are planned once: what did not fill is given back, or it is all or nothing."""

from dataclasses import replace

import pytest

from router.domain.command import ObserveMarket, ReportParent, SignChild, SolveRoute
from router.domain.event import (
    ChildNotSent,
    ObservationFailed,
    RouteRefused,
    RouteSolved,
    SwitchSet,
)
from router.domain.order import OrderStatus, Persistence
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.verdict import Refused
from router.execution.immediacy import unkeepable
from router.state.world import Phase
from tests.unit.engine.altered import started
from tests.unit.engine.scene import CHAIN, PERP, POOL, T0, order, plan

S = OrderStatus
IOC = order(10, persistence=Persistence.IMMEDIATE)
FOK = order(10, persistence=Persistence.WHOLE, venues=(POOL.venue,))


def planned(asked, *parts):
    """Have an order planned, and return the desk and what is to be signed."""
    desk = started()
    desk.submit(asked)
    return desk, desk.solve(desk.observe(asked), *parts)


def out(desk, child):
    desk.sign(child)
    desk.acknowledge(child)
    return child


def test_what_an_immediate_order_did_not_fill_is_given_back_and_not_planned_again():
    desk, (child,) = planned(replace(IOC, venues=(PERP.venue,)), (PERP, 10))
    out(desk, child)
    desk.trade(child, 4, name="first")

    desk.finish(child)

    assert desk.parent.phase is Phase.RECONCILING
    assert not desk.commands_of(ObserveMarket, SolveRoute)
    parent = desk.settled()
    assert parent.status is S.CANCELED
    assert parent.reason.startswith("ioc: what did not fill at once is given back")


def test_the_same_order_until_a_deadline_is_planned_again():
    desk, (child,) = planned(order(10, venues=(PERP.venue,)), (PERP, 10))
    out(desk, child)
    desk.trade(child, 4, name="first")

    desk.finish(child)

    assert desk.parent.phase is Phase.OBSERVING
    assert desk.parent.round == 2


def test_the_pools_of_the_same_plan_come_after_its_books():
    desk, (book,) = planned(IOC, (PERP, 4), (POOL, 6))
    out(desk, book)
    desk.trade(book, 4, name="first")

    desk.finish(book, S.FILLED)

    assert desk.parent.phase is Phase.OBSERVING
    assert (desk.parent.round, desk.parent.stage) == (1, 1)
    (pool,) = desk.solve(desk.observe(IOC), (POOL, 6))
    assert pool.account == CHAIN


def test_an_immediate_order_that_fills_whole_is_filled():
    desk, (child,) = planned(replace(IOC, venues=(PERP.venue,)), (PERP, 10))
    out(desk, child)
    desk.trade(child, 10, name="all")

    desk.finish(child, S.FILLED)

    assert desk.settled().status is S.FILLED


@pytest.mark.parametrize("asked", [IOC, FOK], ids=["ioc", "fok"])
def test_one_that_no_plan_can_fill_is_canceled_with_the_reason(asked):
    desk = started()
    desk.submit(asked)
    desk.observe(asked)
    refused = Refused(NoRouteReason.NO_LIQUIDITY, "the markets hold less")

    desk.feed(RouteRefused(asked.id, refused.reason, refused.message, desk.tick()))

    assert (desk.parent.status, desk.parent.phase) == (S.CANCELED, Phase.DONE)
    assert desk.parent.reason == "the markets hold less"


@pytest.mark.parametrize("asked", [IOC, FOK], ids=["ioc", "fok"])
def test_one_whose_markets_cannot_be_read_is_canceled(asked):
    desk = started()
    desk.submit(asked)

    desk.feed(ObservationFailed(asked.id, "stale", desk.tick()))

    assert (desk.parent.status, desk.parent.phase) == (S.CANCELED, Phase.DONE)


def test_one_that_could_not_be_sent_is_not_sent_again():
    desk, (child,) = planned(replace(IOC, venues=(PERP.venue,)), (PERP, 10))
    desk.sign(child)

    desk.feed(ChildNotSent(child.id, "the venue is away", desk.tick()))

    assert not desk.commands_of(ObserveMarket, SignChild)
    assert desk.settled().status is S.CANCELED


def test_an_immediate_order_does_not_wait_for_a_switch():
    desk, waits = started(), order(10, name="waits")
    halt = SwitchSetting(FIRM, TradingState.CANCEL_ONLY, "ann", "a drill", T0)
    desk.feed(SwitchSet(halt, desk.tick()))

    desk.submit(IOC)
    desk.submit(waits)

    assert desk.world.parents[IOC.id].phase is Phase.DONE
    assert desk.world.parents[IOC.id].status is S.REJECTED, "it was never let in"


def test_a_cancel_that_comes_while_it_is_out_ends_it_with_what_has_filled():
    desk, (child,) = planned(replace(IOC, venues=(PERP.venue,)), (PERP, 10))
    out(desk, child)
    desk.cancel()
    desk.trade(child, 3, name="late")

    desk.finish(child)

    assert desk.settled().status is S.CANCELED
    assert desk.parent.reason == "canceled by ann"


def test_its_terms_are_kept_and_an_amendment_is_refused():
    desk, (child,) = planned(replace(IOC, venues=(PERP.venue,)), (PERP, 10))
    out(desk, child)

    desk.amend(ethers=12)

    told = [c for c in desk.commands if isinstance(c, ReportParent)]
    assert "keeps its terms" in told[-1].message
    assert desk.parent.pending is None
    assert desk.parent.order.quantity == IOC.quantity


def test_all_or_nothing_is_refused_where_a_book_may_fill_a_part():
    desk = started()

    desk.submit(replace(FOK, venues=()))

    assert desk.parent.status is S.REJECTED
    assert desk.parent.reason.startswith("time_in_force: hyperliquid:ETH may fill a part of it")


def test_all_or_nothing_on_one_chain_is_one_transaction_of_all_of_it():
    desk, children = planned(FOK, (POOL, 10))

    (child,) = children
    out(desk, child)
    desk.trade(child, 10, name="all")
    desk.finish(child, S.FILLED)

    assert desk.settled().status is S.FILLED


def test_a_plan_that_would_leave_something_is_not_sent():
    desk = started()
    desk.submit(FOK)
    problem = desk.observe(FOK)
    part = plan(problem, (POOL, 9))
    part = replace(part, unfilled=replace(problem.quantity, atoms=10**18))

    desk.feed(RouteSolved(FOK.id, part, desk.tick()))

    assert not desk.commands_of(SignChild)
    assert desk.parent.status is S.CANCELED
    assert "all or nothing" in desk.parent.reason


def test_a_transaction_that_did_nothing_ends_it_with_nothing():
    desk, (child,) = planned(FOK, (POOL, 10))
    out(desk, child)

    desk.finish(child, S.REJECTED)

    assert not desk.commands_of(SolveRoute)
    parent = desk.settled()
    assert parent.status is S.CANCELED
    assert not desk.world.children[child.id].fills


def test_two_transactions_are_not_all_or_nothing():
    other = replace(POOL, id="other:ETH/USDC", router="another", symbol="0xp009")
    desk = started()
    desk.submit(FOK)
    problem = desk.observe(FOK)
    problem = replace(problem, pools=(*problem.pools, replace(problem.pools[0], instrument=other)))
    desk.world = desk.world.with_parent(replace(desk.parent, problem=problem))

    desk.feed(RouteSolved(FOK.id, plan(problem, (POOL, 6), (other, 4)), desk.tick()))

    assert not desk.commands_of(SignChild)
    assert desk.parent.status is S.CANCELED


def test_two_chains_a_basket_and_a_quote_cannot_be_all_or_nothing():
    elsewhere = replace(POOL, account="evm:1:0xcc")

    assert unkeepable(FOK, (POOL,)) is None
    assert unkeepable(IOC, (POOL, PERP, elsewhere)) is None
    assert "two chains" in unkeepable(FOK, (POOL, elsewhere))
    assert "stand alone" in unkeepable(replace(FOK, basket="pair"), (POOL,))
