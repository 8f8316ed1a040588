from dataclasses import replace

from router.domain.algo import LimitUntil, Pov, Twap
from router.domain.command import ObserveMarket, ReportParent, WakeAt
from router.domain.control import Control
from router.domain.event import (
    ControlTripped,
    MarketObserved,
    ObservationFailed,
    RouteRefused,
    SwitchSet,
    TimerFired,
)
from router.domain.observation import Volume
from router.domain.order import OrderStatus
from router.domain.plan import NoRouteReason
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import NS_PER_S, Amount, DurationNs, Pips, TimestampNs
from router.state.world import Phase
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, PERP, POOL, STARTED, T0, Driver, order
from tests.unit.risk.controls import scene as controls

SECOND = NS_PER_S


def later(seconds):
    return TimestampNs(T0 + seconds * SECOND)


def twap(*, start_s=0, end_s=400, interval_s=100, catch_up=0):
    return Twap(later(start_s), later(end_s), DurationNs(interval_s * SECOND), Pips(catch_up))


def buy(algo, ethers=8, deadline_s=500):
    return order(ethers, algo=algo, deadline_at=later(deadline_s), venues=(PERP.venue,))


class Slices(Driver):
    """A driver that takes an order from slice to slice."""

    def parent(self, asked):
        return self.world.parents[asked.id]

    def wake(self, asked, seconds=None):
        due = self.parent(asked).wake_at
        self.now = max(self.now, due if seconds is None else later(seconds))
        return self.feed(TimerFired(asked.id, TimestampNs(self.now)))

    def plan(self, asked, ethers):
        (child,) = self.solve(self.observe(asked), (PERP, ethers))
        self.sign(child)
        self.acknowledge(child)
        return child

    def trade(self, asked, ethers, *, fills=None):
        child = self.plan(asked, ethers)
        done = ethers if fills is None else fills
        if done:
            self.fill(child, done)
        status = OrderStatus.FILLED if done == ethers else OrderStatus.CANCELED
        self.end(child, status)
        return child


def begun(algo, **changes):
    driver = Slices()
    driver.start()
    asked = buy(algo, **changes)
    driver.submit(asked)
    return driver, asked


def is_over(driver, asked, status):
    state = driver.parent(asked)
    return (state.phase, state.outcome) == (Phase.RECONCILING, status)


def test_a_twap_trades_slice_by_slice_and_ends_filled():
    driver, asked = begun(twap())
    names = []

    for number in range(4):
        problem_left = driver.parent(asked)
        assert problem_left.phase is Phase.OBSERVING
        names.append(driver.trade(asked, 2).id)
        if number < 3:
            state = driver.parent(asked)
            assert state.phase is Phase.WAITING
            assert state.wake_at == later(100 * (number + 1))
            driver.wake(asked)

    assert is_over(driver, asked, OrderStatus.FILLED)
    assert names == [f"{asked.id}.{n}.1.0.0" for n in (1, 2, 3, 4)]


def test_only_what_is_released_is_planned():
    driver, asked = begun(twap())

    assert driver.observe(asked).quantity.atoms == 2 * ETHER


def test_each_slice_is_told():
    driver, asked = begun(twap())

    driver.trade(asked, 2)

    told = [c.message for c in driver.commands if isinstance(c, ReportParent)]
    assert any(m.startswith("slice 1 of 4: ") and m.endswith(" 0 bps behind") for m in told)


def test_an_order_waits_for_its_start():
    driver, asked = begun(twap(start_s=50, end_s=450))

    assert driver.parent(asked).phase is Phase.WAITING
    assert WakeAt(asked.id, later(50)) in driver.commands

    driver.wake(asked)
    assert driver.parent(asked).phase is Phase.OBSERVING


def test_a_timer_that_comes_early_is_set_again():
    driver, asked = begun(twap(start_s=50, end_s=450))

    driver.feed(TimerFired(asked.id, later(49)))

    assert driver.commands == (WakeAt(asked.id, later(50)),)


def test_a_refused_slice_waits_for_the_next_and_is_named_anew():
    driver, asked = begun(twap(catch_up=1_000_000))
    problem = driver.observe(asked)

    why = NoRouteReason.NO_LIQUIDITY
    driver.feed(RouteRefused(problem.parent, why, "nothing there", driver.tick()))

    assert driver.parent(asked).phase is Phase.WAITING
    driver.wake(asked)
    assert driver.observe(asked).quantity.atoms == 4 * ETHER  # both slices


def test_a_slice_that_may_release_no_more_is_a_slice_of_its_own():
    driver, asked = begun(twap(catch_up=0))
    first = driver.trade(asked, 2, fills=0)
    again = driver.trade(asked, 2, fills=0)  # the second round of the first slice
    driver.wake(asked)

    second = driver.trade(asked, 2, fills=0)

    assert len({first.id, again.id, second.id}) == 3


