"""A chain account's part over its pools, in whole atoms.

Refuses to weigh costs beyond the split that is cheapest, and to look at accounts.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from router.domain.plan import NoRouteReason, PoolCandidate, QuantityKind
from router.domain.units import AccountId
from router.liquidity.aggregate import aggregate
from router.optimiser.problem import Market, Selection
from router.optimiser.trade import Trade, fillable, pool_trade

NEARLY_ALL: Final = 1.0 - 1e-6  # of a capacity: from here on atoms are counted
_DUST_SHARE: Final = 1e-6  # of a chain's part: a pool with less is not worth a hop
_HELD_TOLERANCE: Final = 1.0 + 1e-9  # the curve is a float, the trade exact
_CASH_STEPS: Final = 8  # Newton steps from cash to base on a convex curve


def held_atoms(selection: Selection, account: AccountId) -> int:
    """Return what the account's selected pools hold of what the order fixes, [atoms]."""
    market = selection.market
    own = [i for i in selection.pools if market.problem.pools[i].instrument.account == account]
    return sum(_held(market, i) for i in own)


def pool_trades(
    selection: Selection, account: AccountId, atoms: int
) -> list[Trade | NoRouteReason]:
    """Trade a chain account's part, in atoms of what the order fixes, in its selected pools."""
    if atoms <= 0:
        return []
    market = selection.market
    own = [i for i in selection.pools if market.problem.pools[i].instrument.account == account]
    parts = _split_atoms(market, own, atoms)
    return [
        pool_within_limit(market, i, amount=part)
        for i, part in zip(own, parts, strict=True)
        if part > 0
    ]


def pool_within_limit(market: Market, index: int, *, amount: int) -> Trade | NoRouteReason:
    """Trade `amount` of what the order fixes in a pool whose every unit keeps the limit price."""
    problem = market.problem
    pool = problem.pools[index]
    trade = pool_trade(problem, pool, amount=amount, kind=problem.kind)
    # The average may keep the limit while the last units do not.
    held = market.pool_curves[index].capacity * 10.0**pool.instrument.base.decimals
    if isinstance(trade, Trade) and trade.base > held * _HELD_TOLERANCE:
        return NoRouteReason.LIMIT_PRICE
    return trade


# Splits base or cash over pools; the largest that is not drained takes what rounding leaves.
def _split_atoms(market: Market, pools: Sequence[int], atoms: int) -> list[int]:
    problem = market.problem
    candidate: PoolCandidate = problem.pools[pools[0]]
    together = aggregate([market.pool_curves[i] for i in pools])
    if problem.kind is QuantityKind.BASE:
        quantity = atoms / 10**candidate.instrument.base.decimals
        split = together.split(min(quantity, together.capacity))
        amounts = split
    else:
        cash = atoms / 10**candidate.instrument.quote.decimals
        quantity = _base_for_cash(market, pools, cash)
        split = together.split(min(quantity, together.capacity))
        pairs = zip(pools, split, strict=True)
        amounts = np.array([abs(float(market.pool_curves[i].cost(q))) for i, q in pairs])
    total = float(np.sum(amounts))
    amounts = np.where(amounts >= _DUST_SHARE * total, amounts, 0.0)
    parts = [int(atoms * a) for a in amounts / max(float(np.sum(amounts)), 1e-300)]
    free = []
    for k, (i, part) in enumerate(zip(pools, parts, strict=True)):
        if split[k] > NEARLY_ALL * market.pool_curves[i].capacity:
            parts[k] = min(part, _held(market, i))
        else:
            free.append(k)
    taker = max(free or range(len(parts)), key=lambda k: float(amounts[k]))
    parts[taker] += atoms - sum(parts)
    return parts


# The float curve and the exact pool differ by atoms, which matters where a pool is drained.
def _held(market: Market, index: int) -> int:
    problem, curve = market.problem, market.pool_curves[index]
    pool = problem.pools[index]
    base, quote = pool.instrument.base, pool.instrument.quote
    if problem.kind is QuantityKind.BASE:
        most = int(curve.capacity * 10.0**base.decimals)
    else:
        most = int(abs(float(curve.cost(curve.capacity))) * 10.0**quote.decimals)
    return fillable(problem, pool, amount=most) if most > 0 else 0


def _base_for_cash(market: Market, pools: Sequence[int], cash: float) -> float:
    together = aggregate([market.pool_curves[i] for i in pools])
    merged = together.merged
    assert merged is not None, "pool curves have no shift"
    quantity = min(cash / market.mid, merged.capacity)
    for _ in range(_CASH_STEPS):
        missing = cash - abs(float(merged.cost(quantity)))
        step = missing / abs(float(merged.marginal(quantity)))
        quantity = min(max(quantity + step, 0.0), merged.capacity)
    return quantity
