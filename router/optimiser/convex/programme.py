"""The linear programme in cvxpy: of fixed shape, compiled once, solved by HiGHS or Clarabel.

This is the only module that knows cvxpy, and it imports it on first use (0.7 s and more). Refuses
to judge its own answer; `certificate` does.
"""

import functools
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from router.optimiser.convex.chords import PIECES, Answer, Chords
from router.optimiser.convex.scaled import Floats

SCENARIO_SLOTS: Final = 8
_SIZES: Final = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64)
_TOLERANCE: Final = 1e-10  # of the order; HiGHS's own 1e-7 would show in a certificate
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "HIGHS": {
        "presolve": "off",
        "primal_feasibility_tolerance": _TOLERANCE,
        "dual_feasibility_tolerance": _TOLERANCE,
    },
    "CLARABEL": {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11},
}
USUAL_SHAPES: Final = ((2, 1, 2), (3, 1, 2), (3, 1, 3), (4, 1, 2), (4, 1, 3), (5, 1, 2), (6, 1, 12))


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A compiled programme; its parameters take every problem of at most this size.

    Compiling one solver's form would throw the other's away, so each solver has its own.
    """

    n_curves: int
    n_demands: int
    n_rows: int
    problem: Any
    parameters: dict[str, Any]
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
    shape = compiled(_fitting(n_curves), n_demands, _fitting(len(chords.asked)), solver=solver)
    values = _values(chords, shape)
    if not _run(shape, values, solver=solver):
        return None
    pieces = np.asarray(shape.pieces.value, dtype=np.float64).reshape(shape.n_curves, PIECES)
    rows = np.atleast_1d(np.asarray(shape.room.dual_value, dtype=np.float64))
    return Answer(
        shares=pieces.sum(axis=1)[:n_curves],
        unfilled=float(shape.unfilled.value),
        beyond=np.asarray(shape.beyond.value, dtype=np.float64)[: len(chords.asked)],
        demands=-np.atleast_1d(np.asarray(shape.demand.dual_value, dtype=np.float64)),
        rows=rows[: len(chords.asked)],
    )


@functools.cache
def compiled(n_curves: int, n_demands: int, n_rows: int, *, solver: str) -> Shape:
    """Return the programme of a shape for one solver, compiled by solving it once."""
    cp = _cvxpy()
    n_pieces = n_curves * PIECES
    cost, width = cp.Parameter(n_pieces), cp.Parameter(n_pieces, nonneg=True)
    serves, share = cp.Parameter((n_demands, n_pieces)), cp.Parameter(n_demands)
    uses, room = cp.Parameter((n_rows, n_pieces)), cp.Parameter(n_rows)
    unfilled_price, beyond_price = cp.Parameter(nonneg=True), cp.Parameter(nonneg=True)
    pieces, unfilled = cp.Variable(n_pieces, nonneg=True), cp.Variable(nonneg=True)
    beyond = cp.Variable(n_rows, nonneg=True)
    demand = serves @ pieces + share * unfilled == share
    rooms = uses @ pieces - beyond <= room
    problem = cp.Problem(
        cp.Minimize(cost @ pieces + unfilled_price * unfilled + beyond_price * cp.sum(beyond)),
        [demand, rooms, pieces <= width, unfilled <= 1.0],
    )
    names = {"cost": cost, "width": width, "serves": serves, "share": share}
    names |= {"uses": uses, "room": room}
    names |= {"unfilled_price": unfilled_price, "beyond_price": beyond_price}
    shape = Shape(
        n_curves=n_curves,
        n_demands=n_demands,
        n_rows=n_rows,
        problem=problem,
        parameters=names,
        pieces=pieces,
        unfilled=unfilled,
        beyond=beyond,
        demand=demand,
        room=rooms,
    )
    trial = {name: np.ones(parameter.shape) for name, parameter in names.items()}
    _run(shape, trial, solver=solver)
    return shape


def warm_up() -> None:
    """Compile the usual shapes, so that no order waits for it."""
    for shape in USUAL_SHAPES:
        compiled(*shape, solver="HIGHS")


def _cvxpy() -> ModuleType:
    import cvxpy  # noqa: PLC0415  # a plan without binding rows need not wait for it

    return cvxpy


def _run(shape: Shape, values: dict[str, Floats], *, solver: str) -> bool:
    cp = _cvxpy()
    for name, value in values.items():
        shape.parameters[name].value = value
    with warnings.catch_warnings():
        # An inaccurate answer is judged by its certificate like any other.
        warnings.simplefilter("ignore", UserWarning)
        try:
            # A warm start would make the answer depend on the problems before it.
            shape.problem.solve(solver=solver, warm_start=False, **_OPTIONS[solver])
        except (cp.SolverError, ValueError):  # the latter where a solver knows no status
            return False
    return shape.problem.status in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}


def _fitting(count: int) -> int:
    return next((size for size in _SIZES if size >= count), count)


# Curves and rows that pad a shape have no width and all the room there is.
def _values(chords: Chords, shape: Shape) -> dict[str, Floats]:
    n_curves, n_rows = chords.cost.shape[0], len(chords.asked)
    cost, width = np.zeros((2, shape.n_curves, PIECES))
    cost[:n_curves], width[:n_curves] = chords.cost, chords.width
    uses = np.zeros((shape.n_rows, shape.n_curves, PIECES))
    uses[:n_rows, :n_curves] = chords.uses
    serves = np.zeros((shape.n_demands, shape.n_curves, PIECES))
    serves[chords.serves, np.arange(n_curves)] = 1.0
    room = np.ones(shape.n_rows)
    room[:n_rows] = chords.rooms
    return {
        "cost": cost.ravel(),
        "width": width.ravel(),
        "serves": serves.reshape(shape.n_demands, -1),
        "share": chords.shares,
        "uses": uses.reshape(shape.n_rows, -1),
        "room": room,
        "unfilled_price": np.array(chords.unfilled_price),
        "beyond_price": np.array(chords.beyond_price),
    }