def test_a_market_that_cannot_be_read_is_looked_at_again():
    driver, asked = begun(twap())
    driver.trade(asked, 2)
    driver.wake(asked)

    driver.feed(ObservationFailed(asked.id, "too old", driver.tick()))

    assert driver.parent(asked).phase is Phase.WAITING
    assert driver.parent(asked).outcome is None


def test_a_market_that_cannot_be_read_at_first_does_not_end_it():
    driver, asked = begun(twap())

    driver.feed(ObservationFailed(asked.id, "too old", driver.tick()))

    assert driver.parent(asked).phase is Phase.WAITING
    driver.wake(asked)
    assert driver.observe(asked).quantity.atoms == 2 * ETHER


def test_intervals_that_were_slept_through_are_not_made_up_for_all_at_once():
    driver, asked = begun(twap(catch_up=500_000))
    driver.trade(asked, 2)

    driver.wake(asked, seconds=290)

    assert driver.observe(asked).quantity.atoms == 3 * ETHER
    assert driver.parent(asked).wake_at == later(300)


def test_the_last_slice_takes_the_rest_and_tries_once_more_at_the_end():
    driver, asked = begun(twap(catch_up=0))
    driver.trade(asked, 2)

    driver.wake(asked, seconds=310)
    problem = driver.observe(asked)
    assert problem.quantity.atoms == 6 * ETHER
    driver.feed(RouteRefused(asked.id, NoRouteReason.NO_LIQUIDITY, "nothing", driver.tick()))
    assert driver.parent(asked).wake_at == later(400)

    driver.wake(asked)
    driver.trade(asked, 6)
    assert is_over(driver, asked, OrderStatus.FILLED)


def test_what_the_end_could_not_trade_is_given_back():
    driver, asked = begun(twap(catch_up=0))
    driver.trade(asked, 2)
    driver.wake(asked, seconds=400)

    problem = driver.observe(asked)
    why = NoRouteReason.NO_LIQUIDITY
    driver.feed(RouteRefused(problem.parent, why, "nothing", driver.tick()))

    assert is_over(driver, asked, OrderStatus.CANCELED)


def test_a_switch_ends_it_between_two_slices():
    driver, asked = begun(twap())
    driver.trade(asked, 2)

    setting = SwitchSetting(FIRM, TradingState.HALTED, "ann", "enough", driver.tick())
    driver.feed(SwitchSet(setting, driver.tick()))

    assert is_over(driver, asked, OrderStatus.CANCELED)


def test_a_restart_between_two_slices_sets_the_timer_and_goes_on():
    driver, asked = begun(twap())
    driver.trade(asked, 2)

    driver.feed(replace(STARTED, at=driver.tick()))
    assert WakeAt(asked.id, later(100)) in driver.commands
    lots = 2 * ETHER // PERP.lot_atoms
    driver.reconcile(lots=lots, cash=-6_000 * DOLLAR, later=100 * SECOND)
    driver.wake(asked, seconds=150)

    assert driver.command(ObserveMarket).parent == asked.id
    assert driver.parent(asked).slices == 2


def test_a_limit_is_tried_at_every_look_under_a_name_of_its_own():
    driver, asked = begun(LimitUntil(DurationNs(10 * SECOND)), ethers=4, deadline_s=60)
    names = [driver.trade(asked, 4, fills=1).id, driver.trade(asked, 3, fills=0).id]
    assert driver.parent(asked).phase is Phase.WAITING

    driver.wake(asked)
    names.append(driver.trade(asked, 3).id)

    assert is_over(driver, asked, OrderStatus.FILLED)
    assert len(set(names)) == 3


def test_a_limit_ends_with_its_deadline():
    driver, asked = begun(LimitUntil(DurationNs(50 * SECOND)), ethers=4, deadline_s=60)
    for _ in range(2):
        problem = driver.observe(asked)
        why = NoRouteReason.LIMIT_PRICE
        driver.feed(RouteRefused(problem.parent, why, "too dear", driver.tick()))
        if driver.parent(asked).phase is Phase.WAITING:
            driver.wake(asked)

    state = driver.parent(asked)
    assert (state.phase, state.status) == (Phase.DONE, OrderStatus.EXPIRED)


def test_nothing_is_planned_twice_for_one_observation():
    driver, asked = begun(twap())
    driver.observe(asked)
    before = driver.world

    driver.feed(MarketObserved(asked.id, driver.seen(), driver.tick()))

    assert driver.commands == ()
    assert driver.world.parents[asked.id] == before.parents[asked.id]
    assert ControlTripped.__name__ not in {type(e).__name__ for e in driver.history}


class Busy(Slices):
    """Slices in a market whose volume is told."""

    run = "first"
    traded = 0

    def seen(self):
        told = Volume(PERP.id, Amount(ETH.id, self.traded * ETHER), self.run)
        return replace(super().seen(), volumes=(told,))


