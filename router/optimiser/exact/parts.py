"""An exact amount shared out over curves that are filled together, in whole atoms.

Refuses to trade: what a pool makes of its part is asked of `trade`.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from router.domain.instrument import Instrument
from router.domain.plan import QuantityKind
from router.liquidity.aggregate import Aggregate
from router.liquidity.curve import CostCurve

NEARLY_ALL: Final = 1.0 - 1e-6  # of a capacity: from here on atoms are counted
DUST_SHARE: Final = 1e-6  # of the whole: a pool with less is not worth a hop
_CASH_STEPS: Final = 12  # Newton steps from cash to base on a convex curve


def parts(
    together: Aggregate,
    pair: Instrument,
    *,
    kind: QuantityKind,
    atoms: int,
    fillable: Callable[[int, int], int],
    given: Callable[[int, int], int],
) -> list[int]:
    """Return what each curve takes of `atoms` of base or cash; they add up to it.

    The largest that is not drained takes what rounding leaves, if possible one that gives exactly
    what it is asked for.

    Parameters
    ----------
    fillable : Callable[[int, int], int]
        Of a curve by its index, and of an amount, how much its market really has; asked where a
        curve is drained, for there the float curve and the exact market differ by atoms.
    given : Callable[[int, int], int]
        Of a curve by its index, and of a part, what its market gives when asked for that.
    """
    merged = together.merged
    assert merged is not None, "pool curves have no shift"
    in_base = kind is QuantityKind.BASE
    asset = pair.base if in_base else pair.quote
    amount = atoms / 10**asset.decimals
    quantity = amount if in_base else base_for_cash(merged, amount)
    split = together.split(min(quantity, together.capacity))
    if in_base:
        amounts = split
    else:
        pairs = zip(together.curves, split, strict=True)
        amounts = np.array([abs(float(c.cost(min(q, c.capacity)))) for c, q in pairs])
    amounts = np.where(amounts >= DUST_SHARE * float(np.sum(amounts)), amounts, 0.0)
    found = [int(atoms * a) for a in amounts / max(float(np.sum(amounts)), 1e-300)]
    free = []
    for k, curve in enumerate(together.curves):
        if split[k] > NEARLY_ALL * curve.capacity:
            most = held_atoms(curve, pair, kind=kind)
            found[k] = min(found[k], fillable(k, most) if most > 0 else 0)
        else:
            free.append(k)
    exact = [k for k in free if found[k] and given(k, found[k]) == found[k]]
    taker = max(exact or free or range(len(found)), key=lambda k: float(amounts[k]))
    if exact:
        found = _given_whole(found, taker=taker, atoms=atoms, given=given)
    found[taker] += atoms - sum(found)
    return found


# What the others give beyond their parts is taken off the taker's, if that is large enough.
def _given_whole(
    found: list[int], *, taker: int, atoms: int, given: Callable[[int, int], int]
) -> list[int]:
    whole = [n if k == taker or not n else given(k, n) for k, n in enumerate(found)]
    return whole if whole[taker] + atoms - sum(whole) > 0 else found


def held_atoms(curve: CostCurve, pair: Instrument, *, kind: QuantityKind) -> int:
    """Return what a curve holds of base, or moves in cash if taken whole, [atoms]."""
    if kind is QuantityKind.BASE:
        return int(curve.capacity * 10.0**pair.base.decimals)
    return int(abs(float(curve.cost(curve.capacity))) * 10.0**pair.quote.decimals)


def base_for_cash(curve: CostCurve, cash: float) -> float:
    """Return the base that a curve trades for an amount of cash, at most all it holds, [base]."""
    if not curve.quantity.size:
        return 0.0
    # Starts where the slope is steepest for the cash: every step comes nearer from one side.
    quantity = min(cash / abs(float(curve.marginal(0.0))), curve.capacity)
    for _ in range(_CASH_STEPS):
        missing = cash - abs(float(curve.cost(quantity)))
        step = missing / abs(float(curve.marginal(quantity)))
        quantity = min(max(quantity + step, 0.0), curve.capacity)
    return quantity
