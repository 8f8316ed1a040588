"""The rows of one perp account as numbers: initial margin, and every stressed scenario.

Convex in every share, so that chords and tangents bound them. Refuses to know where the numbers
come from: `market` writes them down.
"""

import itertools
import math
from dataclasses import dataclass, field, fields
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
_Line: TypeAlias = tuple[float, float]  # rate, deduction
_KINK_NOISE: Final = 1e-12  # kinks this near to an end of a curve are the end


@dataclass(frozen=True, slots=True, eq=False)
class Tiers:
    """The largest of lines ``rate * n - deduction``: convex margin of a notional n >= 0.

    Attributes
    ----------
    rate, deduction : float64, shape (n_members, n_tiers)
        Rates do not fall along a row; padded with the last line.
    """

    rate: Floats
    deduction: Floats
    _lines: tuple[tuple[_Line, ...], ...] = field(init=False, repr=False)
    _bounds: tuple[tuple[float, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = zip(self.rate.tolist(), self.deduction.tolist(), strict=True)
        lines = tuple(tuple(zip(rates, deductions, strict=True)) for rates, deductions in pairs)
        object.__setattr__(self, "_lines", lines)
        object.__setattr__(self, "_bounds", tuple(_bounds(own) for own in lines))

    def rate_at(self, member: int, notional: float) -> float:
        """Return the rate of the line that is largest at a notional."""
        lines = self._lines[member]
        margins = [rate * notional - deduction for rate, deduction in lines]
        return lines[margins.index(max(margins))][0]

    def bounds(self, member: int) -> tuple[float, ...]:
        """Return the notionals where one line takes over from the one before."""
        return self._bounds[member]


def _nothing() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, slots=True, eq=False)
class AccountRows:
    """The rows of one perp account: initial margin first, then every stressed scenario.

    With n = position + x the position of a member after a share x, row r uses

        sum over members of  loss(x) + M_r(n) - M_r(position) - gain_r x

    with ``loss(x) = slip(x) + against_mark x``, and M_r the largest of the row's tier lines at the
    notional weight_r |n|: M_0 the initial and M_r the maintenance tiers. Of a side of which a
    scenario closes a part, the notional is only what is kept of it, and M_r is more by what the
    closed part forgoes. The initial margin is asked before a fill's gain is there: row 0 counts no
    loss up to the share `even`, to which a fill gains against the mark.
    Trading nothing uses nothing: `rooms` is what is left before the order.

    Attributes
    ----------
    members : tuple of int
        Curves.
    position, against_mark : float64, shape (n_members,)
        The position is positive where the order adds to it.
    weight, gain : float64, shape (n_rows, n_members)
        Notional of a share of position, and what a share of position gains.
    rooms : float64, shape (n_rows,)
        Negative where the account is in breach; infinite where a part of the plans drops the row.
    grain : float
        As in `CashRow`.
    kept : float64, shape (2, n_rows, n_members)
        What is left of a position below zero, and of one above, after the scenario closed its part;
        empty where none closes any.
    forgone : float64, of the same shape
        What a share of such a position loses of its gain. Not negative.
    even : tuple of float, of length n_members
        Empty where no fill gains.
    """

    account: str
    names: tuple[str, ...]
    members: tuple[int, ...]
    position: Floats
    against_mark: Floats
    weight: Floats
    gain: Floats
    initial: Tiers
    maintenance: Tiers
    rooms: Floats
    grain: float
    kept: Floats = field(default_factory=_nothing)
    forgone: Floats = field(default_factory=_nothing)
    even: tuple[float, ...] = ()
    _rates: Floats = field(init=False, repr=False)  # (2, tiers, rows, members), below zero first
    _deductions: Floats = field(init=False, repr=False)  # (tiers, rows, members)
    _even: Floats = field(init=False, repr=False)  # (n_members,)
    _before: Floats = field(init=False, repr=False)  # margin of the position, shape (n_rows,)

    def __post_init__(self) -> None:
        n_tiers = max(self.initial.rate.shape[1], self.maintenance.rate.shape[1])
        rates, deductions = np.empty((2, n_tiers, *self.weight.shape))
        for tiers, own in ((self.initial, slice(1)), (self.maintenance, slice(1, None))):
            lines = np.minimum(np.arange(n_tiers), tiers.rate.shape[1] - 1)  # the last, repeated
            rates[:, own] = tiers.rate.T[lines, None]
            deductions[:, own] = tiers.deduction.T[lines, None]
        rates = rates * self.weight
        sided = np.stack((rates, rates))
        if self.kept.size:
            sided = sided * self.kept[:, None] + self.forgone[:, None]
        object.__setattr__(self, "_rates", sided)
        object.__setattr__(self, "_deductions", deductions)
        object.__setattr__(self, "_even", np.array(self.even or (0.0,) * len(self.members)))
        object.__setattr__(self, "_before", self._margin(self.position))

    def with_rooms(self, rooms: Floats, *, grain: float) -> "AccountRows":
        """Return the rows with other rooms; what their uses rest on is not reckoned again."""
        other = object.__new__(AccountRows)
        for own in fields(self):
            object.__setattr__(other, own.name, getattr(self, own.name))
        object.__setattr__(other, "rooms", rooms)
        object.__setattr__(other, "grain", grain)
        return other

    def lines(self, rows: list[int]) -> tuple[Floats, Floats]:
        """Return slopes and deductions of rows' margin.

        Shapes (2, n_tiers, len(rows), n_members), of positions below zero first, and
        (n_tiers, len(rows), n_members).
        """
        return self._rates[:, :, rows], self._deductions[:, rows]

    def bears(self, row: int, member: int, share: float) -> bool:
        """Tell whether a row counts what a member's fill of a share loses."""
        return row > 0 or share > self._even.item(member)

    def gains_to(self, member: int) -> float:
        """Return the share up to which row 0 counts no loss of a member's fill."""
        return self._even.item(member)

    def tiers(self, row: int) -> Tiers:
        """Return the tiers of a row."""
        return self.maintenance if row else self.initial

    def uses(self, slips: Floats, shares: Floats) -> Floats:
        """Return what every row uses, shape (n_rows,), from what the members' shares cost."""
        losses = slips + self.against_mark * shares
        loss = np.full(len(self.names), float(np.sum(losses)))
        if self.even:
            loss[0] = float(np.sum(losses[shares > self._even]))
        margin = self._margin(self.position + shares)
        return np.asarray(loss - self.gain @ shares + (margin - self._before))

    # Of positions in shares, what each row asks for, shape (n_rows,).
    def _margin(self, positions: Floats) -> Floats:
        rates = self._rates[1]
        if self.kept.size:
            rates = np.where(positions < 0.0, self._rates[0], rates)
        lines = rates * np.abs(positions) - self._deductions
        return np.asarray(lines.max(axis=0).sum(axis=1))

    def kinks(self, row: int, member: int, *, cap: float) -> list[float]:
        """Return the shares inside (0, cap) at which a row's use of one member bends, sorted."""
        held, bounds = self.position.item(member), self.tiers(row).bounds(member)
        found = {-held} if row else {-held, self._even.item(member)}
        for sign in (-1.0, 1.0):
            weight = self._weight(row, member, sign)
            found.update(sign * b / weight - held for b in bounds if weight > 0.0)
        noise = _KINK_NOISE * max(cap, 1.0)
        return sorted(x for x in found if noise < x < cap - noise)

    def slope(self, row: int, member: int, share: float) -> float:
        """Return the slope of a row's use of one member, slip apart, inside a straight part."""
        after = self.position.item(member) + share
        weight = self._weight(row, member, after)
        slope = self.tiers(row).rate_at(member, weight * abs(after)) * weight
        if self.kept.size:
            slope += self.forgone.item(int(after > 0.0), row, member)
        linear = self.against_mark.item(member) if self.bears(row, member, share) else 0.0
        return linear - self.gain.item(row, member) + math.copysign(slope, after)

    # Notional of a share of a position of a sign, as far as it is kept.
    def _weight(self, row: int, member: int, sign: float) -> float:
        kept = self.kept.item(int(sign > 0.0), row, member) if self.kept.size else 1.0
        return self.weight.item(row, member) * kept


def _bounds(lines: tuple[_Line, ...]) -> tuple[float, ...]:
    pairs = itertools.pairwise(lines)
    return tuple((e - d) / (s - r) for (r, d), (s, e) in pairs if s > r)