def test_a_share_of_the_volume_goes_on_with_another_process_that_counts_anew():
    desk = Busy()
    desk.start()
    algo = Pov(
        later(0), later(400), DurationNs(50 * SECOND), Pips(100_000), Pips(20_000), Pips(1_000_000)
    )
    asked = buy(algo, ethers=50)
    desk.submit(asked)
    desk.traded = 1_000  # before it began
    desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))
    assert desk.parent(asked).phase is Phase.WAITING

    desk.wake(asked)
    desk.traded += 90
    assert desk.observe(asked).quantity.atoms == 10 * ETHER
    (child,) = desk.solve(desk.parent(asked).problem, (PERP, 10))
    desk.sign(child)
    desk.acknowledge(child)
    desk.fill(child, 10)
    desk.end(child, OrderStatus.FILLED)

    desk.feed(replace(STARTED, at=desk.tick()))
    lots = 10 * ETHER // PERP.lot_atoms
    desk.reconcile(lots=lots, cash=-30_000 * DOLLAR, later=100 * SECOND)
    desk.run, desk.traded = "second", 7
    desk.wake(asked)
    desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))
    assert desk.parent(asked).phase is Phase.WAITING, "nothing is known to have traded since"

    desk.wake(asked)
    desk.traded += 45
    assert desk.observe(asked).quantity.atoms == 5 * ETHER


def test_a_rest_that_no_venue_of_the_order_takes_is_not_looked_at_until_the_deadline():
    desk = Slices()
    desk.start()
    rest = PERP.lot_atoms // 10  # a pool would take it; the order allows none
    asked = buy(LimitUntil(DurationNs(5 * SECOND)), ethers=2)
    asked = replace(asked, quantity=Amount(ETH.id, 2 * ETHER + rest))
    desk.submit(asked)

    desk.trade(asked, 2)

    assert is_over(desk, asked, OrderStatus.CANCELED)


class Venues(Slices):
    """A driver with all markets, each of which trades; shows what was asked for."""

    traded = 0

    def seen(self):
        told = (
            Volume(each, Amount(ETH.id, self.traded * ETHER), "run")
            for each in self.command(ObserveMarket).instruments
        )
        return replace(super().seen(), volumes=tuple(told))


def test_a_share_of_the_volume_goes_on_where_a_slice_came_to_the_later_venues():
    desk = Venues()
    desk.start()
    algo = Pov(
        later(0), later(400), DurationNs(50 * SECOND), Pips(100_000), Pips(20_000), Pips(1_000_000)
    )
    asked = order(80, algo=algo, deadline_at=later(500))
    desk.submit(asked)
    desk.feed(MarketObserved(asked.id, desk.seen(), desk.tick()))
    begun_with = desk.parent(asked).volumes

    for number in (1, 2):  # others trade 9 at each of two markets, so 2 are due of 20
        desk.traded += 9 + number - 1
        desk.wake(asked)
        (child,) = desk.solve(desk.observe(asked), (PERP, 2))
        desk.sign(child)
        desk.acknowledge(child)
        desk.end(child, OrderStatus.CANCELED, why="nothing there")
        assert desk.command(ObserveMarket).instruments == (POOL.id,)
        (child,) = desk.solve(desk.observe(asked), (POOL, 2))
        desk.sign(child)
        desk.acknowledge(child)
        desk.fill(child, 2)
        desk.end(child, OrderStatus.FILLED)
        assert desk.parent(asked).volumes == begun_with
        assert desk.parent(asked).released.atoms == 2 * number * ETHER


def test_a_price_that_nobody_vouches_for_lets_it_wait_for_its_next_slice():
    made = controls.desk(controls.firm(collar_book_pips=10_000))
    asked = buy(twap(catch_up=1_000_000))
    fresh = made.seen()
    newer = tuple(replace(a, at_venue=later(300)) for a in fresh.accounts)
    stale = replace(
        fresh,
        pools=(),
        accounts=newer,
        contexts=tuple(replace(c, received_at=TimestampNs(0)) for c in fresh.contexts),
        books=tuple(
            replace(b, received_at=TimestampNs(0), at_venue=TimestampNs(0)) for b in fresh.books
        ),
    )

    (child,) = made.tell(asked, ((PERP, 2),))
    made.sign(child)
    made.acknowledge(child)
    made.fill(child, 2)
    made.end(child, OrderStatus.FILLED)
    made.now = later(100)
    made.feed(TimerFired(asked.id, later(100)))

    assert made.plan(asked, seen=stale) == []

    (finding,) = made.findings
    assert (finding.control, finding.value) == (Control.PRICE_COLLAR, "no reference")
    state = made.world.parents[asked.id]
    assert (state.phase, state.wake_at) == (Phase.WAITING, later(200))
