"""Every control asked in turn; the first that refuses is told, at its strictest scope. Pure.

An order is asked when it comes in, and again whenever it goes on; the market it meets before it is
planned; and a plan before it is sent. What is asked of an order that only reduces, each control
says for itself: nothing that bounds new risk stops it, nor a width of prices that being liquidated
would exceed. Its form, unknown contracts, messages, the price of gas, maintenance and C10 do.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final, TypeAlias

from router.domain.observation import Observation
from router.domain.order import ParentOrder
from router.domain.plan import RoutePlan
from router.domain.units import InstrumentId, Price, TimestampNs
from router.domain.verdict import Refused
from router.risk import inventory
from router.risk.controls import (
    crossing,
    daily,
    exposure,
    form,
    fresh,
    gas,
    hours,
    price,
    rate,
    restricted,
    size,
)
from router.risk.controls.breach import Breach, strictest
from router.risk.controls.case import Asked, Met, Planned
from router.risk.price_guard import reference
from router.state.world import ParentState, World

_Order: TypeAlias = Callable[[Asked], Iterator[Breach]]
_Market: TypeAlias = Callable[[Met], Iterator[Breach]]
_Plan: TypeAlias = Callable[[Planned], Iterator[Breach]]

_STANDING: Final[tuple[_Order, ...]] = (
    restricted.assets,
    restricted.tokens,
    size.quantity,
    price.asked_slippage,
    form.expiry,
    daily.loss,
    rate.losing,
    crossing.oldest,
    hours.whole,
)
_ADMISSION: Final[tuple[_Order, ...]] = (*_STANDING, rate.similar, crossing.newest, rate.orders)
_MARKET: Final[tuple[_Market, ...]] = (
    size.unnamed,
    size.notional,
    size.least,
    size.confirmation,
    price.reference,
    daily.order_notional,
)
_PLAN: Final[tuple[_Plan, ...]] = (
    restricted.contracts,
    restricted.hops,
    restricted.token_hops,
    form.legs,
    size.parts,
    price.slippage,
    price.collar,
    price.impact,
    price.rolling_impact,
    exposure.open_notional,
    exposure.positions,
    exposure.leverage,
    daily.part_notional,
    gas.price,
    gas.spent,
    gas.reserve,
    crossing.in_flight,
    fresh.ages,
    hours.plan,
    rate.unfilled,
    rate.children,
    rate.messages,
)


def admission_refusal(world: World, order: ParentOrder, at: TimestampNs) -> Refused | None:
    """Return what stands against taking an order in; None if nothing does."""
    asked = _asked(world, order, at)
    return None if asked is None else _first(check(asked) for check in _ADMISSION)


def order_refusal(world: World, order: ParentOrder, at: TimestampNs) -> Refused | None:
    """Return what stands against an order going on, whatever the market is."""
    asked = _asked(world, order, at)
    return None if asked is None else _first(check(asked) for check in _STANDING)


def reference_of(
    world: World, order: ParentOrder, observation: Observation, *, at: TimestampNs
) -> Price | None:
    """Return what independent sources say an order's pair is worth, where they say anything."""
    rules = world.limits.price_guard
    if rules is None or world.limits.controls is None:
        return None
    pair = (order.base, order.quote)
    found = reference(observation, world.configured, pair, rules=rules, at=at)
    return None if found is None else found.price


def market_refusal(
    world: World, parent: ParentState, observation: Observation, *, at: TimestampNs
) -> Refused | None:
    """Return what stands against planning an order on what was observed."""
    poor = inventory.market_refusal(world, parent.order, observation)
    asked = _asked(world, parent.order, at)
    if poor is not None or asked is None:
        return poor
    assert parent.arrival_mid is not None, "asked once the arrival price is known"
    told = reference_of(world, parent.order, observation, at=at)
    met = Met(asked, parent.arrival_mid, told)
    return _first(check(met) for check in _MARKET) or _nowhere(asked, observation)


def unproved_refusal(world: World, order: ParentOrder, at: TimestampNs) -> Refused | None:
    """Return what stands against an order where no price can be trusted."""
    asked = _asked(world, order, at)
    return None if asked is None else _first(iter((price.unproved(asked),)))


def plan_refusal(
    world: World, parent: ParentState, plan: RoutePlan, *, at: TimestampNs
) -> Refused | None:
    """Return what stands against sending a plan."""
    assert parent.problem is not None, "a plan answers a problem"
    poor = inventory.plans_refusal(world, ((parent.problem, plan),))
    asked = _asked(world, parent.order, at)
    if poor is not None or asked is None:
        return poor
    met = Met(asked, parent.problem.arrival_mid, parent.reference)
    planned = Planned(met, parent.problem, plan)
    return _first(check(planned) for check in _PLAN)


def unavailable(world: World, order: ParentOrder, at: TimestampNs) -> dict[InstrumentId, str]:
    """Return the markets an order does without, and why: the others go on."""
    asked = _asked(world, order, at)
    return {} if asked is None else {name: each.what for name, each in _shut(asked).items()}


def _asked(world: World, order: ParentOrder, at: TimestampNs) -> Asked | None:
    rules = world.limits.controls
    return None if rules is None else Asked(world, order, rules, at)


def _first(found: Iterator[Iterator[Breach]]) -> Refused | None:
    for breaches in found:
        worst = strictest(breaches)
        if worst is not None:
            return worst.refused
    return None


def _shut(asked: Asked) -> dict[InstrumentId, Breach]:
    found = {}
    for instrument in asked.world.configured:
        breach = next(
            chain(hours.market(asked, instrument), restricted.denied(asked, instrument)), None
        )
        if breach is not None:
            found[instrument.id] = breach
    return found


# Of all that was read for the order nothing may be used.
def _nowhere(asked: Asked, observation: Observation) -> Refused | None:
    shut = _shut(asked)
    markets = [
        *(p.instrument for p in observation.pools),
        *(b.instrument for b in observation.books),
    ]
    if not markets or not all(market in shut for market in markets):
        return None
    return shut[markets[0]].refused
