"""What children that have not ended may still take from their accounts.

Reckoned as if each took its worst: all its cash at the bound that its venue enforces, and of a perp
account the most of what it loses at once, what opens the position, and what the worst scenario asks
of it. Refuses to count on what is filled in part, or that a balance shows it already.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from router.domain.limits import Limits
from router.domain.margin import Reservation, StressScenario
from router.domain.market import PerpContext
from router.domain.observation import Observation
from router.domain.plan import Leg, QuantityKind
from router.domain.units import (
    PICO_PER_UNIT,
    PIPS_PER_UNIT,
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
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
    """Return what the legs of the children may still take of each account and asset, in sum.

    Parameters
    ----------
    apart : Mapping[AccountId, tuple[StressScenario, ...]]
        What an account must survive beside what all must.
    """
    # One turn for each leg in flight, of which there may be ten thousand: nothing is made in it.
    contexts = {context.instrument: context for context in observation.contexts}
    asked: dict[tuple[InstrumentId, Side], _Asked] = {}
    taken: dict[tuple[AccountId, AssetId], int] = {}
    for child in children:
        for leg in child.order.legs:
            instrument = leg.instrument
            if instrument.is_on_chain:
                spent = _spent(leg)
                atoms, asset = spent.atoms, spent.asset
            else:
                market = (instrument.id, leg.side)
                if market not in asked:
                    asked[market] = _asked(leg, observation, limits, contexts=contexts, apart=apart)
                atoms, asset = _margin(leg, asked[market]), instrument.quote.id
            account = (instrument.account, asset)
            taken[account] = taken.get(account, 0) + atoms
    return tuple(Reservation(a, Amount(asset, n)) for (a, asset), n in taken.items())


# A buyer gives quote, a seller base: what is exact of it, or at most the bound.
def _spent(leg: Leg) -> Amount:
    if (leg.side is Side.BUY) is not (leg.quantity_kind is QuantityKind.CASH):
        return leg.bound
    return leg.notional if leg.side is Side.BUY else leg.quantity


@dataclass(frozen=True, slots=True)
class _Asked:
    # What is asked of all legs of one side in one market: so much of the worth, in all.
    numerator: int
    denominator: int
    mark: tuple[int, int] | None  # quote atoms for base atoms
    sign: int
    fee_pips: int


def _asked(
    leg: Leg,
    observation: Observation,
    limits: Limits,
    *,
    contexts: Mapping[InstrumentId, PerpContext],
    apart: Mapping[AccountId, tuple[StressScenario, ...]],
) -> _Asked:
    instrument = leg.instrument
    account, context = observation.account(instrument.account), contexts.get(instrument.id)
    leverage = account.leverage(instrument.id) if account is not None else None
    leverage = leverage or _LEVERAGE_UNKNOWN
    rate = divide(PICO_PER_UNIT, leverage, Rounding.UP)
    if context is not None and context.tiers:
        rate = max(tier.maintenance for tier in context.tiers)
    dearest = Fraction(rate, PICO_PER_UNIT)
    scenarios = limits.scenarios + apart.get(instrument.account, ())
    stressed = (_stressed(leg, scenario, rate=dearest) for scenario in scenarios)
    mark = None if context is None else instrument.tick_price(context.mark_ticks)
    # The dearer of initial margin and the worst scenario; both are so much of the worth.
    dearer = max([Fraction(1, leverage), *stressed])
    return _Asked(
        dearer.numerator,
        dearer.denominator,
        mark=None if mark is None else (mark.quote_atoms, mark.base_atoms),
        sign=1 if leg.side is Side.BUY else -1,
        fee_pips=max(instrument.fee_pips, 0),
    )


# Divisions are rounded up.
def _margin(leg: Leg, asked: _Asked) -> int:
    agreed, marked = leg.bound.atoms, leg.bound.atoms
    if asked.mark is not None:
        marked = -(-leg.quantity.atoms * asked.mark[0] // asked.mark[1])
    worth = max(agreed, leg.notional.atoms, marked)
    kept = -(-worth * asked.numerator // asked.denominator)
    lost = asked.sign * (agreed - marked)
    return kept + max(lost, 0) - (-worth * asked.fee_pips // PIPS_PER_UNIT)


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
