from typing import get_args

import pytest

from router.domain.amend import Amendment
from router.domain.basket import Basket, BasketPlan
from router.domain.certificate import Certificate
from router.domain.control import Control, Finding
from router.domain.event import (
    AccountsObserved,
    AmendRequested,
    BaselineAccepted,
    BasketRefused,
    BasketSolved,
    BasketSubmitted,
    CancelRequested,
    ChildAcknowledged,
    ChildCancelRefused,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildProgressed,
    ChildReplaced,
    ChildSigned,
    ChildStuck,
    ChildWentSilent,
    ControlTripped,
    DeadlinePassed,
    EngineStarted,
    Event,
    FillVoided,
    FundingObserved,
    HourStruck,
    LimitsChanged,
    MarketObserved,
    ObservationFailed,
    ParentSubmitted,
    RiskAssessed,
    RouteRefused,
    RouteSolved,
    ScheduleRefused,
    ScheduleSolved,
    SwitchSet,
    TimerFired,
)
from router.domain.order import (
    GasPaid,
    OrderStatus,
    Replacement,
    SignedChild,
    TransactionState,
)
from router.domain.plan import CostSplit, NoRouteReason
from router.domain.risk import Assessment
from router.domain.schedule import Schedule
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, BasketId, Pico
from router.state.world import World
from router.tca.concern import parent_of
from router.tca.story import tell
from tests.unit.engine.scene import DOLLAR, LIMITS, PERP, POOL, STARTED, USDC, Driver, order

GAS = GasPaid(atoms=10**14, gas_used=100_000, block_number=8, block_hash="0x08")
PLANNED = BasketPlan((), CostSplit(0, 0, 0, 0), Certificate(Pico(0), Pico(0), Pico(0), (), ""))


class Told(Driver):
    """Tells every event as it is fed, in the order it came."""

    def feed(self, event):
        commands = super().feed(event)
        self.lines = (*getattr(self, "lines", ()), (type(event), tell(event, self.world)))
        return commands

    def line(self, kind):
        """Return what was told of the newest event of a kind."""
        return [line for known, line in self.lines if known is kind][-1]


def begun(parent):
    driver = Told()
    driver.start()
    driver.submit(parent)
    return driver


def test_the_start_and_the_baseline_are_told():
    driver = Told()
    driver.start()

    assert driver.line(EngineStarted) == "engine started"
    assert "baseline" in driver.line(AccountsObserved)


def test_a_start_that_finds_orders_says_that_it_recovers():
    driver = begun(order())

    driver.feed(STARTED)

    assert driver.line(EngineStarted) == "engine started again, recovering"


def test_an_order_is_told_with_its_side_and_its_exact_quantity():
    small = order(quantity=Amount(USDC.id, 5_000 * DOLLAR + 1))

    driver = begun(small)

    assert driver.line(ParentSubmitted) == f"order {small.id}: buy 5000.000001 USDC"


def test_what_was_observed_is_counted():
    driver, parent = begun(order()), order()

    driver.observe(parent)

    assert driver.line(MarketObserved) == "observed 1 pools and 1 books, with 2 accounts"


def test_a_market_that_cannot_be_read_is_told_with_the_reason():
    driver = begun(order())

    driver.feed(ObservationFailed(order().id, "the head is 9 s old", driver.tick()))

    assert driver.line(ObservationFailed) == "no fresh market state: the head is 9 s old"


def test_a_split_is_told_leg_by_leg_with_its_proof():
    driver, parent = begun(order()), order()

    driver.solve(driver.observe(parent), (PERP, 4), (POOL, 6))

    line = driver.line(RouteSolved)
    assert f"4 ETH on {PERP.id}" in line
    assert f"6 ETH on {POOL.id}" in line
    assert "expected slippage 0.00 bps" in line
    assert "proved within 0.0000 bps of the best" in line


def test_no_route_is_told_with_the_reason():
    driver, parent = begun(order()), order()
    driver.observe(parent)

    driver.feed(RouteRefused(parent.id, NoRouteReason.LIMIT_PRICE, "too tight", driver.tick()))

    assert driver.line(RouteRefused) == "no route: too tight"


