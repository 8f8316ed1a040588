"""What risk decides. `Approved` is built in `router.risk` only; execution accepts nothing else."""

from dataclasses import dataclass
from typing import TypeAlias

from router.domain.control import Finding
from router.domain.plan import NoRouteReason, RoutePlan


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan that passed every control."""

    plan: RoutePlan


@dataclass(frozen=True, slots=True)
class Refused:
    """A decision, not an error: which control said no, and what would change its mind."""

    reason: NoRouteReason
    message: str
    finding: Finding | None = None  # of the control that refused, where one did


Verdict: TypeAlias = Approved | Refused
