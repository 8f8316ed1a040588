"""Several orders planned together: their plans and the one proof for all of them."""

from dataclasses import dataclass

from router.domain.certificate import Certificate
from router.domain.plan import CostSplit, RoutePlan, RoutingProblem
from router.domain.units import Amount, BasketId, ParentId


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


@dataclass(frozen=True, slots=True)
class Basket:
    """Orders that are planned and held together.

    Attributes
    ----------
    orders : tuple of ParentId
        In the order in which they were given.
    exposure_max : Amount | None
        How far what was bought may be ahead of what was sold, or behind, in one quote asset, beside
        what the whole basket is meant to leave; None: it may be anything.
    """

    id: BasketId
    orders: tuple[ParentId, ...]
    exposure_max: Amount | None = None
