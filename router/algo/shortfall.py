"""Implementation shortfall: the problem of an order's schedule, and its pace by the answer. Pure.

Impact is taken from the depth of the first observation: what a slice moves goes back with the
order's half-life; what dearer markets charge more is paid by their slice alone. Refuses an order
whose own pair shows no depth.
"""

from typing import Final

from router.algo.progress import Pace, Progress
from router.algo.room import room
from router.domain.algo import Shortfall
from router.domain.error import NoRouteError
from router.domain.order import ParentOrder
from router.domain.plan import NoRouteReason, QuantityKind, RoutingProblem
from router.domain.schedule import Interval, ScheduleProblem
from router.domain.units import (
    NS_PER_S,
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    Amount,
    Pico,
    Rounding,
    TimestampNs,
    divide,
)
from router.liquidity.impact import Impact, impact_of, pair_of

_HOUR_NS: Final = 3_600 * NS_PER_S  # perps settle funding on the hour


def pace(order: ParentOrder, algo: Shortfall, progress: Progress, *, at: TimestampNs) -> Pace:
    """Return what the schedule says should have traded by now, catching up within a limit.

    Without a schedule all is released: the first problem is of the whole order, and its depth is
    what the schedule is made from. A schedule of another quantity, before an amendment, is
    followed in proportion.
    """
    if progress.schedule is None:
        return Pace(order.quantity, None)
    releases = progress.schedule.releases
    asset, total, planned = order.quantity.asset, order.quantity.atoms, releases[-1][1]
    running = sum(begins_at <= at for begins_at, _ in releases)
    if running == len(releases):
        return Pace(order.quantity, None)
    wake_at = releases[running][0]
    if running == 0:
        return Pace(progress.filled, wake_at)
    due = divide(total * releases[running - 1][1], planned, Rounding.DOWN)
    before = releases[running - 2][1] if running > 1 else 0
    own = due - divide(total * before, planned, Rounding.DOWN)
    most = own + divide(own * algo.catch_up_pips, PIPS_PER_UNIT, Rounding.DOWN)
    return Pace(Amount(asset, min(due, progress.filled.atoms + most)), wake_at)


def schedule_problem(
    order: ParentOrder, algo: Shortfall, whole: RoutingProblem, *, at: TimestampNs
) -> ScheduleProblem:
    """Return how what is left of an order may be spread from now on.

    Parameters
    ----------
    whole : RoutingProblem
        Of all that is left, on what was observed.

    Raises
    ------
    NoRouteError
        If no market of the pair shows its depth.
    """
    end = min(algo.end_at, order.deadline_at)
    count = max(1, -(-(end - at) // algo.interval))
    impact = impact_of(whole, slices=count)
    if impact is None:
        raise NoRouteError(
            NoRouteReason.NO_LIQUIDITY,
            "no market of the pair itself shows its depth, which a shortfall schedule rests on;"
            " use twap, or check the venues",
        )
    begins = [TimestampNs(at + k * algo.interval) for k in range(count)]
    ends = [*begins[1:], TimestampNs(max(end, begins[-1]))]
    hours = [end // _HOUR_NS - begin // _HOUR_NS for begin, end in zip(begins, ends, strict=True)]
    intervals = tuple(
        Interval(begin, end, impact.temporary, impact.room, Pico(impact.held_per_hour * paid))
        for begin, end, paid in zip(begins, ends, hours, strict=True)
    )
    return ScheduleProblem(
        parent=order.id,
        quantity=whole.quantity,
        intervals=intervals,
        transient_pico=impact.transient,
        half_life=algo.half_life,
        volatility_pips=algo.volatility_pips,
        aversion_pico=_aversion(algo, whole),
        margin_max=_margin_path(whole, impact, hours),
    )


# The objective is of a rate: both sides are divided by what the order is worth.
def _aversion(algo: Shortfall, whole: RoutingProblem) -> Pico:
    unit = 10 ** pair_of(whole).quote.decimals
    return Pico(divide(algo.aversion * _worth(whole).atoms, unit, Rounding.UP))


def _worth(whole: RoutingProblem) -> Amount:
    if whole.kind is QuantityKind.CASH:
        return whole.quantity
    return whole.arrival_mid.notional(whole.quantity, Rounding.UP)


# Room shrinks by the funding that the position would have paid by the end of each interval.
def _margin_path(whole: RoutingProblem, impact: Impact, hours: list[int]) -> tuple[Amount, ...]:
    worth, path, hour = _worth(whole), [], 0
    for more in hours:
        hour += more
        rate = max(0, impact.held_per_hour) * hour
        paid = Amount(worth.asset, divide(worth.atoms * rate, PICO_PER_UNIT, Rounding.UP))
        path.append(room(whole, paid=paid))
    binds = any(amount.atoms < whole.quantity.atoms for amount in path)
    return tuple(path) if binds else ()
