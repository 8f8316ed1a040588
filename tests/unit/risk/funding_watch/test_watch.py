from dataclasses import replace
from fractions import Fraction
from statistics import mean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.command import RaiseAlarm
from router.domain.event import EngineStarted, FundingObserved
from router.domain.funding import FundingKind, FundingState
from router.domain.units import PICO_PER_UNIT, Pico, TimestampNs
from router.risk.funding_watch.spread import Z_MOST, deviates, spread_of, z_hundredths
from router.risk.funding_watch.watch import alarms_of, watched, watchlist
from router.state.funding import HOUR_NS, FundingMemory, folded
from tests.unit.engine.scene import DOLLAR, ETH, LIMITS, MARGIN, PERP, POOL, T0, Driver
from tests.unit.risk.funding_watch.series import CAP, OTHERS, OWN, RULES, START, desk, sample

BASELINE = 12_500_000  # 0.01 % in eight hours, pico an hour
PER_HOUR = PICO_PER_UNIT // 100 // 8  # 1 % in eight hours


def told(hour, own, others=(BASELINE, BASELINE), *, minute=30):
    at = (START + hour) * HOUR_NS + minute * HOUR_NS // 60
    samples = [sample(OWN, Pico(own), at)]
    samples += [sample(name, Pico(rate), at) for name, rate in zip(OTHERS, others, strict=False)]
    return FundingObserved(tuple(samples), TimestampNs(at))


def after(world, *events):
    """Return the world after events, and what each of them alarmed."""
    alarms = []
    for event in events:
        memory, heard = watched(world, event)
        world = replace(world, funding=memory)
        alarms.append(heard)
    return world, alarms


def state_of(world):
    return world.funding.standings[PERP.id].state


def test_a_spread_beyond_its_bounds_is_watched_then_alarmed_and_told_once():
    # 0.05 % and 0.25 % are the bounds: 0.0501 % and 0.2501 % above the others are beyond them.
    watch, alarm = 501 * 10**6 // 8 + 1, 2_501 * 10**6 // 8 + 1

    world, alarms = after(
        desk(),
        told(0, BASELINE),
        told(1, BASELINE + watch),
        told(2, BASELINE + watch),
        told(3, BASELINE - alarm),
    )

    assert [len(heard) for heard in alarms] == [0, 1, 0, 1]
    assert "is watched (was quiet): its spread of 8 h is 0.05" in alarms[1][0]
    assert "is alarmed (was watched)" in alarms[3][0]
    assert state_of(world) is FundingState.ALARMED


