"""What a plan tells, of one order or of several, and the problem it must be true of.

Refuses to judge it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from router.domain.basket import PlannedBasket
from router.domain.certificate import Certificate
from router.domain.error import CertificateError
from router.domain.plan import (
    CostSplit,
    PlannedRoute,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
    Uncertainty,
)
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.market.market import Selection, prepare, select
from router.optimiser.market.scaling import scale_all
from router.optimiser.sharpen import as_proved

Planned: TypeAlias = PlannedRoute | PlannedBasket


@dataclass(frozen=True)
class Told:
    """One order or several, with what is said of all of them together."""

    problems: tuple[RoutingProblem, ...]
    plans: tuple[RoutePlan, ...]
    cost: CostSplit
    certificate: Certificate

    @cached_property
    def selections(self) -> tuple[Selection, ...]:
        """Of every order, with all its pools."""
        markets = [prepare(problem) for problem in self.problems]
        return tuple(select(market, range(len(market.pools))) for market in markets)

    @cached_property
    def seen(self) -> ScaledProblem:
        """The problem at the quantities told, without the samples a network's proof rests on."""
        told = self.certificate.quantities
        if len(told) != len(self.problems) or any(atoms <= 0 for atoms in told):
            raise CertificateError("the certificate must say for how much base it was made")
        quantities = []
        for selection, atoms in zip(self.selections, told, strict=True):
            market = selection.market
            order = market.problem
            if order.kind is QuantityKind.BASE and order.quantity.atoms != atoms:
                raise CertificateError(
                    f"the certificate is of {atoms} atoms, {order.parent} of {order.quantity.atoms}"
                )
            quantities.append(atoms / 10.0**market.pair.base.decimals)
        return scale_all(self.selections, quantities)

    @cached_property
    def scaled(self) -> ScaledProblem:
        """The problem that the proof is of."""
        return as_proved(self.selections, self.seen, self.certificate)

    @property
    def uncertainty(self) -> Uncertainty | None:
        """What the plan was made for where that is not its cost as seen."""
        robust = [problem.uncertainty for problem in self.problems if problem.is_robust]
        return robust[0] if robust else None


def told_by(planned: Planned) -> Told:
    """Return what a plan tells, or a basket of them."""
    plan = planned.plan
    if isinstance(planned, PlannedRoute):
        return Told((planned.problem,), (planned.plan,), plan.cost, plan.certificate)
    return Told(planned.problems, planned.plan.plans, plan.cost, plan.certificate)
