"""The optimiser's entry: a `RoutingProblem` in, a certified `RoutePlan` out, or a refusal.

Pure and deterministic: the same problem gives the same plan, whatever was solved before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from router.domain.error import SolverError
from router.domain.market import BlockRef
from router.domain.plan import (
    CostSplit,
    NoRouteReason,
    QuantityKind,
    RoutePlan,
    RoutingProblem,
)
from router.domain.units import PICO_PER_UNIT, PIPS_PER_UNIT, Amount, Pico, Rounding, divide
from router.optimiser.cash import solve_cash
from router.optimiser.convex import programme
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.exact.leg import slippage, to_legs, total_gas
from router.optimiser.exact.rounding import Draft, round_shares
from router.optimiser.exact.single import singles
from router.optimiser.gas.search import Solved, worth_their_gas
from router.optimiser.market.market import Market, prepare, select
from router.optimiser.market.scaling import scale
from router.optimiser.proof import certify
from router.optimiser.refusal import (
    check_candidates,
    check_liquidity,
    refuse_accounts,
    refuse_rounding,
)
from router.optimiser.whole import in_whole_lots

_ROUNDING_MAX: Final = 1e-5  # of the notional; more is worth another look
_REMAINDER_MAX: Final = 1e-6  # of the order: the pools carry nothing but what whole lots leave


def solve(problem: RoutingProblem) -> RoutePlan:
    """Return the cheapest plan found, with the proof of how far it can be from the best.

    Raises
    ------
    NoRouteError
        If no plan keeps the order's limits and the accounts' rooms; says what binds.
    SolverError
        If no certificate within tolerance was found in the rounds allowed.
    """
    check_candidates(problem)
    market = prepare(problem)
    full = _solve_all(market)
    if full.split.gap > full.split.gap_max:
        raise SolverError(
            f"gap is {full.split.gap * 1e4:.4f} bps, above {full.split.gap_max * 1e4:.4f}"
        )
    quantity = full.scaled.curves[0].quantity

    def solve_with(pools: tuple[int, ...]) -> Solved | None:
        return _solve_selection(market, pools, quantity)

    best = worth_their_gas(full, solve_with)
    tried = [best, full] if best is not full else [full]
    found = _drafts([*tried, *_by_one_source(full)])
    if isinstance(found[0], NoRouteReason) or found[0].unfilled:
        found += _drafts(
            [s for source in full.selection.sources if (s := solve_with(source.pools))]
        )
    if _rounds_badly(found[0], best):
        found += _drafts([s for solved in tried for s in in_whole_lots(solved)])
    venues, alone = singles(full.selection)
    whole = [d for d in (*found, *alone) if isinstance(d, Draft)]
    if not whole:
        raise refuse_rounding(market, next(r for r in found if isinstance(r, NoRouteReason)))
    chosen = min(whole, key=lambda d: d.regret)
    legs = to_legs(problem, chosen.trades)
    cost = sum((leg.cost for leg in legs), CostSplit(0, 0, 0, 0))
    return RoutePlan(
        parent=problem.parent,
        side=problem.side,
        legs=legs,
        unfilled=Amount(problem.quantity.asset, chosen.unfilled),
        arrival_mid=problem.arrival_mid,
        block=_block(chosen),
        cost=cost,
        slippage=slippage(problem, cost=cost.total, base=chosen.base),
        singles=venues,
        certificate=certify(full.split, rounded_cost=_rate(problem, chosen)),
    )


def warm_up() -> None:
    """Load the solvers and compile the usual programmes, so that no order waits for it."""
    programme.warm_up()


def _solve_all(market: Market) -> Solved:
    problem = market.problem
    selection = select(market, range(len(market.pools)))
    if problem.kind is QuantityKind.CASH:
        scaled, split = solve_cash(selection)
        return Solved(selection, scaled, split)
    quantity = problem.quantity.atoms / 10.0**market.pair.base.decimals
    check_liquidity(selection, quantity)
    scaled = scale(selection, quantity)
    found = solve_continuous(scaled)
    if found is None:
        raise refuse_accounts(market, scaled)
    return Solved(selection, scaled, found)


def _solve_selection(market: Market, pools: tuple[int, ...], quantity: float) -> Solved | None:
    selection = select(market, pools)
    if not selection.sources and not market.problem.books:
        return None
    scaled = scale(selection, quantity)
    try:
        split: Split | None = solve_continuous(scaled)
    except SolverError:
        return None
    return None if split is None else Solved(selection, scaled, split)


# Where the books carry all but what is less than a lot, each source is asked to take that alone:
# its gas and its whole atoms weigh more than its price.
def _by_one_source(solved: Solved) -> Iterator[Solved]:
    selection, shares = solved.selection, solved.split.shares
    n = len(selection.chains)
    if len(selection.sources) == 1 or float(np.sum(shares[:n])) > _REMAINDER_MAX:
        return
    for source in selection.sources:
        alone = select(selection.market, source.pools)
        scaled = scale(alone, solved.scaled.curves[0].quantity)
        split = replace(solved.split, shares=np.append(0.0, shares[n:]))
        yield Solved(alone, scaled, split)


# Whether whole lots cost more than they would where they are fine against the order.
def _rounds_badly(found: Draft | NoRouteReason, solved: Solved) -> bool:
    if isinstance(found, NoRouteReason) or found.unfilled:
        return True
    problem = solved.selection.market.problem
    gas = total_gas(problem, found.trades)
    before_gas = slippage(problem, cost=found.cost - gas, base=found.base)
    return before_gas / PIPS_PER_UNIT - solved.split.upper > _ROUNDING_MAX


def _drafts(solved: Sequence[Solved]) -> list[Draft | NoRouteReason]:
    return [round_shares(s.selection, s.scaled, s.split.shares) for s in solved]


# The youngest block the plan's pools were read at.
def _block(draft: Draft) -> BlockRef | None:
    blocks = [pool.snapshot.block for trade in draft.trades for pool in trade.pools]
    return max(blocks, key=lambda block: block.number, default=None)


def _rate(problem: RoutingProblem, draft: Draft) -> Pico:
    mid = problem.arrival_mid
    value = draft.base * mid.quote_atoms
    return Pico(divide(draft.cost * mid.base_atoms * PICO_PER_UNIT, value, Rounding.UP))
