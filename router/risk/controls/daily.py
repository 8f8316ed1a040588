"""What a day may see: notional traded, and lost (C06). Pure.

Losses are those booked: realised, fees, funding and gas; what is held is watched by the zones of
its account. An order that only reduces is not stopped by what the day has seen.
"""

from collections.abc import Iterator

from router.domain.control import Control
from router.domain.controls import ControlLimits, amount_of
from router.domain.plan import Leg
from router.domain.scope import FIRM, Scope
from router.domain.units import AssetId, TimestampNs
from router.risk.controls.breach import Breach, in_units, over
from router.risk.controls.case import Asked, Met, Planned, holds_market, markets_of
from router.state.activity import scopes_of
from router.state.counts import Measure
from router.state.world import World

_WAIT = "wait until a part of the last 24 hours is over, or have the limit raised"


def order_notional(met: Met) -> Iterator[Breach]:
    """Ask what was traded in 24 hours and is out, with what is left of an order."""
    asked = met.asked
    if asked.order.reduces_only:
        return
    value = met.value(asked.left)
    for limits in asked.limits:
        yield from _traded(asked, limits, value, quote=met.arrival.quote)


def part_notional(planned: Planned) -> Iterator[Breach]:
    """Ask the same of the part of an order that an account, a venue or a market has."""
    asked = planned.asked
    if asked.order.reduces_only:
        return
    for limits, legs in planned.parts():
        if limits not in asked.limits:
            value = sum(leg.notional.atoms for leg in legs)
            yield from _traded(asked, limits, value, quote=asked.order.quote)


def traded(world: World, scope: Scope, quote: AssetId, *, at: TimestampNs) -> int:
    """Return what was traded of a scope in 24 hours and is out, in quote atoms."""
    done = world.activity.total(Measure.NOTIONAL, scope, at, asset=quote)
    out = sum(
        leg.notional.atoms
        for child in world.open_children()
        for leg in child.order.legs
        if leg.notional.asset == quote and _is_of(scope, scopes_of(child.order), leg)
    )
    return done + out


def lost(world: World, asset: AssetId, at: TimestampNs) -> int:
    """Return what was lost in 24 hours; negative where more was gained."""
    return -world.activity.total(Measure.RESULT, FIRM, at, asset=asset)


def loss(asked: Asked) -> Iterator[Breach]:
    """Ask what was lost in 24 hours."""
    world = asked.world
    if asked.order.reduces_only:
        return
    for limits in asked.limits:
        for amount in limits.daily_loss_max if limits.scope == FIRM else ():
            asset = amount.asset
            gone = lost(world, asset, asked.at)
            if gone > amount.atoms:
                yield over(
                    Control.DAILY,
                    limits.scope,
                    "daily_loss_max",
                    limit=amount.atoms,
                    value=gone,
                    show=in_units(asset, world.configured),
                    remedy="find out why; only what reduces may go on today",
                )


def _traded(asked: Asked, limits: ControlLimits, value: int, *, quote: AssetId) -> Iterator[Breach]:
    world, bound = asked.world, amount_of(limits.daily_notional_max, quote)
    if bound is None:
        return
    total = traded(world, limits.scope, quote, at=asked.at) + value
    if total > bound:
        yield over(
            Control.DAILY,
            limits.scope,
            "daily_notional_max",
            limit=bound,
            value=total,
            show=in_units(quote, world.configured),
            remedy=_WAIT,
        )


def _is_of(scope: Scope, scopes: tuple[Scope, ...], leg: Leg) -> bool:
    return scope in scopes or any(holds_market(scope, market) for market in markets_of(leg))
