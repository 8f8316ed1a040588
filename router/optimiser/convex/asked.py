"""The rows a linear programme is asked for, as arrays over all curves.

Every row, of cash or of an account, uses of a share x of curve c

    charge slip(x) + linear x + M(|held + x|) - M(|held|)

with M the largest of the row's tier lines, the weight in their slopes; a curve that is no member
has zeros. Of a member of an account's initial margin the first two are left out up to the share to
which its fill gains. Refuses prices.
"""

from collections.abc import Sequence

import numpy as np

from router.optimiser.convex.rows import AccountRows, Floats
from router.optimiser.convex.scaled import ScaledProblem

KINK_NOISE = 1e-12  # kinks this near to an end of a curve are the end


class AskedRows:
    """Some rows of a problem.

    Parameters
    ----------
    asked : Sequence[int]
        Their numbers, ascending.
    """

    def __init__(self, scaled: ScaledProblem, asked: Sequence[int]) -> None:
        shape = (len(asked), len(scaled.curves))
        n_tiers = max((_longest(account) for account in scaled.accounts), default=1)
        self._charge, self._linear, self._even = np.zeros((3, *shape))
        self._held, self._is_sided = np.zeros(shape[1]), False
        self._rates = np.zeros((2, n_tiers, *shape))  # of positions below zero, and above
        self._deduction = np.zeros((n_tiers, *shape))
        self._caps = np.array([curve.cap for curve in scaled.curves])
        for i, row in enumerate(asked[: sum(row < len(scaled.cash) for row in asked)]):
            members = list(scaled.cash[row].members)
            self._charge[i, members] = float(scaled.cash[row].pays_quote)
            self._linear[i, members] = 1.0
        for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
            own = [i for i, row in enumerate(asked) if first <= row < first + len(account.names)]
            if own:
                self._take(account, slice(own[0], own[-1] + 1), [asked[i] - first for i in own])
        self._before = self._margin(self._held)

    def uses(self, *, slips: Floats, points: Floats) -> Floats:
        """Return what every share uses of every row, shape (n_asked, n_curves, n_points).

        Parameters
        ----------
        slips, points : float64, shape (n_curves, n_points)
        """
        used = self._charge[:, :, None] * slips + self._linear[:, :, None] * points
        if self._even.any():
            used = np.where(points <= self._even[:, :, None], 0.0, used)
        margin = self._margin(self._held[:, None] + points)
        return np.asarray(used + (margin - self._before[:, :, None]))

    def nearest_kinks(self, shares: Floats) -> tuple[Floats, Floats]:
        """Return the nearest kinks below and above each share; itself where none is.

        Shapes (n_curves,).
        """
        kinks, held = [-self._held[None, :], self._even], self._held
        for sign, rate in zip((-1.0, 1.0), self._rates, strict=True):
            for k in range(1, rate.shape[0]):
                slope = rate[k] - rate[k - 1]
                height = (self._deduction[k] - self._deduction[k - 1]) * (slope > 0.0)
                bound = np.divide(height, slope, out=np.zeros_like(slope), where=slope > 0.0)
                kinks.append(sign * bound - held)
        every = np.concatenate(kinks)
        noise = KINK_NOISE * np.maximum(self._caps, 1.0)
        inside = (every > noise) & (every < self._caps - noise)
        low = np.where(inside & (every < shares - noise), every, -np.inf).max(axis=0)
        high = np.where(inside & (every > shares + noise), every, np.inf).min(axis=0)
        return np.where(np.isinf(low), shares, low), np.where(np.isinf(high), shares, high)

    def _take(self, account: AccountRows, own: slice, rows: list[int]) -> None:
        members = list(account.members)
        self._held[members] = account.position
        self._charge[own, members] = 1.0
        self._linear[own, members] = account.against_mark - account.gain[rows]
        if rows[0] == 0:
            self._even[own.start, members] = [account.gains_to(m) for m in range(len(members))]
        rates, deduction = account.lines(rows)
        lines = np.minimum(np.arange(self._deduction.shape[0]), deduction.shape[0] - 1)
        self._rates[:, :, own, members] = rates[:, lines]  # the last is repeated
        self._deduction[:, own, members] = deduction[lines]
        self._is_sided = self._is_sided or bool(account.kept.size)

    # Of positions of the shape (n_curves, ...), in shares.
    def _margin(self, positions: Floats) -> Floats:
        more = (...,) + (None,) * (positions.ndim - 1)
        rates = self._rates[1][more]
        if self._is_sided:
            rates = np.where(positions < 0.0, self._rates[0][more], rates)
        return np.asarray((rates * np.abs(positions) - self._deduction[more]).max(axis=0))


def _longest(account: AccountRows) -> int:
    return max(int(tiers.rate.shape[1]) for tiers in (account.initial, account.maintenance))
