from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.event import (
    ChildFilled,
    ChildNotSent,
    ChildReplaced,
    ChildWentSilent,
    MarketObserved,
    SwitchSet,
)
from router.domain.order import Fill, OrderStatus, Replacement, SignedChild
from router.domain.plan import Hop
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, DurationNs, InstrumentId, Side, TimestampNs
from router.state.activity import booked, folded, impact_pips, opposes
from router.state.counts import WINDOWS, Activity, Measure
from router.state.table import Table
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    ETHER,
    MID,
    PERP,
    POOL,
    T0,
    USDC,
    Driver,
    emptied,
    leg,
    observation,
    order,
)
from tests.unit.engine.story import GAS, executed_perp_leg, executed_pool_leg, settled
from tests.unit.risk.controls.scene import STRATEGY, VENUE, costing, desk, firm

S = 10**9
WHOLE = {measure: w.part_ns * w.parts_count for measure, w in WINDOWS.items()}
moments = st.lists(
    st.tuples(st.integers(0, 3 * 86_400 * S), st.integers(1, 10**9)), min_size=1, max_size=30
)


@given(st.sampled_from(Measure), moments)
def test_a_total_is_never_less_than_what_was_and_never_more_than_a_part_longer(measure, events):
    events.sort()
    activity, now = Activity(), events[-1][0]
    for at, count in events:
        activity = activity.added(measure, FIRM, TimestampNs(at), count=count)

    total = activity.total(measure, FIRM, TimestampNs(now))

    window, part = WHOLE[measure], WINDOWS[measure].part_ns
    assert total >= sum(n for at, n in events if at > now - window)
    assert total <= sum(n for at, n in events if at > now - window - part)


