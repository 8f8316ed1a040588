"""The same order at other sizes: the curve of slippage, and the largest size there is a plan for.

Every point is a plan as it would be sent. Refuses to draw a point that was not planned.
"""

from collections.abc import Awaitable, Callable
from math import exp, log
from typing import Final, TypeAlias

from router.domain.units import Amount
from router.gateway.quote_data import Point

Plan: TypeAlias = Callable[[Amount], Awaitable[Point]]

POINTS: Final = 12  # from a hundredth of the order up
_SMALLEST: Final = 100
_DOUBLINGS: Final = 6  # beyond the order: up to 64 times of it
_HALVINGS: Final = 8
_DIGITS: Final = 4  # significant ones of a size


async def curve(plan: Plan, quantity: Amount, *, is_feasible: bool) -> tuple[Point, ...]:
    """Return plans on a logarithmic grid, up to the largest size that is feasible and one beyond.

    Parameters
    ----------
    is_feasible : bool
        Whether there is a plan for the quantity itself.
    """
    top, beyond = await _edge(plan, quantity, is_feasible=is_feasible)
    if top is None:
        return (beyond,) if beyond is not None else ()
    low = min(quantity.atoms, top.quantity.atoms) / _SMALLEST
    grid = _grid(low, top.quantity.atoms)
    if quantity.atoms < top.quantity.atoms:
        grid = sorted({*grid, quantity.atoms})
    points = [await plan(Amount(quantity.asset, atoms)) for atoms in grid]
    last = [] if beyond is None else [beyond]
    return (*points, top, *last)


async def largest(plan: Plan, quantity: Amount) -> Amount | None:
    """Return the largest size found below one that is not feasible; None if there is none."""
    top, _ = await _edge(plan, quantity, is_feasible=False)
    return None if top is None else top.quantity


# The largest size that was planned, and the smallest above it that was refused.
async def _edge(
    plan: Plan, quantity: Amount, *, is_feasible: bool
) -> tuple[Point | None, Point | None]:
    best, refused = None, None
    step = 2.0 if is_feasible else 0.25
    size = float(quantity.atoms)
    for turn in range(_DOUBLINGS):
        atoms = _rounded(size) if turn else quantity.atoms
        point = await plan(Amount(quantity.asset, atoms))
        if point.plan is None:
            refused = point
        else:
            best = point
        if (point.plan is None) is is_feasible:
            break
        size *= step
        if size < 1.0:
            break
    if best is None or refused is None:
        return best, refused
    for _ in range(_HALVINGS):
        middle = exp(0.5 * (log(best.quantity.atoms) + log(refused.quantity.atoms)))
        atoms = _rounded(middle)
        if atoms in {best.quantity.atoms, refused.quantity.atoms}:
            break
        point = await plan(Amount(quantity.asset, atoms))
        best, refused = (best, point) if point.plan is None else (point, refused)
    return best, refused


# Ascending, without the last; whole in a few digits.
def _grid(low: float, high: float) -> list[int]:
    if high <= 1 or low >= high:
        return []
    step = (log(high) - log(max(low, 1.0))) / POINTS
    sizes = {_rounded(exp(log(max(low, 1.0)) + step * place)) for place in range(POINTS)}
    return sorted(size for size in sizes if 0 < size < high)


# Down to a few significant digits, for eyes.
def _rounded(size: float) -> int:
    atoms = max(int(size), 1)
    unit: int = 10 ** max(len(str(atoms)) - _DIGITS, 0)
    return atoms // unit * unit
