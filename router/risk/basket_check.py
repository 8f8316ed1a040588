"""Whether accounts bear the plans of several orders together, and each of them alone. Exact.

Every plan is checked against its own order first, as that of an order alone; here is what they
share: cash and margin. Refuses to weigh one order against another.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from router.domain.control import Control, Finding
from router.domain.plan import Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.scope import Scope, ScopeKind
from router.domain.units import AccountId, AssetId
from router.domain.verdict import Refused
from router.risk.limits import most_spent
from router.risk.margin_check import beyond_margins

Planned: TypeAlias = tuple[RoutingProblem, RoutePlan]


def beyond_together(planned: Sequence[Planned]) -> Refused | None:
    """Return what the accounts cannot bear of all plans together; None if they bear them."""
    legs = [(problem, plan.legs) for problem, plan in planned]
    return _beyond_cash(planned) or beyond_margins(legs)


def beyond_alone(planned: Sequence[Planned], place: int) -> Refused | None:
    """Return what the accounts cannot bear of one plan, should none of the others happen."""
    nothing: tuple[Leg, ...] = ()
    return beyond_margins(
        [
            (problem, plan.legs if each == place else nothing)
            for each, (problem, plan) in enumerate(planned)
        ]
    )


def _beyond_cash(planned: Sequence[Planned]) -> Refused | None:
    needed: Counter[tuple[AccountId, AssetId]] = Counter()
    for _, plan in planned:
        for leg in plan.legs:
            if leg.instrument.is_on_chain:
                spent = most_spent(leg)
                needed[leg.instrument.account, spent.asset] += spent.atoms
    problems = [problem for problem, _ in planned]
    for (account, asset), atoms in needed.items():
        room = _spendable(problems, account, asset)
        if atoms > room:
            message = (
                f"{account}: the plans of the basket may spend {atoms} atoms of {asset} together,"
                f" {room} are spendable; fund or approve more, or trade less"
            )
            told = (f"{room} atoms of {asset}", f"{atoms} atoms of {asset}")
            scope = Scope(ScopeKind.ACCOUNT, account)
            finding = Finding(Control.BALANCE, scope, "spendable", *told, message)
            return Refused(NoRouteReason.INSUFFICIENT_BALANCE, message, finding)
    return None


# The problems say the same of an account, so the first that names it tells.
def _spendable(problems: Sequence[RoutingProblem], account: AccountId, asset: AssetId) -> int:
    chains = (chain for problem in problems for chain in problem.chains)
    own = next((chain for chain in chains if chain.account == account), None)
    held = 0 if own is None else sum(a.atoms for a in own.spendable if a.asset == asset)
    return held - sum(
        r.amount.atoms
        for r in problems[0].reservations
        if (r.account, r.amount.asset) == (account, asset)
    )
