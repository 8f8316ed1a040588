"""Curves at fixed prices of the rows: what is left to choose is the price of the order.

With the rows' multipliers held, every curve's cost and what the rows charge it are one convex
function of its share. Refuses to find the multipliers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.units import PICO_PER_UNIT
from router.optimiser.convex.certificate import Bend, Prices, bends_of
from router.optimiser.convex.scaled import ScaledCurve, ScaledProblem


@dataclass(frozen=True, slots=True, eq=False)
class Charged:
    """A curve whose share x costs ``weight * slip(x)`` and a convex, piecewise straight charge.

    Attributes
    ----------
    bends : tuple of Bend
        The straight parts of the charge, adder included; the weight only rises, at shares where
        the slip charged more is worth nothing.
    """

    curve: ScaledCurve
    bends: tuple[Bend, ...]

    @property
    def weight(self) -> float:
        """Return what the slip of the first units weighs; of a chain, of all."""
        return self.bends[0].weight

    def best(self, demand: float) -> tuple[float, float, float]:
        """Return the best share where a share is worth `demand`, its cost less that, its growth.

        The growth is that of the share with `demand`; 0 at kinks and in gaps.
        """
        charged, share, growth, weight = 0.0, 0.0, 0.0, self.weight
        for i, bend in enumerate(self.bends):
            end = self.bends[i + 1].start if i + 1 < len(self.bends) else self.curve.cap
            if bend.weight > weight:
                charged -= (bend.weight - weight) * self.curve.floor_slip(bend.start)
            weight = bend.weight
            rate = (demand - bend.slope) / weight
            wanted = self.curve.floor_share_at(rate)
            share = min(max(wanted, bend.start), end)
            charged += (bend.slope - demand) * (share - bend.start)
            if share < end:
                growth = self.curve.growth(rate) / weight if wanted > bend.start else 0.0
                break
        return share, weight * self.curve.floor_slip(share) + charged, growth


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
    bends = [Bend(0.0, linear, weight)]
    for first, account in zip(scaled.first_rows, scaled.accounts, strict=True):
        own = [(r, rows[first + r]) for r in range(len(account.names)) if first + r in rows]
        if own and c in account.members:
            member = account.members.index(c)
            bends = bends_of(account, own, member, after=bends[0], cap=curve.cap)
    return Charged(curve, tuple(bends))
