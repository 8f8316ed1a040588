"""What children that have not ended may still take from their accounts.

Reckoned as if each took its worst: all its cash at the bound that its venue enforces, and of a perp
account the most of what it loses at once, what opens the position, and what the worst scenario asks
of it. Refuses to count on what is filled in part, or that a balance shows it already.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Final

from router.domain.event import Limits
from router.domain.instrument import Instrument
from router.domain.margin import Reservation, StressScenario
from router.domain.market import PerpContext
from router.domain.observation import Observation
from router.domain.plan import Leg, QuantityKind
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    Rounding,
    Side,
    divide,
)
from router.state.world import ChildState

_LEVERAGE_UNKNOWN: Final = 1
_NOTHING_APART: Final[Mapping[AccountId, tuple[StressScenario, ...]]] = MappingProxyType({})


def reservations(
    children: Iterable[ChildState],
    observation: Observation,
    limits: Limits,
    *,
    apart: Mapping[AccountId, tuple[StressScenario, ...]] = _NOTHING_APART,
) -> tuple[Reservation, ...]:
    """Return what each leg of the children may still take.

    Parameters
    ----------
    apart : Mapping[AccountId, tuple[StressScenario, ...]]
        What an account must survive beside what all must.
    """
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
                    leg,
                    contexts.get(instrument.id),
                    limits.scenarios + apart.get(instrument.account, ()),
                    leverage=leverage or _LEVERAGE_UNKNOWN,
                )
            found.append(Reservation(instrument.account, taken))
    return tuple(found)


# A buyer gives quote, a seller base: what is exact of it, or at most the bound.
def _spent(leg: Leg) -> Amount:
    if (leg.side is Side.BUY) is not (leg.quantity_kind is QuantityKind.CASH):
        return leg.bound
    return leg.notional if leg.side is Side.BUY else leg.quantity


def _margin(
    leg: Leg,
    context: PerpContext | None,
    scenarios: Iterable[StressScenario],
    *,
    leverage: int,
) -> Amount:
    instrument, agreed = leg.instrument, leg.bound.atoms
    marked = agreed if context is None else _marked(instrument, leg.quantity, context)
    worth = max(agreed, leg.notional.atoms, marked)
    rate = divide(PICO_PER_UNIT, leverage, Rounding.UP)
    if context is not None and context.tiers:
        rate = max(tier.maintenance for tier in context.tiers)
    asked = [divide(worth, leverage, Rounding.UP)]
    dearest = Fraction(rate, PICO_PER_UNIT)
    asked += [ceil(worth * _stressed(leg, scenario, rate=dearest)) for scenario in scenarios]
    lost = agreed - marked if leg.side is Side.BUY else marked - agreed
    fee = divide(worth * instrument.fee_pips, PIPS_PER_UNIT, Rounding.UP)
    return Amount(instrument.quote.id, max(asked) + max(lost, 0) + max(fee, 0))


# Of every unit of the leg, maintenance after the scenario, at the dearest tier's rate, and what the
# scenario takes; the row being convex, no position it adds to asks more for it.
def _stressed(leg: Leg, scenario: StressScenario, *, rate: Fraction) -> Fraction:
    shock, sign = scenario.shock(leg.instrument.base.id), 1 if leg.side is Side.BUY else -1
    gap, paid = Fraction(shock.gap_pips, PIPS_PER_UNIT), Fraction(shock.funding_pips, PIPS_PER_UNIT)
    growth = (1 + gap) * (1 + Fraction(scenario.mark_pips, PIPS_PER_UNIT)) - 1
    closed = Fraction(scenario.closed_pips if sign * gap > 0 else 0, PIPS_PER_UNIT)
    at_close = sign * gap * Fraction(scenario.closed_at_pips, PIPS_PER_UNIT)
    gained = closed * min(at_close, sign * growth) + (1 - closed) * sign * growth - sign * paid
    return rate * (1 + growth) * (1 - closed) - gained


def _marked(instrument: Instrument, quantity: Amount, context: PerpContext) -> int:
    return instrument.tick_price(context.mark_ticks).notional(quantity, Rounding.UP).atoms
