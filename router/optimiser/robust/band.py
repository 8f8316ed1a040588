"""What a plan as sent may cost by the time it is included: the band that a dry run shows.

Every leg stays as it is, in whole lots and atoms. What it costs as seen is exact; what a scenario
adds to that is the difference of the leg's own float curve at the scenario's depth and as seen, and
the move of the price. A leg that fixes its cash is valued as if it fixed its base, the same to
first order. What does not fit within the limit price costs the limit price in the moved market: a
leg that its bound stops is taken to be sent again. Refuses to re-split anything.
"""

import math
from collections.abc import Sequence

import numpy as np

from router.domain.error import OrderError
from router.domain.plan import Band, Leg, Uncertainty
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, InstrumentId, Pico, Pips
from router.optimiser.convex.rows import Floats
from router.optimiser.market.market import Selection
from router.optimiser.robust.depth import View, depth_curve
from router.optimiser.robust.outlook import Outlook, outlook_of
from router.optimiser.robust.views import book_views, limit_rate


def band(legs: Sequence[Leg], selection: Selection, uncertainty: Uncertainty) -> Band:
    """Return the slippage of a plan over the scenarios, each number rounded against us.

    Parameters
    ----------
    legs : Sequence[Leg]
        Of the plan; one at least.
    selection : Selection
        What the plan was made from: every leg is one of its sources or books.

    Raises
    ------
    OrderError
        If the uncertainty states no probabilities, or the plan has no legs.
    """
    if not legs:
        raise OrderError("a band needs a plan with at least one leg")
    outlook = outlook_of(uncertainty)
    costs = slippages(legs, selection, outlook)
    possible = costs[outlook.weights > 0.0]
    return Band(
        best=_pips(float(possible.min())),
        expected=_pips(outlook.expected(costs)),
        worst=_pips(float(possible.max())),
        tail=_pips(outlook.tail_mean(costs)),
    )


def sent_worth(legs: Sequence[Leg], selection: Selection, uncertainty: Uncertainty) -> Pico:
    """Return what `solve_robust` minimises, of the plan as sent, gas included; rounded up."""
    outlook = outlook_of(uncertainty)
    rate = outlook.worth(slippages(legs, selection, outlook))
    return Pico(math.ceil(rate * PICO_PER_UNIT))


def slippages(legs: Sequence[Leg], selection: Selection, outlook: Outlook) -> Floats:
    """Return the plan's cost over its notional at arrival mid, shape (n_scenarios,)."""
    found = _views(selection)
    mid, pair = selection.market.mid, selection.market.pair
    value, total = 0.0, np.zeros(outlook.weights.size)
    for leg in legs:
        quantity = leg.quantity.atoms / 10.0**pair.base.decimals
        curve = depth_curve(found[leg.instrument.id], outlook, quantity=quantity, mid=mid)
        seen = leg.cost.total / 10.0**pair.quote.decimals
        more = curve.costs(1.0) - curve.cost_as_seen(1.0) + outlook.moves
        total += seen + more * quantity * mid
        value += quantity * mid
    return np.asarray(total / value)


def _views(selection: Selection) -> dict[InstrumentId, View]:
    market = selection.market
    rate = limit_rate(market)
    sources = {
        source.instrument.id: View(source.curve, source.curve, is_book=False, limit_rate=rate)
        for source in selection.sources
    }
    return sources | book_views(market)


def _pips(rate: float) -> Pips:
    return Pips(math.ceil(rate * PIPS_PER_UNIT))