def sent(driver, parent, instrument):
    (child,) = driver.solve(driver.observe(parent), (instrument, 10))
    driver.sign(child)
    return child


def test_a_child_is_followed_from_its_bytes_to_its_end_and_its_fills_are_told_in_sum():
    driver, parent = begun(order()), order()
    child = sent(driver, parent, PERP)
    driver.acknowledge(child)

    driver.fill(child, 4, name="a")
    first = driver.line(ChildFilled)
    driver.fill(child, 6, name="b")
    driver.end(child, OrderStatus.FILLED)

    assert driver.line(ChildSigned) == f"{child.id} signed at hyperliquid: ref-{child.id}"
    assert driver.line(ChildAcknowledged) == f"{child.id} is at hyperliquid"
    assert first is None
    assert driver.line(ChildEnded) == (
        f"{child.id} filled, 10 ETH for 30000 USDC on {PERP.id} in 2 fills"
    )


def test_a_transaction_is_told_with_its_block_its_gas_and_why_it_failed():
    driver, parent = begun(order()), order()
    child = sent(driver, parent, POOL)

    driver.end(child, OrderStatus.REJECTED, gas=GAS, why="too little received")

    assert driver.line(ChildEnded) == (
        f"{child.id} rejected, mined in block 8, gas 100000, too little received"
    )


def test_doubt_and_its_reason_are_told():
    driver, parent = begun(order()), order()
    child = sent(driver, parent, PERP)

    driver.feed(ChildWentSilent(child.id, "no answer in 5 s", driver.tick()))

    assert driver.line(ChildWentSilent) == (
        f"{child.id} is in doubt, asking the venue: no answer in 5 s"
    )


def test_what_holds_up_a_transaction_and_what_replaces_it_are_told():
    driver, parent = begun(order()), order()
    child = sent(driver, parent, PERP)
    second = SignedChild(child.id, "0xsecond", child.nonce, "bytes", Replacement.BUMP)

    driver.feed(ChildProgressed(child.id, TransactionState.MINED, "in block 9", driver.tick()))
    driver.feed(ChildStuck(child.id, Replacement.BUMP, "unmined for 3 blocks", driver.tick()))
    driver.feed(ChildReplaced(child.id, second, driver.tick()))

    assert driver.line(ChildProgressed) == f"{child.id}: transaction mined: in block 9"
    assert driver.line(ChildStuck) == (
        f"{child.id} is held up, wants to bump: unmined for 3 blocks"
    )
    assert driver.line(ChildReplaced) == f"{child.id} replaced: 0xsecond"


def test_what_was_not_sent_is_told_with_the_reason():
    driver, parent = begun(order()), order()
    (child,) = driver.solve(driver.observe(parent), (POOL, 10))

    driver.feed(ChildNotSent(child.id, "would revert", driver.tick()))

    assert driver.line(ChildNotSent) == f"{child.id} was not sent: would revert"


@pytest.mark.parametrize(("cash", "words"), [(0, "agree with the ledger"), (-1, "FAILED")])
def test_reconciliation_is_told_either_way(cash, words):
    driver, parent = begun(order()), order()
    child = sent(driver, parent, PERP)
    driver.fill(child, 10)
    driver.end(child, OrderStatus.FILLED)

    driver.reconcile(cash=-30_000 * DOLLAR + cash, lots=100_000)

    assert words in driver.line(AccountsObserved)


