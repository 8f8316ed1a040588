"""Which children may be signed at all, and the action each becomes. Pure.

Refuses what the venue would refuse for the bytes alone, before a nonce is spent on it; what depends
on the account or the market is left to the venue.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from router.domain.error import NotSentError
from router.domain.market import PerpContext
from router.domain.order import ChildOrder, TimeInForce
from router.domain.plan import Leg
from router.domain.units import InstrumentId, TimestampNs
from venues.hyperliquid import translate
from venues.hyperliquid.actions import limits
from venues.hyperliquid.actions import order as actions
from venues.hyperliquid.actions.market import Market
from venues.hyperliquid.spec import VENUE, HyperliquidConfig

_WHEN: Final[Mapping[TimeInForce, actions.TimeInForce]] = {
    TimeInForce.IMMEDIATE: actions.TimeInForce.IMMEDIATE,
    TimeInForce.RESTING: actions.TimeInForce.RESTING,
    TimeInForce.POST_ONLY: actions.TimeInForce.POST_ONLY,
}


def order_action(
    child: ChildOrder,
    markets: Mapping[InstrumentId, Market],
    *,
    marks: Mapping[InstrumentId, int],
    now: TimestampNs,
) -> dict[str, object]:
    """Return the action of a child: an order at the leg's limit that waits as long as it says.

    Parameters
    ----------
    marks : mapping of InstrumentId to int
        Mark prices as far as they were told, in ticks: the venue takes no limit far from them.

    Raises
    ------
    NotSentError
        If the child breaks a rule of the venue.
    """
    leg = only_leg(child)
    market = markets.get(leg.instrument.id)
    if market is None:
        raise NotSentError(VENUE, f"{leg.instrument.id} is not an instrument of this venue")
    lots = translate.leg_lots(leg)
    if lots is None:
        raise NotSentError(VENUE, f"quantity of {leg.quantity.atoms} atoms is no whole lots")
    if leg.limit_ticks is None:
        raise NotSentError(VENUE, f"{child.id} has no limit_ticks: a book needs them")
    if now >= child.deadline_at:
        raise NotSentError(VENUE, f"the deadline of {child.id} has passed")
    order = actions.Order(
        market,
        child.side,
        ticks=leg.limit_ticks,
        lots=lots,
        when=_WHEN[child.time_in_force],
        reduce_only=child.reduces_only,
        cloid=translate.cloid(child.id),
    )
    limits.check_order(order, reference_ticks=marks.get(leg.instrument.id))
    return actions.place([order])


def with_order_max(
    context: PerpContext, config: HyperliquidConfig, markets: Mapping[InstrumentId, Market]
) -> PerpContext:
    """Return the context with the largest order the venue takes in that market."""
    units = limits.taker_value_max(markets[context.instrument])
    if units is None:
        return context
    return replace(context, order_notional_max_atoms=units * 10**config.collateral.decimals)


def only_leg(child: ChildOrder) -> Leg:
    """Return the leg of a child.

    Raises
    ------
    NotSentError
        If it has not exactly one: an order is in one market.
    """
    if len(child.legs) != 1:
        raise NotSentError(VENUE, f"{child.id} must have exactly one leg, has {len(child.legs)}")
    return child.legs[0]