@given(st.sampled_from(Measure), st.integers(100, 300))
def test_memory_is_bounded_by_the_window_and_not_by_what_happens(measure, count):
    activity, part = Activity(), WINDOWS[measure].part_ns
    for number in range(count * 3):
        activity = activity.added(measure, FIRM, TimestampNs(number * part // 2), count=1)

    (tally,) = activity.tallies.values()
    assert len(tally) <= WINDOWS[measure].parts_count + 1


def test_what_nobody_adds_to_is_forgotten():
    activity = Activity()
    for number in range(50):
        scope = Scope(ScopeKind.STRATEGY, f"s{number}")
        at = TimestampNs(number * WHOLE[Measure.ORDERS])
        activity = activity.added(Measure.ORDERS, scope, at, count=1)

    assert len(activity.tallies) <= 3


def test_time_that_goes_backwards_loses_nothing():
    activity = Activity().added(Measure.ORDERS, FIRM, TimestampNs(100 * S), count=1)
    activity = activity.added(Measure.ORDERS, FIRM, TimestampNs(90 * S), count=1)

    assert activity.total(Measure.ORDERS, FIRM, TimestampNs(100 * S)) == 2


@pytest.mark.parametrize("measure", Measure)
def test_a_clock_that_was_far_ahead_and_is_right_again_does_not_block_until_its_time_has_come(
    measure,
):
    year, minute = 365 * 86_400 * S, 60 * S
    activity = Activity().added(measure, FIRM, TimestampNs(year), count=5)

    activity = activity.added(measure, FIRM, TimestampNs(minute), count=1)
    assert activity.total(measure, FIRM, TimestampNs(minute)) == 6  # as if it had been now

    later = TimestampNs(minute + WHOLE[measure] + 2 * WINDOWS[measure].part_ns)
    assert activity.total(measure, FIRM, later) == 0


def test_a_shorter_time_is_a_part_of_the_window():
    activity = Activity()
    for second in range(10):
        activity = activity.added(Measure.MESSAGES, FIRM, TimestampNs(second * S), count=1)

    at = TimestampNs(9 * S)
    assert activity.total(Measure.MESSAGES, FIRM, at) == 10
    assert activity.total(Measure.MESSAGES, FIRM, at, within=DurationNs(2 * S)) == 3


def test_fills_gas_and_children_of_an_order_are_counted_for_all_that_took_part():
    driver, parent = Driver(), order()
    driver.start()
    executed_perp_leg(driver, parent)
    executed_pool_leg(driver, parent, 6)
    driver.reconcile(**settled(6, 4))
    now, activity = TimestampNs(driver.now), driver.world.activity

    def notional(scope):
        return activity.total(Measure.NOTIONAL, scope, now, asset=USDC.id)

    assert notional(FIRM) == notional(STRATEGY) == 30_000 * DOLLAR
    assert notional(VENUE) == 12_000 * DOLLAR
    assert notional(Scope(ScopeKind.INSTRUMENT, POOL.id)) == 18_000 * DOLLAR
    chain = Scope(ScopeKind.ACCOUNT, CHAIN)
    gas = [activity.total(m, chain, now) for m in (Measure.GAS_HOUR, Measure.GAS_DAY)]
    assert gas == [GAS.atoms, GAS.atoms]
    assert activity.total(Measure.GAS_DAY, VENUE, now) == 0
    assert activity.total(Measure.CHILDREN, parent.id, now) == 2
    assert activity.total(Measure.MESSAGES, FIRM, now) == 1  # the other is ten seconds old
    assert activity.total(Measure.ORDERS, FIRM, now) == 1
    assert activity.total(Measure.ENDED, FIRM, now) == 2
    assert activity.total(Measure.UNFILLED, FIRM, now) == 0
    assert [seen.id for seen in activity.seen] == [parent.id]


def test_profit_and_loss_is_counted_as_it_is_booked():
    driver, parent = Driver(), order()
    driver.start()
    executed_perp_leg(driver, parent)
    now = TimestampNs(driver.now)

    counted = driver.world.activity.total(Measure.RESULT, FIRM, now, asset=USDC.id)

    assert counted == booked(driver.world.profit).get(USDC.id, 0)
    assert driver.world.activity.result == booked(driver.world.profit)


def started_child(driver):
    driver.start()
    driver.submit(order())
    (child,) = driver.solve(driver.observe(order()), (PERP, 4), (POOL, 6))
    return child


def test_errors_are_counted_once_each_and_pardoned_by_a_person():
    driver = Driver()
    child = started_child(driver)
    signed = driver.sign(child)
    driver.feed(ChildWentSilent(child.id, "no answer", driver.tick()))
    driver.feed(ChildWentSilent(child.id, "no answer yet", driver.tick()))
    now = TimestampNs(driver.now)
    assert signed.child == child.id
    assert driver.world.activity.total(Measure.ERRORS, VENUE, now) == 1

    setting = SwitchSetting(VENUE, TradingState.ACTIVE, "anna", "it is well", T0)
    driver.feed(SwitchSet(setting, driver.tick()))

    assert driver.world.activity.total(Measure.ERRORS, VENUE, TimestampNs(driver.now)) == 0
    assert driver.world.activity.total(Measure.ERRORS, FIRM, TimestampNs(driver.now)) == 1


def test_what_was_not_sent_is_an_error_and_a_replacement_a_message():
    driver = Driver()
    child = started_child(driver)
    driver.feed(ChildNotSent(child.id, "would not leave", driver.tick()))
    assert driver.world.activity.total(Measure.ERRORS, VENUE, TimestampNs(driver.now)) == 1

    again = Driver()
    child = started_child(again)
    again.sign(child)
    second = SignedChild(child.id, "ref-2", child.nonce, "bytes", Replacement.BUMP)
    again.feed(ChildReplaced(child.id, second, again.tick()))
    assert again.world.activity.total(Measure.MESSAGES, VENUE, TimestampNs(again.now)) == 2


def lost(dollars, driver, name):
    """Fill a child of four ether for so much more than it was quoted."""
    (child,) = driver.tell(order(4, name=name), ((PERP, 4),))
    driver.sign(child)
    driver.acknowledge(child)
    fill = Fill(
        id=f"f-{child.id}",
        child=child.id,
        instrument=PERP.id,
        quantity=Amount(ETH.id, 4 * ETHER),
        notional=Amount(USDC.id, (12_000 + dollars) * DOLLAR),
        fee=Amount(USDC.id, 0),
        at_venue=T0,
    )
    driver.feed(ChildFilled(child.id, fill, driver.tick()))
    driver.end(child, OrderStatus.FILLED)


def test_slices_that_lose_are_counted_in_a_row_until_one_does_not():
    # Ten basis points of 12,000 dollars are 12.
    made = desk(firm(losing_slices_max=9, losing_slice_pips=1_000))
    counted = []
    for number, dollars in enumerate((12, 12, 11, 12, 12)):
        lost(dollars, made, f"n{number}")
        counted.append(made.world.activity.losing.get("default", 0))
        made.world = emptied(made.world)

    assert counted == [1, 2, 0, 1, 2]


def test_a_person_who_enables_a_strategy_begins_its_count_anew():
    made = desk(firm(losing_slices_max=9, losing_slice_pips=0))
    lost(5, made, "one")
    assert made.world.activity.losing == {"default": 1}

    setting = SwitchSetting(STRATEGY, TradingState.ACTIVE, "anna", "looked at it", T0)
    made.feed(SwitchSet(setting, made.tick()))

    assert made.world.activity.losing == {}


def test_how_far_legs_move_a_price_is_rounded_up():
    legs = [leg(PERP, Amount(ETH.id, ETHER)), leg(PERP, Amount(ETH.id, 2 * ETHER))]
    for impact in (1, 30 * DOLLAR, 31 * DOLLAR):
        moved = [replace(x, cost=replace(x.cost, impact=impact)) for x in legs]
        exact = Fraction(2 * impact * 10**6, 9_000 * DOLLAR)
        assert 0 <= impact_pips(moved, MID) - exact < 1


def test_impact_is_remembered_of_the_market_that_was_moved():
    made = desk(firm())
    made.tell(order(), change=costing(30 * DOLLAR))

    at = TimestampNs(made.now)
    moved = made.world.activity.total(Measure.IMPACT, Scope(ScopeKind.INSTRUMENT, PERP.id), at)
    # 30 dollars of 12,000; the pool's leg is of a later stage, and not sent yet.
    assert moved == 2_500
    other = Scope(ScopeKind.INSTRUMENT, POOL.id)
    assert made.world.activity.total(Measure.IMPACT, other, at) == 0


def test_what_goes_over_several_pools_counts_for_each_of_them():
    first, second = (replace(POOL, id=InstrumentId(name)) for name in ("first", "second"))
    made, hop = desk(firm()), Amount(USDC.id, 1)
    (child,) = made.tell(order(), ((POOL, 10),), change=costing(30))
    state = made.world.children[child.id]
    hops = (Hop(first, hop, hop), Hop(second, hop, hop))
    over = replace(child, legs=tuple(replace(x, hops=hops) for x in child.legs))
    changed = made.world.with_child(replace(state, order=over))
    before = replace(made.world, children=Table(), activity=Activity())
    made.world = replace(changed, activity=folded(before, changed, made.history[-1]))
    made.sign(over)
    made.acknowledge(over)
    made.fill(over, 10)

    activity, at = made.world.activity, TimestampNs(made.now)
    for name in ("first", "second"):
        scope = Scope(ScopeKind.INSTRUMENT, name)
        dollars = activity.total(Measure.NOTIONAL, scope, at, asset=USDC.id)
        assert dollars == 30_000 * DOLLAR
        assert activity.total(Measure.IMPACT, scope, at) == 1


def test_a_mark_is_what_a_lot_is_worth():
    driver = Driver()
    driver.start()
    driver.submit(order())
    driver.feed(MarketObserved(order().id, observation(), driver.tick()))

    # A lot is a ten thousandth of an ether, at 3,000.
    assert driver.world.activity.marks == {PERP.id: 300_000}


def test_orders_oppose_each_other_whichever_way_their_pair_is_written():
    one, markets = order(), (POOL, PERP)

    assert opposes(one, order(side=Side.SELL), markets)
    assert not opposes(one, order(), markets)
    assert opposes(one, order(base=USDC.id, quote=ETH.id), markets)
    assert not opposes(one, order(base=USDC.id, quote=ETH.id, side=Side.SELL), markets)
    assert not opposes(one, order(side=Side.SELL, base="BTC"), markets)
    here, there = order(venues=(PERP.venue,)), order(side=Side.SELL, venues=(POOL.venue,))
    assert not opposes(here, there, markets)