def whole_story():
    """Return events of every kind, each with the world after it."""
    driver, parent, other = begun(order()), order(), order(name="other")
    child = sent(driver, parent, PERP)
    driver.acknowledge(child)
    driver.fill(child, 10)
    driver.feed(ChildWentSilent(child.id, "timeout", driver.tick()))
    driver.feed(ChildProgressed(child.id, TransactionState.PENDING, "seen", driver.tick()))
    driver.feed(ChildStuck(child.id, Replacement.BUMP, "slow", driver.tick()))
    other_bytes = SignedChild(child.id, "ref-2", child.nonce, "bytes", Replacement.BUMP)
    driver.feed(ChildReplaced(child.id, other_bytes, driver.tick()))
    driver.end(child, OrderStatus.FILLED)
    driver.reconcile(cash=-30_000 * DOLLAR, lots=100_000)
    driver.submit(other)
    driver.feed(ObservationFailed(other.id, "stale", driver.tick()))
    third = order(name="third")
    driver.submit(third)
    driver.observe(third)
    driver.feed(RouteRefused(third.id, NoRouteReason.SOLVER, "no", driver.tick()))
    fourth = order(name="fourth")
    driver.submit(fourth)
    (unsent,) = driver.solve(driver.observe(fourth), (POOL, 10))
    driver.feed(ChildNotSent(unsent.id, "would revert", driver.tick()))
    driver.feed(DeadlinePassed(fourth.id, driver.tick()))
    driver.feed(HourStruck(driver.tick()))
    driver.feed(BaselineAccepted("a deposit", driver.tick()))
    asked(driver, fourth)
    (fill,) = driver.world.children[child.id].fills
    driver.feed(FillVoided(child.id, fill.id, None, "never was", "ann", driver.tick()))
    watched(driver, fourth)
    return driver


def asked(driver, parent):
    """Feed what clients ask for, and what the optimiser says of baskets and schedules."""
    at, basket = driver.tick(), BasketId("pair")
    driver.feed(CancelRequested(parent.id, "c1", "ann", at))
    driver.feed(AmendRequested(parent.id, "a1", Amendment(), "ann", at))
    driver.feed(TimerFired(parent.id, at))
    driver.feed(ChildCancelRefused(driver.world.parents[parent.id].children[0], "late", at))
    driver.feed(BasketSubmitted(Basket(basket, ()), (), at))
    driver.feed(BasketSolved(basket, PLANNED, at))
    driver.feed(BasketRefused(basket, NoRouteReason.SOLVER, "no", at))
    nothing = Schedule((), *(Pico(0),) * 5)
    driver.feed(ScheduleSolved(parent.id, nothing, at))
    driver.feed(ScheduleRefused(parent.id, NoRouteReason.SOLVER, "no", at))


def watched(driver, parent):
    """Feed what those say who watch over the desk."""
    at = driver.tick()
    setting = SwitchSetting(FIRM, TradingState.CANCEL_ONLY, "ann", "a drill", at)
    finding = Finding(Control.DUPLICATE, FIRM, "window_ms", "2000", "500", "the same order again")
    driver.feed(RiskAssessed(Assessment((), (), at)))
    driver.feed(FundingObserved((), at))
    driver.feed(SwitchSet(setting, at))
    driver.feed(LimitsChanged(LIMITS, "ann", at))
    driver.feed(ControlTripped(parent.id, finding, at))


def test_every_kind_of_event_has_a_sentence_but_a_fill_an_hour_and_what_is_measured():
    driver = whole_story()

    told = dict(driver.lines)

    assert told.keys() == set(get_args(Event))
    assert {kind for kind, line in told.items() if line is None} == {
        *(ChildFilled, HourStruck, RiskAssessed, FundingObserved, TimerFired)
    }
    assert all(line and "\n" not in line for line in told.values() if line is not None)


def test_a_switch_limits_and_a_control_are_told_with_who_and_why():
    driver = whole_story()

    assert driver.line(SwitchSet) == "firm is cancel_only: ann: a drill"
    assert driver.line(LimitsChanged) == "limits read anew by ann"
    assert driver.line(ControlTripped) == "control C08-duplicate: the same order again"


def test_every_event_is_somebodys_or_everybodys():
    driver = whole_story()

    owners = {type(event): parent_of(event, driver.world) for event in driver.history}

    everybodys = {kind for kind, owner in owners.items() if owner is None}
    assert everybodys == {
        *(EngineStarted, AccountsObserved, HourStruck, BaselineAccepted),
        *(RiskAssessed, FundingObserved, SwitchSet, LimitsChanged),
        *(BasketSubmitted, BasketSolved, BasketRefused),
    }
    assert set(owners.values()) - {None} <= set(driver.world.parents)
    assert owners[ChildSigned] == order().id
    assert owners[ObservationFailed] == order(name="other").id
    assert parent_of(STARTED, World()) is None
