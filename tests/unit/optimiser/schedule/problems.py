"""Schedule problems made by hand: ten ethers in slices of ten minutes."""

from dataclasses import replace

from hypothesis import strategies as st

from router.domain.schedule import Interval, ScheduleProblem
from router.domain.units import (
    NS_PER_S,
    Amount,
    AssetId,
    DurationNs,
    ParentId,
    Pico,
    Pips,
    TimestampNs,
)

ETH = AssetId("ETH")
TOTAL = 10 * 10**18
SLICE_NS = 600 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S
BPS = 10**8  # a hundredth of a percent in pico


def atoms(amount):
    return Amount(ETH, amount)


def problem(count=12, *, temporary=0, transient=0, half_life_s=1_800, volatility=0, aversion=0):
    """Return an order over `count` slices; costs in basis points, aversion dimensionless."""
    intervals = tuple(
        Interval(
            begins_at=TimestampNs(k * SLICE_NS),
            ends_at=TimestampNs((k + 1) * SLICE_NS),
            temporary_pico=Pico(int(temporary * BPS)),
            quantity_max=atoms(TOTAL),
            held_pico=Pico(0),
        )
        for k in range(count)
    )
    return ScheduleProblem(
        parent=ParentId("parent-one"),
        quantity=atoms(TOTAL),
        intervals=intervals,
        transient_pico=Pico(int(transient * BPS)),
        half_life=DurationNs(half_life_s * NS_PER_S),
        volatility_pips=Pips(volatility),
        aversion_pico=Pico(int(aversion * 10**12)),
    )


def changed(of, **lists):
    """Return a problem whose intervals have other values, one list for each field."""
    rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    intervals = tuple(replace(i, **row) for i, row in zip(of.intervals, rows, strict=True))
    return replace(of, intervals=intervals)


def cumulative(of, schedule):
    """Return the atoms released once each slice of a problem was."""
    done, found, at = 0, [], dict(schedule.releases)
    for each in of.intervals:
        done = at.get(each.begins_at, done)
        found.append(done)
    return found


def shares(of, schedule):
    """Return the part of the order in each slice."""
    done = cumulative(of, schedule)
    return [(b - a) / of.quantity.atoms for a, b in zip([0, *done], done, strict=False)]


@st.composite
def problems(draw, *, bounded=True):
    """Draw a problem that some schedule keeps to: the first bounds are those of one drawn."""
    count = draw(st.integers(1, 10))
    found = problem(
        count,
        temporary=draw(st.integers(0, 50)),
        transient=draw(st.integers(0, 50)),
        half_life_s=draw(st.sampled_from([0, 60, 600, 3_600, 86_400])),
        volatility=draw(st.integers(0, 100_000)),
        aversion=draw(st.sampled_from([0, 0.01, 1, 100])),
    )
    held = draw(st.lists(st.integers(-BPS, BPS), min_size=count, max_size=count))
    found = changed(found, held_pico=[Pico(each) for each in held])
    if not bounded:
        return found
    weights = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    steps = [-(-TOTAL * weight // sum(weights)) for weight in weights]
    room = draw(st.lists(st.integers(0, TOTAL), min_size=count, max_size=count))
    most = [atoms(step + more) for step, more in zip(steps, room, strict=True)]
    found = changed(found, quantity_max=most)
    if draw(st.booleans()):
        path = [atoms(sum(steps[: k + 1]) + room[-1] // 4) for k in range(count)]
        found = replace(found, margin_max=tuple(path))
    return found
