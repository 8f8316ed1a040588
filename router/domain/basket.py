"""Several orders planned together: their plans and the one proof for all of them."""

from dataclasses import dataclass

from router.domain.certificate import Certificate
from router.domain.plan import CostSplit, RoutePlan, RoutingProblem


@dataclass(frozen=True, slots=True)
class BasketPlan:
    """Plans of orders that share their accounts' cash and margin.

    Attributes
    ----------
    plans : tuple of RoutePlan
        In the order of the problems; each carries the certificate of the whole.
    certificate : Certificate
        Rates are of all orders' notional at their arrival mids together.
    """

    plans: tuple[RoutePlan, ...]
    cost: CostSplit
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class PlannedBasket:
    """Plans beside the problems they solve, in one order: all that a check of the proof needs."""

    problems: tuple[RoutingProblem, ...]
    plan: BasketPlan