def test_at_the_bound_nothing_is_said():
    _, alarms = after(desk(), told(0, BASELINE + 500 * 10**6 // 8))

    assert alarms == [()]


def test_a_state_is_left_step_by_step_after_calm_hours():
    loud, calm = told(0, BASELINE + PER_HOUR), [told(hour, BASELINE) for hour in range(1, 20)]
    world, _ = after(desk(), loud)
    states = []
    for event in calm:
        world, heard = after(world, event)
        assert heard == [()]
        states.append(state_of(world))

    # Six calm hours each: alarmed until hour 5, watched until hour 11.
    assert states[:5] == [FundingState.ALARMED] * 5
    assert states[5:11] == [FundingState.WATCHED] * 6
    assert states[11:] == [FundingState.QUIET] * 8


def test_a_state_that_is_called_for_again_meanwhile_stays_and_is_not_told_again():
    loud = BASELINE + PER_HOUR
    world, alarms = after(desk(), *(told(h, loud if h % 5 == 0 else BASELINE) for h in range(30)))

    assert state_of(world) is FundingState.ALARMED
    assert [bool(heard) for heard in alarms] == [True] + [False] * 29


def test_half_of_the_venues_cap_is_alarmed_even_where_all_pay_it():
    near = CAP // 2 + 1
    _, alarms = after(desk(), told(0, near, (near, near)))
    _, silent = after(desk(), told(0, near - 1, (near - 1, near - 1)))

    assert "beyond half of what the venue allows" in alarms[0][0]
    assert silent == [()]


def test_what_a_day_costs_the_account_is_alarmed_whoever_else_pays_it():
    # At 5 times leverage a day costs 5 * 24 * rate of the equity; 2 % of it is the bound.
    rate = PICO_PER_UNIT // 50 // (5 * 24) + 10
    long, short = desk(ethers=100, leverage=5), desk(ethers=-100, leverage=5)

    _, paying = after(long, told(0, rate, (rate, rate)))
    _, paid = after(short, told(0, rate, (rate, rate)))
    less = rate // 2 - 10
    _, half = after(long, told(0, less, (less, less)))

    assert "is alarmed" in paying[0][0]
    assert "a day of funding costs the account more than 2.0000 % of its equity" in paying[0][0]
    assert paid == [()]
    assert half == [()]


def test_hours_until_the_soft_zone_are_alarmed_below_their_bound():
    # 100 ether at 3,000: maintenance 6,000 dollars, so the zone of 60 % begins at 10,000 of equity.
    rules = replace(RULES, cost_max_pips=10**6)  # or a day's cost would speak first
    world = desk(ethers=100, rules=rules)
    equity = 14_700 * DOLLAR  # 4,700 dollars last 47 hours at 100 an hour: 300,000 * 1/3,000
    account = replace(world.assessment.accounts[0], equity_atoms=equity)
    world = replace(world, assessment=replace(world.assessment, accounts=(account,)))
    rate = PICO_PER_UNIT // 3_000
    world, alarms = after(world, told(0, rate, (rate, rate)))

    assert "takes the account to its limits in 47 h" in alarms[0][0]
    (row,) = watchlist(world, TimestampNs(START * HOUR_NS + HOUR_NS // 2))
    assert row.hours_left == 47


def test_a_position_that_was_paid_and_now_pays_is_watched():
    # The short received the baseline; now it pays 0.03 % in eight hours, more than noise explains.
    day = [told(hour, BASELINE) for hour in range(24)]
    turned = [told(24 + hour, -300 * 10**6 // 8) for hour in range(3)]

    _, of_short = after(desk(ethers=-10, leverage=2), *day, *turned)
    _, of_long = after(desk(ethers=10, leverage=2), *day, *turned)

    assert not any(of_short[:-1])
    assert "our position is paid no more, it pays" in of_short[-1][0]
    assert not any("no more" in alarm for alarm in of_long[-1])


def test_hours_on_one_side_count_where_they_cost_us():
    against = BASELINE + 300 * 10**6 // 8  # 0.03 %: beyond noise, below the bound of the spread
    hours = [told(hour, against) for hour in range(4)]

    _, of_long = after(desk(ethers=10, leverage=2), *hours)
    _, of_short = after(desk(ethers=-10, leverage=2), *hours)

    assert [bool(heard) for heard in of_long] == [False, False, True, False]
    assert "against us for 3 h" in of_long[2][0]
    assert not any(of_short)


def test_an_unusual_spread_is_watched_below_its_bound():
    quiet = [told(hour, BASELINE + (-1) ** hour * 10**6) for hour in range(48)]
    unusual = [told(48 + hour, BASELINE + 400 * 10**6 // 8) for hour in range(3)]

    _, alarms = after(desk(), *quiet, *unusual)

    assert not any(alarms[:-1])
    assert "standard deviations from usual" in alarms[-1][0]


def test_a_spike_of_an_hour_is_no_days_cost():
    day = [told(hour, BASELINE) for hour in range(24)]
    spike = PICO_PER_UNIT // 2_000  # 0.05 %: at 5 times leverage 6 % of the equity in a day

    world = desk(ethers=100, leverage=5)
    _, alarms = after(world, *day, told(24, spike, (spike, spike)), told(25, BASELINE))
    _, lasting = after(world, *day, *(told(24 + h, spike, (spike, spike)) for h in range(3)))

    assert not any(alarms)
    assert [bool(heard) for heard in lasting[24:]] == [False, False, True]


def test_without_rules_rates_are_remembered_and_nothing_is_said():
    world, alarms = after(desk(rules=None), told(0, CAP))

    assert alarms == [()]
    assert len(watchlist(world, TimestampNs(START * HOUR_NS + HOUR_NS))) == 1
    assert world.funding.standings == {}


def test_rates_that_are_old_are_not_judged():
    world, _ = after(desk(), told(0, CAP))
    late = TimestampNs((START + 3) * HOUR_NS)

    assert spread_of(world.funding, world.funding.own[PERP.id], late) is None
    assert watchlist(world, late) == ()


def test_a_row_tells_what_an_officer_asks():
    world = desk(ethers=-100, leverage=5)
    settled = sample(OWN, Pico(-PER_HOUR), START * HOUR_NS, FundingKind.REALISED)
    first = FundingObserved((settled,), TimestampNs(START * HOUR_NS + 1))
    world, _ = after(world, first, told(0, -PER_HOUR, (BASELINE, 3 * BASELINE)))
    (row,) = watchlist(world, TimestampNs(START * HOUR_NS + HOUR_NS // 2))

    assert (row.asset, row.source, row.instrument) == (ETH.id, OWN, PERP.id)
    assert row.state is FundingState.ALARMED
    assert row.realised_per_hour == -PER_HOUR
    assert dict(row.others) == {OTHERS[0]: BASELINE, OTHERS[1]: 3 * BASELINE}
    # -1 % less the median 2 baselines of 0.01 %: -1.02 % in eight hours.
    assert row.spread_pips == -10_200
    assert row.notional_atoms == -300_000 * DOLLAR
    # 300,000 dollars at 0.125 % an hour: 375 an hour.
    assert row.day_atoms == 24 * 375 * DOLLAR
    assert row.year_atoms == 8_760 * 375 * DOLLAR
    assert row.year_pips == -10_950_000  # 0.125 % times 8,760 is 1,095 %
    assert row.z_hundredths is None
    # Equity 60,000 and 10,000 where the soft zone begins: 50,000 at 375 an hour.
    assert row.hours_left == 133


def test_intervals_do_not_matter_for_what_is_compared():
    # The same rate an hour, settled every eight hours there and hourly here: no spread.
    world, _ = after(desk(), told(0, PER_HOUR, (PER_HOUR, PER_HOUR)))
    spread = spread_of(
        world.funding, world.funding.own[PERP.id], world.funding.latest(ETH.id, OWN, T0).at
    )

    assert spread.now == 0


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=24, max_size=60),
    st.integers(-(10**10), 10**10),
)
def test_deviations_are_those_of_the_textbook(values, now):
    past = tuple(enumerate(values))
    exact = [Fraction(value) for value in values]
    spread_squared = variance(exact)

    for z in (100, 300, 600):
        off = (now - mean(exact)) ** 2
        assert deviates(now, past, z) == (off > Fraction(z, 100) ** 2 * spread_squared)
    found = z_hundredths(now, past)
    assert found == 0 or deviates(now, past, found)
    assert found == Z_MOST or not deviates(now, past, found + 1)


def test_a_short_past_proves_nothing():
    assert not deviates(10**9, tuple(enumerate([0] * 23)), 1)
    assert z_hundredths(10**9, tuple(enumerate([0] * 23))) is None
    assert deviates(10**9, tuple(enumerate([0] * 24)), 1)


def test_the_engine_alarms_and_remembers_and_a_replay_is_the_same():
    started = EngineStarted("journal", (POOL, PERP), replace(LIMITS, funding=RULES), "test", T0)
    events = (told(0, BASELINE), told(1, CAP))
    drivers = Driver(), Driver()
    for driver in drivers:
        driver.feed(started)
        driver.reconcile()
        for event in events:
            driver.feed(event)

    driver, other = drivers
    assert "is alarmed" in driver.command(RaiseAlarm).message
    assert driver.world.funding.standings[PERP.id].state is FundingState.ALARMED
    assert driver.world.funding == other.world.funding
    assert driver.world.funding.equity == {MARGIN: 500_000 * DOLLAR}


def test_alarms_are_what_the_watch_tells():
    assert alarms_of(desk(), told(0, CAP)) == watched(desk(), told(0, CAP))[1] != ()


@pytest.mark.parametrize("hours", [400])
def test_what_is_remembered_is_bounded(hours):
    memory = FundingMemory()
    for hour in range(hours):
        memory = folded(memory, told(hour, hour))
        memory = folded(memory, told(hour, hour, minute=45))

    for points in memory.series.values():
        assert [p.hour for p in points] == list(range(START + hours - 168, START + hours))


def test_what_was_paid_stands_beside_what_was_said_of_the_same_hour():
    paid = sample(OWN, Pico(5), (START + 1) * HOUR_NS + 10**6, FundingKind.REALISED)
    memory = folded(FundingMemory(), told(0, 4))
    memory = folded(memory, FundingObserved((paid,), paid.at))

    assert memory.rates(ETH.id, OWN) == {START: 5}
    assert memory.realised(ETH.id, OWN).rate_per_hour == 5


def test_a_row_of_a_time_to_come_does_not_push_out_what_is_known():
    memory = folded(FundingMemory(), told(0, 4))
    ahead = sample(OWN, Pico(9), (START + 400) * HOUR_NS)

    memory = folded(memory, FundingObserved((ahead,), TimestampNs(START * HOUR_NS)))

    assert memory.rates(ETH.id, OWN) == {START: 4}


def test_late_rows_are_put_where_they_belong():
    early = sample(OWN, Pico(3), (START - 5) * HOUR_NS, FundingKind.REALISED)
    memory = folded(FundingMemory(), told(0, 4))
    memory = folded(memory, FundingObserved((early,), TimestampNs(START * HOUR_NS)))

    earlier = sample(OWN, Pico(2), (START - 8) * HOUR_NS, FundingKind.REALISED)
    memory = folded(memory, FundingObserved((earlier,), TimestampNs(START * HOUR_NS)))

    assert memory.rates(ETH.id, OWN) == {START: 4, START - 6: 3, START - 9: 2}
    (hours,) = [
        [p.hour for p in points]
        for (_, _, kind), points in memory.series.items()
        if kind is FundingKind.REALISED
    ]
    assert hours == [START - 9, START - 6]
