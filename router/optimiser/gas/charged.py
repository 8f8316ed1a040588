"""Curves at fixed prices of the rows: what is left to choose is the price of the order.

With the rows' multipliers held, every curve's cost and what the rows charge it are one convex
function of its share. Refuses to find the multipliers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.domain.units import PICO_PER_UNIT
from router.optimiser.convex.certificate import Prices
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem


@dataclass(frozen=True, slots=True, eq=False)
class Charged:
    """A curve whose share x costs ``weight * slip(x)`` and a convex, piecewise straight charge.

    Attributes
    ----------
    bends : tuple of (float, float)
        Where each straight part of the charge begins, and its slope, adder included.
    """

    curve: ScaledCurve
    weight: float
    bends: tuple[tuple[float, float], ...]

    def best(self, demand: float) -> tuple[float, float, float]:
        """Return the best share where a share is worth `demand`, its cost less that, its growth.

        The growth is that of the share with `demand`; 0 at kinks and in gaps.
        """
        charged, share, growth = 0.0, 0.0, 0.0
        for i, (start, slope) in enumerate(self.bends):
            end = self.bends[i + 1][0] if i + 1 < len(self.bends) else self.curve.cap
            rate = (demand - slope) / self.weight
            wanted = self.curve.floor_share_at(rate)
            share = min(max(wanted, start), end)
            charged += (slope - demand) * (share - start)
            if share < end:
                growth = self.curve.growth(rate) / self.weight if wanted > start else 0.0
                break
        return share, self.weight * self.curve.floor_slip(share) + charged, growth


def chargeable(scaled: ScaledProblem) -> frozenset[int]:
    """Return the rows that every plan keeps.

    An account lets orders pass that only reduce its positions, whatever its initial margin and the
    scenarios it is in breach of; those rows of such an account hold for a part of the plans only.
    """
    kept = set(range(len(scaled.cash)))
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        breached = account.rooms < 0.0
        reduces = bool((account.position < 0.0).any()) or bool(breached.any())
        for row in range(len(account.names)):
            if not reduces or (row > 0 and not breached[row]):
                kept.add(first + row)
    return frozenset(kept)


def charged_curves(scaled: ScaledProblem, prices: Prices) -> tuple[Charged, ...]:
    """Return every curve with what the rows charge it at these prices."""
    rows = {row: price / PICO_PER_UNIT for row, price in prices.rows}
    return tuple(_charged(scaled, c, rows) for c in range(len(scaled.curves)))


def _charged(scaled: ScaledProblem, c: int, rows: Mapping[int, float]) -> Charged:
    curve = scaled.curves[c]
    weight, linear = 1.0, curve.adder
    for i, row in enumerate(scaled.cash):
        if i in rows and c in row.members:
            weight += rows[i] if row.pays_quote else 0.0
            linear += rows[i]
    bends = [(0.0, linear)]
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        own = {r: rows[first + r] for r in range(len(account.names)) if first + r in rows}
        if own and c in account.members:
            weight += sum(own.values())
            member = account.members.index(c)
            kinks = sorted({k for row in own for k in account.kinks(row, member, cap=curve.cap)})
            bends = [
                (start, linear + sum(p * account.slope(r, member, middle) for r, p in own.items()))
                for start, middle in _middles(kinks, curve.cap)
            ]
    return Charged(curve, weight, tuple(bends))


# Where each straight part begins, and a share inside it.
def _middles(kinks: Sequence[float], cap: float) -> Iterator[tuple[float, float]]:
    for start, end in zip([0.0, *kinks], [*kinks, cap], strict=True):
        yield start, 0.5 * (start + end)
