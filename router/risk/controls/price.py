"""The prices a plan accepts: collar (C02), slippage (C03), and what it moves (C04). Pure.

Every leg of every order needs a bound. How wide it is, is not asked here of an order that only
reduces: its own bound and the price guard hold it, and being liquidated costs more.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import ControlLimits
from router.domain.plan import Leg, NoRouteReason
from router.domain.scope import Scope, ScopeKind
from router.domain.units import DurationNs
from router.risk.controls.breach import Breach, in_bps, over, path
from router.risk.controls.case import Asked, Met, Planned, markets_of, worst_pips
from router.state.activity import impact_pips
from router.state.counts import Measure

_TEN_MIN = DurationNs(600 * 10**9)


def reference(met: Met) -> Iterator[Breach]:
    """Ask that there is a reference, where a collar needs one."""
    if met.reference is None:
        yield from unproved(met.asked)


def unproved(asked: Asked) -> Iterator[Breach]:
    """Ask the same of an order whose pair nobody vouches for."""
    order = asked.order
    for limits in asked.rules.limits if not order.reduces_only else ():
        for key, collar in _collars(limits):
            if collar is None:
                continue
            place = path(limits.scope, key)
            what = (
                f"no reference price of {order.base}/{order.quote}: too few independent sources are"
                f" fresh or agree, and {place} needs one; wait, or look at the sources"
            )
            yield Breach(
                Control.PRICE_COLLAR,
                limits.scope,
                place,
                in_bps(collar),
                "no reference",
                what,
                reason=NoRouteReason.STALE_DATA,
            )


def collar(planned: Planned) -> Iterator[Breach]:
    """Ask how far from the reference the worst price is that a leg accepts."""
    told = planned.met.reference
    if told is None or planned.asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        pools, books = _collars(limits)
        for leg in legs:
            key, bound = pools if leg.instrument.is_on_chain else books
            worst = worst_pips(leg, told)
            if bound is not None and worst is not None and worst > bound:
                yield over(
                    Control.PRICE_COLLAR,
                    limits.scope,
                    key,
                    limit=bound,
                    value=worst,
                    show=in_bps,
                    remedy=f"what {leg.instrument.id} may cost is too far from other sources;"
                    " set a nearer limit_price",
                )


def asked_slippage(asked: Asked) -> Iterator[Breach]:
    """Ask how much slippage an order allows."""
    wanted = asked.order.slippage_max_pips
    if asked.order.reduces_only:
        return
    for limits in asked.limits:
        if limits.slippage_max_pips is not None and wanted > limits.slippage_max_pips:
            yield over(
                Control.SLIPPAGE,
                limits.scope,
                "slippage_max_bps",
                limit=limits.slippage_max_pips,
                value=wanted,
                show=in_bps,
                remedy="send a smaller slippage_max_bps",
            )


def slippage(planned: Planned) -> Iterator[Breach]:
    """Ask that every leg has a worst price, and how far from the arrival mid it is."""
    only_reduces = planned.asked.order.reduces_only
    for limits, legs in planned.parts():
        bound = None if only_reduces else limits.slippage_max_pips
        for leg in legs:
            worst = worst_pips(leg, planned.met.arrival)
            if worst is None:
                yield _unbounded(limits, leg)
            elif bound is not None and worst > bound:
                yield over(
                    Control.SLIPPAGE,
                    limits.scope,
                    "slippage_max_bps",
                    limit=bound,
                    value=worst,
                    show=in_bps,
                    remedy=f"{leg.instrument.id} may cost that at worst; send a smaller"
                    " slippage_max_bps",
                )


def impact(planned: Planned) -> Iterator[Breach]:
    """Ask how far the plan moves the markets it trades in, by itself."""
    if planned.asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        bound = limits.impact_max_pips
        moved = impact_pips(legs, planned.met.arrival)
        if bound is not None and moved > bound:
            yield over(
                Control.PRICE_IMPACT,
                limits.scope,
                "impact_max_bps",
                limit=bound,
                value=moved,
                show=in_bps,
                remedy="send less at once",
            )


def rolling_impact(planned: Planned) -> Iterator[Breach]:
    """Ask how far all orders of ten minutes have moved a market that is to be used again."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        bound = limits.impact_10min_max_pips
        for leg in legs if bound is not None else ():
            assert bound is not None, "there are no legs without it"
            before = max(
                asked.world.activity.total(
                    Measure.IMPACT,
                    Scope(ScopeKind.INSTRUMENT, market.id),
                    asked.at,
                    within=_TEN_MIN,
                )
                for market in markets_of(leg)
            )
            moved = before + impact_pips((leg,), planned.met.arrival)
            if moved > bound:
                yield over(
                    Control.PRICE_IMPACT,
                    limits.scope,
                    "impact_10min_max_bps",
                    limit=bound,
                    value=moved,
                    show=in_bps,
                    remedy=f"orders of the last minutes moved {leg.instrument.id}; wait, or send"
                    " less",
                )


def _collars(limits: ControlLimits) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
    return (
        ("collar_pool_bps", limits.collar_pool_pips),
        ("collar_book_bps", limits.collar_book_pips),
    )


def _unbounded(limits: ControlLimits, leg: Leg) -> Breach:
    what = f"{leg.instrument.id}: the leg accepts any price; every leg needs a bound"
    return Breach(Control.SLIPPAGE, limits.scope, "bound", "a bound", "none", what)
