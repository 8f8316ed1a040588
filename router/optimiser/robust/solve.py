"""The robust mode's entry: a scaled problem and an uncertainty in, a certified split out.

Refuses to say what a plan as sent costs; `band` does.
"""

from collections.abc import Sequence

from router.domain.plan import Uncertainty
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.joint import Effort
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.robust.depth import View, depth_curves
from router.optimiser.robust.outlook import outlook_of
from router.optimiser.robust.parts import Walk


def solve_robust(
    scaled: ScaledProblem,
    uncertainty: Uncertainty,
    views: Sequence[View],
    *,
    effort: Effort | None = None,
) -> Split | None:
    """Return the certified split of least expected cost and tail, or None if rows forbid every one.

    Its bounds are of the expected cost plus aversion times the tail's mean. Among the multipliers
    of its parts are the weights of the tail that the bound rests on (`search.read_tail`).

    Parameters
    ----------
    views : Sequence[View]
        What each curve of the scaled problem is in the market.

    Raises
    ------
    OrderError
        If the uncertainty states no probabilities.
    SolverError
        If no certificate within 0.01 bp is found within the rounds and parts allowed.
    """
    outlook = outlook_of(uncertainty)
    depths = depth_curves(scaled.curves, views, outlook)
    return Walk(scaled, depths, outlook, effort=effort or Effort()).solve()
