"""Which children may be signed at all, and the action each becomes. Pure.

Refuses what the venue would refuse for the bytes alone, before a nonce is spent on it; what depends
on the account or the market is left to the venue.
"""

from collections.abc import Mapping

from router.domain.error import NotSentError
from router.domain.order import ChildOrder
from router.domain.plan import Leg
from router.domain.units import InstrumentId, TimestampNs, format_decimal
from venues.hyperliquid import translate
from venues.hyperliquid.spec import SIGNIFICANT_FIGURES_MAX, VENUE


def order_action(
    child: ChildOrder, assets: Mapping[InstrumentId, int], *, now: TimestampNs
) -> dict[str, object]:
    """Return the action of a child: an immediate-or-cancel order at the leg's limit.

    Raises
    ------
    NotSentError
        If the child breaks a rule of the venue.
    """
    leg = only_leg(child)
    asset = assets.get(leg.instrument.id)
    if asset is None:
        raise NotSentError(VENUE, f"{leg.instrument.id} is not an instrument of this venue")
    ticks, lots = _limit_ticks(leg), translate.leg_lots(leg)
    if lots is None:
        raise NotSentError(VENUE, f"quantity of {leg.quantity.atoms} atoms is no whole lots")
    if now >= child.deadline_at:
        raise NotSentError(VENUE, f"the deadline of {child.id} has passed")
    return translate.order_action(child, asset=asset, ticks=ticks, lots=lots)


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


def _limit_ticks(leg: Leg) -> int:
    ticks = leg.limit_ticks
    if ticks is None or ticks <= 0:
        raise NotSentError(VENUE, f"limit_ticks must be positive, was {ticks}")
    if not translate.price_fits(ticks, leg.instrument.tick_decimals):
        price = format_decimal(ticks, leg.instrument.tick_decimals)
        raise NotSentError(
            VENUE,
            f"limit price must be whole or have {SIGNIFICANT_FIGURES_MAX} significant figures, "
            f"was {price}",
        )
    return ticks
