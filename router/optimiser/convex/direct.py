"""The linear programme handed to HiGHS itself: no modelling language between the arrays and it.

This is the only module that knows highspy. Refuses to judge its own answer; `certificate` does.
"""

import functools
from typing import Any, Final

import numpy as np

from router.optimiser.convex.chords import PIECES, Answer, Chords
from router.optimiser.convex.rows import Floats

_TOLERANCE: Final = 1e-10  # of the order; HiGHS's own 1e-7 would show in a certificate
_DUAL: Final = 1  # HiGHS's numbers of the simplex methods
_PRIMAL: Final = 4  # where the dual one ends near the optimum and cannot tell


def solve(chords: Chords) -> Answer | None:
    """Solve; None where HiGHS does not call its answer optimal."""
    highspy, solver = _solver()
    n_curves, n_rows = chords.cost.shape[0], len(chords.asked)
    n_pieces, n_demands = n_curves * PIECES, chords.shares.size
    columns = _columns(chords)
    n_columns, n_sides = columns.shape
    kept = columns != 0.0
    free = np.full(n_rows, highspy.kHighsInf)
    dear = [chords.unfilled_price, *[chords.beyond_price] * n_rows]
    solver.passModel(
        n_columns,
        n_sides,
        int(np.count_nonzero(kept)),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        np.concatenate((chords.cost.ravel(), dear)),
        np.zeros(n_columns),
        np.concatenate((chords.width.ravel(), [1.0], free)),
        np.concatenate((chords.shares, -free)),
        np.concatenate((chords.shares, chords.rooms)),
        np.concatenate(([0], np.cumsum(np.count_nonzero(kept, axis=1)))).astype(np.int32),
        np.nonzero(kept)[1].astype(np.int32),
        columns[kept],
        np.zeros(n_columns, dtype=np.int32),  # no column is a whole number
    )
    if not any(_is_optimal(strategy) for strategy in (_DUAL, _PRIMAL)):
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


# From scratch each time: a start from the answer before would make this one depend on it.
def _is_optimal(strategy: int) -> bool:
    highspy, solver = _solver()
    solver.setOptionValue("simplex_strategy", strategy)
    solver.clearSolver()
    solver.run()
    return bool(solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)


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


# Of pieces, then of what is unfilled, then of what is beyond each room: what each adds to demands,
# then to rooms.
def _columns(chords: Chords) -> Floats:
    n_curves, n_rows, n_demands = chords.cost.shape[0], len(chords.asked), chords.shares.size
    n_pieces = n_curves * PIECES
    columns = np.zeros((n_pieces + 1 + n_rows, n_demands + n_rows))
    pieces = columns[:n_pieces].reshape(n_curves, PIECES, n_demands + n_rows)
    pieces[np.arange(n_curves), :, chords.serves] = 1.0
    pieces[:, :, n_demands:] = chords.uses.transpose(1, 2, 0)
    columns[n_pieces, :n_demands] = chords.shares
    rows = np.arange(n_rows)
    columns[n_pieces + 1 + rows, n_demands + rows] = -1.0
    return columns
