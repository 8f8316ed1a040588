import random
from dataclasses import replace
from fractions import Fraction
from statistics import mean, median

from router.domain.event import FundingObserved
from router.domain.units import PICO_PER_UNIT, Pico, TimestampNs
from router.risk.funding_watch import expected
from router.risk.funding_watch.forecast import mean_rate, persistence
from router.risk.funding_watch.spread import Spread, past_of, spread_of
from router.state.funding import HOUR_NS, FundingMemory, folded
from tests.unit.engine.scene import PERP, order
from tests.unit.risk.funding_watch.series import CAP, OTHERS, OWN, START, desk, sample

HOUR_S = 3_600


def told(now, hours, *, past=(), reference=0, others=(("x", 0),)):
    spread = Spread(now + reference, others, reference)
    return mean_rate(spread, tuple(enumerate(past)), hours)


def test_the_first_hour_is_the_rate_that_is_settled_next():
    assert told(1_000, 1, reference=50) == 1_050


def test_a_spread_is_halved_in_eight_hours_where_no_past_tells_otherwise():
    # The sum of 2**(-k/8) for k below 8 is (1 - 1/2) / (1 - 2**(-1/8)) = 6.0248...: an eighth of
    # it, 0.7531, is left on average over the first eight hours.
    assert abs(told(10**9, 8) - 10**9 / 16 / (1 - 2 ** (-1 / 8))) < 2


def test_over_a_long_time_only_the_mean_of_the_past_is_left():
    past = [100 + (-1) ** hour for hour in range(100)]

    # Deviations alternate: nothing of one is left after an hour.
    assert persistence(tuple(enumerate(past)), Fraction(100)) == 0
    assert told(10**6, 720, past=past, reference=7) == 107 + (10**6 - 100) // 720


def test_persistence_is_what_the_series_was_made_with():
    # Halved every hour from a thousand: the least squares are exactly one half.
    past = [2**60 // 2**hour for hour in range(55)]

    found = persistence(tuple(enumerate(past)), Fraction(0))

    assert found == PICO_PER_UNIT // 2


def test_nothing_known_but_the_rate_leaves_the_rate():
    assert told(10**9, 24, others=()) == 10**9


def test_orders_without_a_horizon_or_rules_expect_nothing():
    at = TimestampNs(START * HOUR_NS + HOUR_NS // 2)
    event = FundingObserved((sample(OWN, Pico(10**9), at),), at)
    world = replace(desk(), funding=folded(FundingMemory(), event))

    assert expected(world, order(holding_horizon_s=0), at) == {}
    assert expected(replace(desk(rules=None), funding=world.funding), order(), at) == {}
    assert expected(world, order(), at) == {PERP.id: 10**9}
    assert expected(world, order(base="BTC"), at) == {}


def test_rates_of_positive_and_negative_sign_round_down():
    # (1 + 0.917) / 2 = 0.9585 of it is left: -2.8755 and 2.8755.
    assert (told(-3, 2), told(3, 2)) == (-3, 2)


def test_the_forecast_errs_less_than_the_rate_of_now():
    """Compare squared errors over series that return to their mean, pair by pair."""
    errors = [error for seed in range(12) for error in _errors(random.Random(seed))]
    ours, naive = (mean(each[which] for each in errors) for which in (0, 1))

    # Deviations keep 0.85 an hour: over 24 hours 0.27 of one is left on average, so that the rate
    # of now misses by 0.73 of it and the model by what cannot be known.
    assert ours < 0.7 * naive
    wins = sum(a < b for a, b in errors)
    assert wins > 0.6 * len(errors)


# Squared errors of the model and of the rate of now, at moments of one series, over a day ahead.
def _errors(rng, hours=24, length=400):
    usual, kept = rng.uniform(-3e7, 3e7), 0.85
    common, own, others = 12_500_000.0, 0.0, dict.fromkeys(OTHERS, 0.0)
    rows = []
    for _ in range(length):
        own = kept * own + rng.gauss(0, 4e7)
        others = {name: kept * value + rng.gauss(0, 1e7) for name, value in others.items()}
        common += rng.gauss(0, 2e5)
        rows.append((common + usual + own, {n: common + v for n, v in others.items()}))
    memory, found = FundingMemory(), []
    for hour, (rate, elsewhere) in enumerate(rows[:-hours]):
        at = TimestampNs((START + hour) * HOUR_NS + HOUR_NS // 2)
        samples = [sample(OWN, Pico(round(rate)), at)]
        samples += [sample(name, Pico(round(value)), at) for name, value in elsewhere.items()]
        memory = folded(memory, FundingObserved(tuple(samples), at))
        if hour >= 100 and hour % 7 == 0:
            truth = mean(row[0] for row in rows[hour : hour + hours])
            own = memory.own[PERP.id]
            model = mean_rate(spread_of(memory, own, at), past_of(memory, own, at), hours)
            found.append(((model - truth) ** 2, (round(rate) - truth) ** 2))
    return found


def test_plans_reckon_with_the_median_of_others():
    at = TimestampNs(START * HOUR_NS + HOUR_NS // 2)
    rates = {OWN: 10**9, "BinPerp": 10**7, "BybitPerp": 3 * 10**7, "Third": 10**8}
    event = FundingObserved(tuple(sample(n, Pico(r), at) for n, r in rates.items()), at)
    world = replace(desk(), funding=folded(FundingMemory(), event))

    found = expected(world, order(holding_horizon_s=30 * 24 * HOUR_S), at)[PERP.id]

    middle = median([10**7, 3 * 10**7, 10**8])
    # Of the spread 6.02 * 2 = 12.05 hours' worth is paid in all: 1.67 % of it on average.
    assert middle + 0.016 * (10**9 - middle) < found < middle + 0.017 * (10**9 - middle)


def test_no_more_is_expected_than_the_venue_lets_its_rate_be():
    at = TimestampNs(START * HOUR_NS + HOUR_NS // 2)
    rates = {OWN: CAP // 2, "BinPerp": 10 * CAP, "BybitPerp": 11 * CAP}
    event = FundingObserved(tuple(sample(n, Pico(r), at) for n, r in rates.items()), at)
    world = replace(desk(), funding=folded(FundingMemory(), event))

    assert expected(world, order(holding_horizon_s=365 * 24 * HOUR_S), at) == {PERP.id: CAP}
