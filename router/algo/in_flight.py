"""What children that have not ended may still take from their accounts.

Reckoned as if each took its worst: all its cash at the bound that its venue enforces, and of a perp
account the most of what it loses at once, what opens the position, and what the worst scenario asks
of it. Refuses to count on what is filled in part, or that a balance shows it already.
"""

from collections.abc import Iterable
from typing import Final

from router.domain.event import Limits
from router.domain.instrument import Instrument
from router.domain.margin import Reservation, StressShock
from router.domain.market import PerpContext
from router.domain.observation import Observation
from router.domain.plan import Leg, QuantityKind
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, Amount, Pico, Rounding, Side, divide
from router.state.world import ChildState

_LEVERAGE_UNKNOWN: Final = 1


def reservations(
    children: Iterable[ChildState], observation: Observation, limits: Limits
) -> tuple[Reservation, ...]:
    """Return what each leg of the children may still take."""
    contexts = {context.instrument: context for context in observation.contexts}
    found = []
    for child in children:
        for leg in child.order.legs:
            instrument = leg.instrument
            if instrument.is_on_chain:
                taken = _spent(leg)
            else:
                account = observation.account(instrument.account)
                leverage = account.leverage(instrument.id) if account is not None else None
                taken = _margin(
                    leg, contexts.get(instrument.id), limits, leverage=leverage or _LEVERAGE_UNKNOWN
                )
            found.append(Reservation(instrument.account, taken))
    return tuple(found)


# A buyer gives quote, a seller base: what is exact of it, or at most the bound.
def _spent(leg: Leg) -> Amount:
    if (leg.side is Side.BUY) is not (leg.quantity_kind is QuantityKind.CASH):
        return leg.bound
    return leg.notional if leg.side is Side.BUY else leg.quantity


def _margin(leg: Leg, context: PerpContext | None, limits: Limits, *, leverage: int) -> Amount:
    instrument, agreed = leg.instrument, leg.bound.atoms
    marked = agreed if context is None else _marked(instrument, leg.quantity, context)
    worth = max(agreed, leg.notional.atoms, marked)
    rate = divide(PICO_PER_UNIT, leverage, Rounding.UP)
    if context is not None and context.tiers:
        rate = max(tier.maintenance for tier in context.tiers)
    asked = [divide(worth, leverage, Rounding.UP)]
    for scenario in limits.scenarios:
        shock = scenario.shock(instrument.base.id)
        asked.append(_stressed(worth, leg.side, shock, rate=Pico(rate)))
    lost = agreed - marked if leg.side is Side.BUY else marked - agreed
    fee = divide(worth * instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP)
    return Amount(instrument.quote.id, max(asked) + max(lost, 0) + max(fee, 0))


# Maintenance after the shock, at the dearest tier's rate, and what the shock takes.
def _stressed(worth: int, side: Side, shock: StressShock, *, rate: Pico) -> int:
    gained = shock.gap_pips - shock.funding_pips
    gained = gained if side is Side.BUY else -gained
    pips = (PIPS_PER_UNIT + shock.gap_pips) * rate - gained * PICO_PER_UNIT
    return divide(worth * pips, PIPS_PER_UNIT * PICO_PER_UNIT, Rounding.UP)


def _marked(instrument: Instrument, quantity: Amount, context: PerpContext) -> int:
    return instrument.tick_price(context.mark_ticks).notional(quantity, Rounding.UP).atoms
