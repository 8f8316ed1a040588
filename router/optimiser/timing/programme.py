"""The schedule's quadratic programme in cvxpy: of fixed shape, compiled once, solved by Clarabel.

Imports cvxpy on first use (0.7 s and more). Refuses to judge its own answer; `bound` does.
"""

import functools
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from router.domain.error import SolverError
from router.liquidity.curve import Floats
from router.optimiser.timing.terms import Terms

INTERVALS_MAX: Final = 512
_SHAPES: Final = (8, 16, 32, 64, 128, 256, INTERVALS_MAX)  # coarse, so that few are ever compiled
_OPTIONS: Final[dict[str, Any]] = {
    "tol_gap_abs": 1e-13,
    "tol_gap_rel": 1e-13,
    "tol_feas": 1e-12,
    "max_iter": 100,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    # Parameters: roots of the weights of slices, of moves and of what remains; what remaining
    # saves; decay; the most of each slice; the least that remains after each.
    n: int
    problem: Any
    parameters: tuple[Any, ...]
    shares: Any


def solve(terms: Terms, *, share_max: Floats, remaining_min: Floats) -> Floats:
    """Return the shares that cost least, to the solver's precision.

    Parameters
    ----------
    share_max : float64, shape (n,)
        Of each slice.
    remaining_min : float64, shape (n,)
        What must be left after each slice; the last is zero.

    Raises
    ------
    SolverError
        If the solver finds none.
    """
    n = share_max.size
    shape = _compiled(next(size for size in _SHAPES if size >= n))
    values = _values(terms, share_max, remaining_min)
    for parameter, value in zip(shape.parameters, values, strict=True):
        padded = np.zeros(shape.n)
        padded[:n] = value
        parameter.value = padded
    cp = _cvxpy()
    with warnings.catch_warnings():
        # An inaccurate answer is judged by its bound like any other.
        warnings.simplefilter("ignore", UserWarning)
        try:
            shape.problem.solve(solver="CLARABEL", **_OPTIONS)
        except cp.SolverError as error:
            raise SolverError(f"the schedule's solver failed: {error}") from error
    if shape.problem.status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}:
        raise SolverError(f"the schedule's solver ended {shape.problem.status}")
    return np.asarray(shape.shares.value, dtype=np.float64)[:n]


# What is left of all moves is a sum of squares: with b[k] = x[k] + decay[k + 1] * b[k + 1], the
# kernel's quadratic form is b[0]**2 + sum((1 - decay[k]**2) * b[k]**2), so no matrix is needed.
@functools.cache
def _compiled(n: int) -> _Shape:
    cp = _cvxpy()
    shares, remaining, moves = cp.Variable(n, nonneg=True), cp.Variable(n), cp.Variable(n)
    own, moved, waited = (cp.Parameter(n, nonneg=True) for _ in range(3))
    saved, decay, share_max, least = (cp.Parameter(n) for _ in range(4))
    squares = zip((own, moved, waited), (shares, moves, remaining), strict=True)
    cost = sum(cp.sum_squares(cp.multiply(root, value)) for root, value in squares)
    rules = [
        shares <= share_max,
        remaining >= least,
        remaining[0] == 1.0 - shares[0],
        remaining[1:] == remaining[:-1] - shares[1:],
        remaining[-1] == 0.0,
        moves[:-1] == shares[:-1] + cp.multiply(decay[1:], moves[1:]),
        moves[-1] == shares[-1],
    ]
    problem = cp.Problem(cp.Minimize(cost - saved @ remaining), rules)
    parameters = (own, moved, waited, saved, decay, share_max, least)
    return _Shape(n, problem, parameters, shares)


def _values(terms: Terms, share_max: Floats, remaining_min: Floats) -> tuple[Floats, ...]:
    scale = terms.scale
    kept = 1.0 - terms.decay**2  # the first decay is zero
    return (
        np.sqrt(terms.temporary / scale),
        np.sqrt(0.5 * terms.transient * kept / scale),
        np.sqrt(terms.aversion * terms.variance / scale),
        terms.held / scale,
        terms.decay,
        share_max,
        remaining_min,
    )


def _cvxpy() -> ModuleType:
    import cvxpy  # noqa: PLC0415  # an order without a schedule need not wait for it

    return cvxpy
