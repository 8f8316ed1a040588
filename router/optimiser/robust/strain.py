"""Which rows a plan would break by the time it is included.

Rows are asked on the state as it was seen; a leg that costs more by then uses more of them. Of cash
that is the move of the price and the depth that left, of an account the loss by depth alone: its
mark moves with the price. What does not fit counts as bought at the limit price, which is the most
it may use. Refuses to change the plan; it only says what to expect.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.optimiser.convex.certificate import ROOM_TOLERANCE
from router.optimiser.convex.scaled import Floats, ScaledProblem
from router.optimiser.robust.depth import DepthCurve
from router.optimiser.robust.outlook import Outlook


@dataclass(frozen=True, slots=True)
class Strain:
    """A row that a scenario would break, and how much room is missing, over the notional."""

    scenario: str
    row: str
    missing: float


def strains(
    scaled: ScaledProblem, depths: Sequence[DepthCurve], shares: Floats, *, outlook: Outlook
) -> tuple[Strain, ...]:
    """Return the rows that shares would break, by scenario and then in the rows' order."""
    slips = np.array([d.costs(x) for d, x in zip(depths, shares.tolist(), strict=True)])
    found = []
    for k, scenario in enumerate(outlook.names):
        uses = _uses(scaled, slips[:, k], shares, move=float(outlook.moves[k]))
        missing = uses - scaled.rooms()
        found += [
            Strain(scenario, scaled.name(row), float(missing[row]))
            for row in np.flatnonzero(missing > ROOM_TOLERANCE).tolist()
        ]
    return tuple(found)


def _uses(scaled: ScaledProblem, slips: Floats, shares: Floats, *, move: float) -> Floats:
    cash = []
    for row in scaled.cash:
        own = list(row.members)
        paid = slips[own] + move * shares[own] if row.pays_quote else np.zeros(len(own))
        cash.append(float(np.sum(shares[own] + paid)))
    accounts = [a.uses(slips[list(a.members)], shares[list(a.members)]) for a in scaled.accounts]
    return np.concatenate([np.array(cash), *accounts])
