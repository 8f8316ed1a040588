"""Which pools are worth their gas: a bounded search over subsets, each solved exactly.

A fixed cost per pool makes the choice discrete. Dropping the pools that gain least for what they
cost, one after the other, agreed with brute force wherever that was tried; a route is dropped with
the last pool of either hop. Refuses to prove it: the certificate is of the split before gas.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from router.domain.units import AccountId
from router.liquidity.aggregate import aggregate
from router.optimiser.convex.certificate import Split
from router.optimiser.convex.scaled import Floats, ScaledProblem
from router.optimiser.exact.parts import DUST_SHARE, NEARLY_ALL
from router.optimiser.market.gas_price import chain_of, gas_price_atoms, transaction_of
from router.optimiser.market.market import Market, Selection, Source
from router.optimiser.market.route import Route, Stage

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
    if not any(_pool_gas(market, i) for i in range(len(market.pools))):
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
        saved = _transaction_gas(market, choice.gains) - _transaction_gas(market, pools)
        if sum(choice.gains[i] for i in dropped) < saved:
            yield pools


# Without some that gain least, with the best way only, or without all of a chain account.
def _subsets(market: Market, choice: _Choice) -> Iterator[tuple[int, ...]]:
    used = tuple(sorted(choice.gains))
    together = sorted(_together(choice), key=lambda own: (_sum(choice, own), own))
    yield from (_without(used, own) for own in together[:_TRIED_PER_ROUND])
    if len(together) > 1:
        yield from _ways_alone(choice)
        for account in sorted({_account(market, i) for i in used}):
            yield tuple(i for i in used if _account(market, i) != account)


# What can only be dropped together: a pool, or a whole route, also where a hop has one pool left.
def _together(choice: _Choice) -> set[tuple[int, ...]]:
    found = set()
    for source in choice.solved.selection.sources:
        hops = [[i for i in hop if i in choice.gains] for hop in _hops(source)]
        own = tuple(i for hop in hops for i in hop)
        if own:
            found.add(own)
            found |= {(i,) for hop in hops for i in hop if len(hop) > 1 or len(hops) == 1}
    return found


# The pool that gains most, and of each route the best pool of each hop.
def _ways_alone(choice: _Choice) -> list[tuple[int, ...]]:
    ways = []
    for source in choice.solved.selection.sources:
        hops = [[i for i in hop if i in choice.gains] for hop in _hops(source)]
        if all(hops):
            ways.append(tuple(max(hop, key=lambda i: (choice.gains[i], i)) for hop in hops))
    pools = [way for way in ways if len(way) == 1]
    best = [max(pools, key=lambda way: (_sum(choice, way), way))] if pools else []
    return best + [way for way in ways if len(way) > 1]


# The source's pools by hop.
def _hops(source: Source) -> list[tuple[int, ...]]:
    if not isinstance(source.way, Route):
        return [source.pools]
    first = len(source.way.base_stage.pools)
    return [source.pools[:first], source.pools[first:]]


def _sum(choice: _Choice, pools: tuple[int, ...]) -> float:
    return sum(choice.gains[i] for i in pools)


def _without(used: tuple[int, ...], dropped: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i in used if i not in dropped)


def _choice(solved: Solved) -> _Choice:
    market = solved.selection.market
    gains: dict[int, float] = {}
    ordered = solved.scaled.curves[0].quantity
    for c, (account, curve) in enumerate(solved.selection.chains):
        own = solved.selection.of(account)
        quantity = min(float(solved.split.shares[c]) * ordered, curve.capacity)
        price = float(curve.marginal(quantity))
        together = aggregate([source.curve for source in own])
        split = together.split(min(quantity, together.capacity))
        for source, part in zip(own, split, strict=True):
            if part > _DUST * ordered:
                amount = min(float(part), source.curve.capacity)
                gains |= _gains(source, amount=amount, price=price)
    gains = {i: gain - _pool_gas(market, i) for i, gain in gains.items()}
    gas = sum(_pool_gas(market, i) for i in gains) + _transaction_gas(market, gains)
    return _Choice(solved, solved.split.upper * ordered * market.mid + gas, gains)


# What each pool gains before gas where a unit of base is worth `price`, signed as a marginal cost.
def _gains(source: Source, *, amount: float, price: float) -> dict[int, float]:
    if not isinstance(source.way, Route):
        return {source.pools[0]: price * amount - float(source.curve.cost(amount))}
    base, quote = source.way.base_stage, source.way.quote_stage
    amount = min(amount, base.merged.capacity)
    middle = min(abs(float(base.merged.cost(amount))), quote.merged.capacity)
    # The middle asset is worth what the next of it costs, or what the base leaves for it.
    if middle < NEARLY_ALL * quote.merged.capacity:
        worth = abs(float(quote.merged.marginal(middle)))
    else:
        worth = abs(price / float(base.merged.marginal(amount)))
    sign = source.curve.sign
    gains = {}
    for i, part, cost in _used(base, source.pools, quantity=amount):
        gains[i] = price * part - worth * cost
    for i, part, cost in _used(quote, source.pools[len(base.pools) :], quantity=middle):
        gains[i] = sign * worth * part - cost
    return gains


# Of each used pool of a stage its index, its part and what that costs.
def _used(
    stage: Stage, pools: tuple[int, ...], *, quantity: float
) -> Iterator[tuple[int, float, float]]:
    together = stage.together
    split: Floats = together.split(min(quantity, together.capacity))
    least = DUST_SHARE * float(np.sum(split))
    for i, curve, part in zip(pools, together.curves, split.tolist(), strict=False):
        if part > least:
            amount = min(part, curve.capacity)
            yield i, amount, float(curve.cost(amount))


def _account(market: Market, pool: int) -> AccountId:
    return market.carriers[pool].account


def _pool_gas(market: Market, pool: int) -> float:
    return _gas(market, pool, units=market.pools[pool].gas_units)


# What the transactions of these pools cost before the first pool.
def _transaction_gas(market: Market, pools: Iterable[int]) -> float:
    first = {transaction_of(market.carriers[i]): i for i in pools}
    total = 0.0
    for i in first.values():
        chain = chain_of(market.problem, market.carriers[i])
        total += _gas(market, i, units=chain.gas_units_base if chain else 0)
    return total


def _gas(market: Market, pool: int, *, units: int) -> float:
    chain = chain_of(market.problem, market.carriers[pool])
    return gas_price_atoms(market.problem, chain, units) / 10.0**market.pair.quote.decimals
