"""The joint convex programme: a linear programme of fixed shape in cvxpy, compiled once.

Every curve is given as `PIECES` chords, which lie above it: a plan of the programme is feasible
and costs no more than the programme says. This is the only module that knows cvxpy, and it
imports it on first use (1.8 s). Refuses to judge its own answer; `certificate` does.
"""

import functools
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from router.optimiser.convex.scaled import Floats, ScaledProblem

PIECES: Final = 16
_SIZES: Final = (2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64)
_TOLERANCE: Final = 1e-10  # of the order; HiGHS's own 1e-7 would show in a certificate
_HIGHS: Final[dict[str, Any]] = {
    "presolve": "off",
    "primal_feasibility_tolerance": _TOLERANCE,
    "dual_feasibility_tolerance": _TOLERANCE,
}
_CLARABEL: Final[dict[str, Any]] = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
USUAL_SHAPES: Final = ((2, 2), (3, 2), (3, 3), (4, 2), (4, 3), (5, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a solver said: shares, and the duals of the demand and of the account rows."""

    shares: Floats
    demand: float
    rows: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A compiled programme; its parameters take every problem of at most this size.

    Compiling one solver's form would throw the other's away, so each solver has its own.
    """

    n_curves: int
    n_rows: int
    problem: Any
    parameters: dict[str, Any]
    pieces: Any
    demand: Any
    rooms: Any


def solve(scaled: ScaledProblem, points: Floats) -> Answer | None:
    """Solve with chords between the given points; None where no solver finds a plan.

    Parameters
    ----------
    points : float64, shape (n_curves, PIECES + 1)
        Shares where the chords of each curve meet, ascending, from 0 to the cap.
    """
    n_curves, n_rows = _fitting(len(scaled.curves)), _fitting(len(scaled.rows))
    values = _values(scaled, points, n_curves=n_curves, n_rows=n_rows)
    for solver, options in (("HIGHS", _HIGHS), ("CLARABEL", _CLARABEL)):
        shape = compiled(n_curves, n_rows, solver)
        if _run(shape, values, solver=solver, options=options):
            return _answer(shape, scaled)
    return None


@functools.cache
def compiled(n_curves: int, n_rows: int, solver: str) -> Shape:
    """Return the programme of a shape for one solver, compiled by solving it once."""
    cp = _cvxpy()
    n_pieces = n_curves * PIECES
    cost, width = cp.Parameter(n_pieces), cp.Parameter(n_pieces, nonneg=True)
    use, held = cp.Parameter(n_pieces), cp.Parameter(n_curves, nonneg=True)
    member = cp.Parameter((n_rows, n_curves), nonneg=True)
    position, room = cp.Parameter(n_curves), cp.Parameter(n_rows)
    pieces, size = cp.Variable(n_pieces, nonneg=True), cp.Variable(n_curves)
    per_curve = np.kron(np.eye(n_curves), np.ones((1, PIECES)))
    after = position + per_curve @ pieces
    demand = np.ones(n_pieces) @ pieces == 1.0
    # Uses by curve first: a parameter for every piece in every row would be eight times as many.
    used = cp.Variable(n_curves)
    rooms = member @ used <= room
    problem = cp.Problem(
        cp.Minimize(cost @ pieces),
        [
            demand,
            rooms,
            used == per_curve @ cp.multiply(use, pieces) + cp.multiply(held, size),
            pieces <= width,
            size >= after,
            size >= -after,
        ],
    )
    names = {"cost": cost, "width": width, "use": use}
    names |= {"held": held, "member": member, "position": position, "room": room}
    shape = Shape(n_curves, n_rows, problem, names, pieces, demand, rooms)
    trial = {name: np.zeros(parameter.shape) for name, parameter in names.items()}
    trial["width"] += 1.0
    trial["room"] += 1.0
    _run(shape, trial, solver=solver, options=_HIGHS if solver == "HIGHS" else _CLARABEL)
    return shape


def _cvxpy() -> ModuleType:
    import cvxpy  # noqa: PLC0415  # 1.8 s that a plan without binding rows need not wait for

    return cvxpy


def warm_up() -> None:
    """Compile the usual shapes, so that no order waits for it."""
    for n_curves, n_rows in USUAL_SHAPES:
        compiled(n_curves, n_rows, "HIGHS")


def _run(shape: Shape, values: dict[str, Floats], *, solver: str, options: dict[str, Any]) -> bool:
    cp = _cvxpy()
    for name, value in values.items():
        shape.parameters[name].value = value
    with warnings.catch_warnings():
        # An inaccurate answer is judged by its certificate like any other.
        warnings.simplefilter("ignore", UserWarning)
        try:
            # A warm start would make the answer depend on the problems before it.
            shape.problem.solve(solver=solver, warm_start=False, **options)
        except (cp.SolverError, ValueError):  # the latter where a solver knows no status
            return False
    return shape.problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}


def _fitting(count: int) -> int:
    return next((size for size in _SIZES if size >= count), count)


def _values(
    scaled: ScaledProblem, points: Floats, *, n_curves: int, n_rows: int
) -> dict[str, Floats]:
    cost, width = np.zeros((n_curves, PIECES)), np.zeros((n_curves, PIECES))
    use, held = np.zeros((n_curves, PIECES)), np.zeros(n_curves)
    member = np.zeros((n_rows, n_curves))
    position, room = np.zeros(n_curves), np.ones(n_rows)
    for c, curve in enumerate(scaled.curves):
        width[c] = np.diff(points[c])
        wide = width[c] > 0.0
        slope = np.zeros(PIECES)
        np.divide(np.diff(curve.slip(points[c])), width[c], out=slope, where=wide)
        cost[c] = slope + curve.adder
        position[c] = curve.position
        if curve.row >= 0:
            use[c] = curve.row_cost * slope + curve.row_linear
            held[c] = curve.row_position
            member[curve.row, c] = 1.0
    room[: len(scaled.rows)] = [row.room for row in scaled.rows]
    # A row nobody uses must not make the programme infeasible: its account is not asked.
    room[~np.any(member > 0.0, axis=1)] = 1.0
    return {
        "cost": cost.ravel(),
        "width": width.ravel(),
        "use": use.ravel(),
        "held": held,
        "member": member,
        "position": position,
        "room": room,
    }


def _answer(shape: Shape, scaled: ScaledProblem) -> Answer:
    shares = shape.pieces.value.reshape(shape.n_curves, PIECES).sum(axis=1)
    return Answer(
        shares=np.asarray(shares[: len(scaled.curves)], dtype=np.float64),
        demand=-float(shape.demand.dual_value),
        rows=np.asarray(shape.rooms.dual_value[: len(scaled.rows)], dtype=np.float64),
    )
