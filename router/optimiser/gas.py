"""Which pools are worth their gas: a bounded search over subsets, each solved exactly.

A fixed cost per pool makes the choice discrete. Dropping the pools that gain least for what they
cost, one after the other, agreed with brute force wherever that was tried. Refuses to prove it:
the certificate is of the split before gas.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.units import AccountId
from router.liquidity.aggregate import aggregate
from router.optimiser.certificate import Split
from router.optimiser.leg import chain_of, gas_price_atoms
from router.optimiser.problem import Market, ScaledProblem, Selection

_TRIED_PER_ROUND: Final = 3
_SOLVES_MAX: Final = 40
_DUST: Final = 1e-6  # of the order


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A selection of pools with its certified split."""

    selection: Selection
    scaled: ScaledProblem
    split: Split


Solve: TypeAlias = Callable[[tuple[int, ...]], Solved | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    solved: Solved
    total: float  # cost with gas, [quote]
    gains: dict[int, float]  # of each used pool net of its gas, [quote]


def worth_their_gas(full: Solved, solve: Solve) -> Solved:
    """Return the best selection found, gas included.

    Parameters
    ----------
    solve : Solve
        Solves the same order with some pools only; None where it cannot be done.
    """
    market = full.selection.market
    if not any(_pool_gas(market, i) for i in range(len(market.problem.pools))):
        return full
    best = _choice(full)
    solves = 0
    improved = True
    while improved and solves < _SOLVES_MAX:
        improved = False
        for pools in _smaller(market, best):
            solved = solve(pools)
            solves += 1
            following = _choice(solved) if solved else None
            if following is not None and following.total < best.total:
                best, improved = following, True
                break
    return best.solved


# Dropping pools costs at least what they gain before gas (weak duality), so only sets that gain
# less than their gas are worth a solve.
def _smaller(market: Market, choice: _Choice) -> Iterator[tuple[int, ...]]:
    for pools in _subsets(market, choice):
        dropped = choice.gains.keys() - set(pools)
        left = {_account(market, i) for i in pools}
        chains = {_account(market, i) for i in dropped} - left
        saved = sum(_base_gas(market, a) for a in chains)
        if sum(choice.gains[i] for i in dropped) < saved:
            yield pools


# Without one of the pools that gain least, without a whole chain, or with the best pool only.
def _subsets(market: Market, choice: _Choice) -> Iterator[tuple[int, ...]]:
    used = tuple(sorted(choice.gains))
    ranked = sorted(used, key=lambda i: (choice.gains[i], i))
    yield from (tuple(i for i in used if i != out) for out in ranked[:_TRIED_PER_ROUND])
    if len(used) > 1:
        yield (ranked[-1],)
        for account in sorted({_account(market, i) for i in used}):
            yield tuple(i for i in used if _account(market, i) != account)


def _choice(solved: Solved) -> _Choice:
    market = solved.selection.market
    gains: dict[int, float] = {}
    ordered = solved.scaled.curves[0].quantity
    for c, (account, curve) in enumerate(solved.selection.chains):
        own = [i for i in solved.selection.pools if _account(market, i) == account]
        quantity = min(float(solved.split.shares[c]) * ordered, curve.capacity)
        price = float(curve.marginal(quantity))
        together = aggregate([market.pool_curves[i] for i in own])
        split = together.split(min(quantity, together.capacity))
        for i, part in zip(own, split, strict=True):
            if part > _DUST * ordered:
                amount = min(float(part), market.pool_curves[i].capacity)
                cost = float(market.pool_curves[i].cost(amount))
                gains[i] = price * amount - cost - _pool_gas(market, i)
    gas = sum(_pool_gas(market, i) for i in gains)
    gas += sum(_base_gas(market, a) for a in {_account(market, i) for i in gains})
    return _Choice(solved, solved.split.upper * ordered * market.mid + gas, gains)


def _account(market: Market, pool: int) -> AccountId:
    return market.problem.pools[pool].instrument.account


def _pool_gas(market: Market, pool: int) -> float:
    candidate = market.problem.pools[pool]
    chain = chain_of(market.problem, candidate)
    atoms = gas_price_atoms(market.problem, chain, candidate.gas_units)
    return atoms / 10.0**candidate.instrument.quote.decimals


def _base_gas(market: Market, account: AccountId) -> float:
    problem = market.problem
    chain = next((c for c in problem.chains if c.account == account), None)
    units = chain.gas_units_base if chain else 0
    decimals = problem.pools[0].instrument.quote.decimals
    return gas_price_atoms(problem, chain, units) / 10.0**decimals
