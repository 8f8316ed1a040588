"""How often: orders, messages, children, unfilled and losing ones (C07, C09); twice (C08). Pure.

Messages are counted of every order, for venues refuse those who send too many. Nothing else here is
asked of an order that only reduces.
"""

from collections.abc import Iterator
from typing import Final

from router.domain.control import Control
from router.domain.controls import ControlLimits
from router.domain.order import OrderStatus
from router.domain.scope import Scope
from router.domain.units import PIPS_PER_UNIT, DurationNs, Rounding, divide
from router.risk.controls.breach import Breach, in_ms, in_pct, over, path
from router.risk.controls.case import Asked, Planned, messages_of
from router.state.counts import Measure, Seen

_SECOND: Final = DurationNs(10**9)
_SUSTAINED_S: Final = 10
_SUSTAINED: Final = DurationNs(_SUSTAINED_S * 10**9)
_ENDED_MIN: Final = 20  # fewer children say nothing of a share
_BY_HAND: Final = "a person must look, and set the strategy active again with headrace switch"


def orders(asked: Asked) -> Iterator[Breach]:
    """Ask how many orders came in the last minute, with this one."""
    if asked.order.reduces_only:
        return
    for limits in asked.limits:
        bound = limits.orders_per_min_max
        count = 1 + asked.world.activity.total(Measure.ORDERS, limits.scope, asked.at)
        if bound is not None and count > bound:
            yield over(
                Control.MESSAGE_RATE,
                limits.scope,
                "orders_per_min_max",
                limit=bound,
                value=count,
                show=str,
                remedy="send it again later",
            )


def messages(planned: Planned) -> Iterator[Breach]:
    """Ask how many messages go out with the plan, in a second and over ten."""
    asked, first = planned.asked, set(planned.first)
    for limits, legs in planned.parts():
        count = messages_of(tuple(leg for leg in legs if leg in first))
        if not count:
            continue
        for key, bound, within in (
            ("messages_burst_max", limits.messages_burst_max, _SECOND),
            ("messages_per_s_max", limits.messages_per_s_max, _SUSTAINED),
        ):
            if bound is None:
                continue
            seconds = within // _SECOND
            value = count + _messages(asked, limits.scope, within)
            if value > bound * seconds:
                yield over(
                    Control.MESSAGE_RATE,
                    limits.scope,
                    key,
                    limit=bound,
                    value=divide(value, seconds, Rounding.UP),
                    show=str,
                    remedy="send it again later",
                )


def unfilled(planned: Planned) -> Iterator[Breach]:
    """Ask how many children of the last hour ended without a fill."""
    asked, activity = planned.asked, planned.asked.world.activity
    if asked.order.reduces_only:
        return
    for limits, _ in planned.parts():
        bound = limits.unfilled_max_pips
        ended = activity.total(Measure.ENDED, limits.scope, asked.at)
        if bound is None or ended < _ENDED_MIN:
            continue
        empty = activity.total(Measure.UNFILLED, limits.scope, asked.at)
        share = divide(empty * PIPS_PER_UNIT, ended, Rounding.UP)
        if share > bound:
            yield over(
                Control.MESSAGE_RATE,
                limits.scope,
                "unfilled_max_pct",
                limit=bound,
                value=share,
                show=in_pct,
                remedy=f"of {ended} children too many came to nothing; look why",
            )


def similar(asked: Asked) -> Iterator[Breach]:
    """Ask whether an equal order was taken in a moment ago."""
    order = asked.order
    if order.reduces_only or order.allow_similar:
        return
    ages = [
        asked.at - seen.at
        for seen in asked.world.activity.seen
        if seen.id != order.id
        and not _came_to_nothing(asked, seen)
        and (seen.strategy, seen.side, seen.base, seen.quote, seen.quantity, seen.limit_price)
        == (order.strategy, order.side, order.base, order.quote, order.quantity, order.limit_price)
    ]
    for limits in asked.limits:
        window = limits.similar_within
        if window is None or not ages or min(ages) >= window:
            continue
        place = path(limits.scope, "similar_within_ms")
        what = (
            f"an equal order came {in_ms(min(ages))} ms ago, {place} is {in_ms(window)};"
            " send it with allow_similar if it is meant"
        )
        yield Breach(
            Control.DUPLICATE,
            limits.scope,
            place,
            in_ms(window),
            in_ms(min(ages)),
            what,
            bound=-window,
        )


# What was refused may be sent again at once, better: by a second person, say.
def _came_to_nothing(asked: Asked, seen: Seen) -> bool:
    parent = asked.world.parents.get(seen.id)
    return parent is not None and parent.status is OrderStatus.REJECTED and not parent.children


def children(planned: Planned) -> Iterator[Breach]:
    """Ask how many children a parent had in the last minute, with those of the plan."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    before = asked.world.activity.total(Measure.CHILDREN, asked.order.id, asked.at)
    count = before + messages_of(planned.first)
    for limits in asked.limits:
        bound = limits.children_per_min_max
        if bound is not None and count > bound:
            yield _repeated(asked, limits, "children_per_min_max", limit=bound, value=count)


def losing(asked: Asked) -> Iterator[Breach]:
    """Ask how many slices in a row the strategy has lost."""
    if asked.order.reduces_only:
        return
    count = asked.world.activity.losing.get(asked.order.strategy, 0)
    for limits in asked.limits:
        bound = limits.losing_slices_max
        if bound is not None and count >= bound:
            yield _repeated(asked, limits, "losing_slices_max", limit=bound, value=count)


def _repeated(asked: Asked, limits: ControlLimits, key: str, *, limit: int, value: int) -> Breach:
    place = path(limits.scope, key)
    what = f"strategy {asked.order.strategy}: {value}, {place} is {limit}; {_BY_HAND}"
    return Breach(Control.REPEATED, limits.scope, place, str(limit), str(value), what, bound=limit)


def _messages(asked: Asked, scope: Scope, within: DurationNs) -> int:
    return asked.world.activity.total(Measure.MESSAGES, scope, asked.at, within=within)
