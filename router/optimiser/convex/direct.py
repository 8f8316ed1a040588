"""The linear programme handed to HiGHS itself: no modelling language between the arrays and it.

This is the only module that knows highspy. Refuses to judge its own answer; `certificate` does.
"""

import functools
from typing import Any, Final

import numpy as np

from router.optimiser.convex.chords import PIECES, Answer, Chords
from router.optimiser.convex.scaled import Floats

_TOLERANCE: Final = 1e-10  # of the order; HiGHS's own 1e-7 would show in a certificate


def solve(chords: Chords) -> Answer | None:
    """Solve; None where HiGHS does not call its answer optimal."""
    highspy, solver = _solver()
    n_curves, n_rows = chords.cost.shape[0], len(chords.asked)
    n_pieces, n_demands = n_curves * PIECES, chords.shares.size
    matrix = _matrix(chords)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
    lp.col_cost_ = np.concatenate(
        (chords.cost.ravel(), [chords.unfilled_price], np.full(n_rows, chords.beyond_price))
    )
    lp.col_lower_ = np.zeros(matrix.shape[1])
    free = np.full(n_rows, highspy.kHighsInf)
    lp.col_upper_ = np.concatenate((chords.width.ravel(), [1.0], free))
    lp.row_lower_ = np.concatenate((chords.shares, -free))
    lp.row_upper_ = np.concatenate((chords.shares, chords.rooms))
    kept = matrix != 0.0
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(kept.sum(axis=1)))).astype(np.int32)
    lp.a_matrix_.index_ = np.nonzero(kept)[1].astype(np.int32)
    lp.a_matrix_.value_ = matrix[kept]
    solver.passModel(lp)
    solver.clearSolver()
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    values, duals = np.asarray(solution.col_value), np.asarray(solution.row_dual)
    return Answer(
        shares=values[:n_pieces].reshape(n_curves, PIECES).sum(axis=1),
        unfilled=float(values[n_pieces]),
        beyond=values[n_pieces + 1 :],
        demands=duals[:n_demands],
        rows=-duals[n_demands:],
    )


@functools.cache
def _solver() -> tuple[Any, Any]:
    import highspy  # noqa: PLC0415  # a plan without binding rows need not wait for it

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False),
        ("presolve", "off"),
        ("threads", 1),
        ("primal_feasibility_tolerance", _TOLERANCE),
        ("dual_feasibility_tolerance", _TOLERANCE),
    ):
        solver.setOptionValue(name, value)
    return highspy, solver


# Demands, then rooms; pieces, then what is unfilled, then what is beyond each room.
def _matrix(chords: Chords) -> Floats:
    n_curves, n_rows, n_demands = chords.cost.shape[0], len(chords.asked), chords.shares.size
    n_pieces = n_curves * PIECES
    matrix = np.zeros((n_demands + n_rows, n_pieces + 1 + n_rows))
    serves = matrix[:n_demands, :n_pieces].reshape(n_demands, n_curves, PIECES)
    serves[chords.serves, np.arange(n_curves)] = 1.0
    matrix[:n_demands, n_pieces] = chords.shares
    matrix[n_demands:, :n_pieces] = chords.uses.reshape(n_rows, n_pieces)
    matrix[np.arange(n_demands, n_demands + n_rows), n_pieces + 1 + np.arange(n_rows)] = -1.0
    return matrix
