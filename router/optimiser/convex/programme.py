"""The linear programme in cvxpy: of fixed shape, compiled once, solved by HiGHS or Clarabel.

This is the only module that knows cvxpy, and it imports it on first use (0.7 s and more). Refuses
to judge its own answer; `certificate` does.
"""

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from router.optimiser.convex.chords import PIECES, Answer, Chords
from router.optimiser.convex.rows import Floats

SCENARIO_SLOTS: Final = 8
_CURVES: Final = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 24, 32, 48, 64)
_ROWS: Final = (4, 10, 16, 24, 32, 48, 64)  # coarse, so that few shapes are ever compiled
_TOLERANCE: Final = 1e-10  # of the order; HiGHS's own 1e-7 would show in a certificate
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "HIGHS": {
        "presolve": "off",
        "small_matrix_value": 1e-12,
        "primal_feasibility_tolerance": _TOLERANCE,
        "dual_feasibility_tolerance": _TOLERANCE,
    },
    "CLARABEL": {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11},
}
USUAL_SHAPES: Final = tuple(
    (n_curves, 1, n_rows) for n_curves in (2, 3, 4, 5) for n_rows in (4, 10)
)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A compiled programme; its parameters take every problem of at most this size.

    Compiling one solver's form would throw the other's away, so each solver has its own.

    Attributes
    ----------
    parameters : tuple of cvxpy.Parameter
        Cost of whole pieces, of what is unfilled and of what is beyond; what whole pieces use of
        demands and rooms; their right sides.
    pieces : cvxpy.Variable
        Parts of whole pieces: with constant bounds the solver is given bounds instead of rows.
    """

    n_curves: int
    n_demands: int
    n_rows: int
    problem: Any
    parameters: tuple[Any, ...]
    pieces: Any
    unfilled: Any
    beyond: Any
    demand: Any
    room: Any


def solve(chords: Chords) -> Answer | None:
    """Solve by HiGHS, or by Clarabel where it fails; None if both do."""
    return solve_by("HIGHS", chords) or solve_by("CLARABEL", chords)


def solve_by(solver: str, chords: Chords) -> Answer | None:
    """Solve by one solver; None where it fails."""
    n_curves, n_demands = chords.cost.shape[0], chords.shares.size
    n_rows = _fitting(len(chords.asked), _ROWS)
    shape = compiled(_fitting(n_curves, _CURVES), n_demands, n_rows, solver=solver)
    values = _values(chords, shape)
    if not _run(shape, values, solver=solver):
        return None
    parts = np.asarray(shape.pieces.value, dtype=np.float64).reshape(shape.n_curves, PIECES)
    rows = np.atleast_1d(np.asarray(shape.room.dual_value, dtype=np.float64))
    return Answer(
        shares=(parts[:n_curves] * chords.width).sum(axis=1),
        unfilled=float(shape.unfilled.value),
        beyond=np.asarray(shape.beyond.value, dtype=np.float64)[: len(chords.asked)],
        demands=-np.atleast_1d(np.asarray(shape.demand.dual_value, dtype=np.float64)),
        rows=rows[: len(chords.asked)],
    )


@functools.cache
def compiled(n_curves: int, n_demands: int, n_rows: int, *, solver: str) -> Shape:
    """Return the programme of a shape for one solver, compiled by solving it once."""
    cp = _cvxpy()
    n_pieces, n_sides = n_curves * PIECES, n_demands + n_rows
    cost, sides = cp.Parameter(n_pieces + 2), cp.Parameter(n_sides)
    matrix = cp.Parameter((n_sides, n_pieces))
    pieces = cp.Variable(n_pieces, bounds=[0.0, 1.0])
    unfilled, beyond = cp.Variable(bounds=[0.0, 1.0]), cp.Variable(n_rows, nonneg=True)
    share = sides[:n_demands]
    demand = matrix[:n_demands] @ pieces + cp.multiply(share, unfilled) == share
    room = matrix[n_demands:] @ pieces - beyond <= sides[n_demands:]
    missing = cost[n_pieces] * unfilled + cost[n_pieces + 1] * cp.sum(beyond)
    shape = Shape(
        n_curves=n_curves,
        n_demands=n_demands,
        n_rows=n_rows,
        problem=cp.Problem(cp.Minimize(cost[:n_pieces] @ pieces + missing), [demand, room]),
        parameters=(cost, matrix, sides),
        pieces=pieces,
        unfilled=unfilled,
        beyond=beyond,
        demand=demand,
        room=room,
    )
    _run(shape, tuple(np.ones(p.shape) for p in shape.parameters), solver=solver)
    return shape


def warm_up() -> None:
    """Compile the usual shapes, so that no order waits for it."""
    for shape in USUAL_SHAPES:
        compiled(*shape, solver="HIGHS")


def _cvxpy() -> ModuleType:
    import cvxpy  # noqa: PLC0415  # a plan without binding rows need not wait for it

    return cvxpy


def _run(shape: Shape, values: tuple[Floats, ...], *, solver: str) -> bool:
    cp = _cvxpy()
    for parameter, value in zip(shape.parameters, values, strict=True):
        parameter.save_value(value)  # without its checks, which cost as much as the solver
    with warnings.catch_warnings():
        # An inaccurate answer is judged by its certificate like any other.
        warnings.simplefilter("ignore", UserWarning)
        try:
            # A warm start would make the answer depend on the problems before it.
            shape.problem.solve(solver=solver, warm_start=False, **_OPTIONS[solver])
        except (cp.SolverError, ValueError):  # the latter where a solver knows no status
            return False
    return shape.problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}


def _fitting(count: int, sizes: Sequence[int]) -> int:
    return next((size for size in sizes if size >= count), count)


# Curves and rows that pad a shape have no width and all the room there is.
def _values(chords: Chords, shape: Shape) -> tuple[Floats, ...]:
    (n_curves, _), n_demands, n_rows = chords.cost.shape, shape.n_demands, len(chords.asked)
    cost = np.zeros(shape.n_curves * PIECES + 2)
    cost[: n_curves * PIECES] = (chords.cost * chords.width).ravel()
    cost[-2:] = chords.unfilled_price, chords.beyond_price
    matrix = np.zeros((n_demands + shape.n_rows, shape.n_curves, PIECES))
    matrix[chords.serves, np.arange(n_curves)] = chords.width
    matrix[n_demands : n_demands + n_rows, :n_curves] = chords.uses * chords.width
    sides = np.ones(n_demands + shape.n_rows)
    sides[:n_demands] = chords.shares
    sides[n_demands : n_demands + n_rows] = chords.rooms
    return cost, matrix.reshape(sides.size, -1), sides
