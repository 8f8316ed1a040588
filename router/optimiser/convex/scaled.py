"""The problem as numbers near one: shares of the orders, slippage rates, and rows of accounts.

A share of 1 is worth all orders together at their arrival mids; so is a cost of 1. Written like
this nothing is far from 1 but the costs themselves, which is what keeps solvers exact. Refuses to
know what a curve stands for: `market` writes the problem down.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from router.domain.certificate import Assumption
from router.liquidity.curve import CostCurve
from router.liquidity.pointwise import PointCurve
from router.optimiser.convex.rows import AccountRows, Floats


@dataclass(frozen=True, slots=True, eq=False)
class ScaledCurve:
    """One source of liquidity: a chain account's pools for one order, or one book.

    Attributes
    ----------
    name : str
        The chain account, or the book's instrument.
    floor : CostCurve
        Nowhere above `curve`, and no plan costs less; the same where `curve` is exact.
    demand : int
        Index of the order it serves.
    quantity : float, [base]
        Of a share of 1: all orders' notional at this order's arrival mid.
    mid : float, [quote / base]
    cap : float
        Largest share within the order, liquidity, limit price and the candidate's own caps.
    adder : float
        Expected funding and basis for a share, as a rate.
    """

    name: str
    curve: CostCurve
    floor: CostCurve
    demand: int
    quantity: float
    mid: float
    cap: float
    adder: float
    point: PointCurve = field(init=False, repr=False)
    floor_point: PointCurve = field(init=False, repr=False)

    def __post_init__(self) -> None:
        point = PointCurve(self.curve)
        same = self.floor is self.curve
        object.__setattr__(self, "point", point)
        object.__setattr__(self, "floor_point", point if same else PointCurve(self.floor))

    def slips(self, shares: ArrayLike) -> Floats:
        """Return what each share costs against the arrival mid, fees in and funding not."""
        wanted = np.asarray(shares, dtype=np.float64)
        base = np.minimum(wanted * self.quantity, self.curve.capacity)
        return self.curve.cost(base) / (self.quantity * self.mid) - self.curve.sign * wanted

    def slip(self, share: float) -> float:
        """Return what one share costs, as `slips`."""
        cost = self.point.cost(share * self.quantity)
        return cost / (self.quantity * self.mid) - self.curve.sign * share

    def floor_slip(self, share: float) -> float:
        """Return what one share costs at least."""
        cost = self.floor_point.cost(share * self.quantity)
        return cost / (self.quantity * self.mid) - self.curve.sign * share

    def rate(self, share: float) -> float:
        """Return the cost rate of the next unit after `share`."""
        return self.point.marginal(share * self.quantity) / self.mid - self.curve.sign

    def share_at(self, rate: float) -> float:
        """Return the largest share within the cap whose units all cost at most a rate."""
        marginal = (rate + self.curve.sign) * self.mid
        return min(self.point.quantity_at(marginal) / self.quantity, self.cap)

    def share_below(self, rate: float) -> float:
        """Return the share within the cap whose units cost strictly less than a rate."""
        marginal = (rate + self.curve.sign) * self.mid
        return min(self.point.quantity_below(marginal) / self.quantity, self.cap)

    def floor_share_at(self, rate: float) -> float:
        """Return the largest share within the cap whose units all cost at least a rate or less."""
        marginal = (rate + self.curve.sign) * self.mid
        return min(self.floor_point.quantity_at(marginal) / self.quantity, self.cap)

    def growth(self, rate: float) -> float:
        """Return how the share grows with the rate; 0 in gaps, at levels and beyond the cap."""
        return self.growth_inside(rate) if self.share_at(rate) < self.cap else 0.0

    def growth_inside(self, rate: float) -> float:
        """Return how the share grows with the rate where the cap is known not to be reached."""
        marginal = (rate + self.curve.sign) * self.mid
        return self.point.growth(marginal) * self.mid / self.quantity


@dataclass(frozen=True, slots=True)
class Demand:
    """One order: the shares of its curves sum to `share`; those of all orders sum to 1."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class CashRow:
    """What curves together may take from one balance.

    A share x uses ``slip(x) + x`` where the order pays in quote (`pays_quote`), and ``x`` where it
    gives base away.

    Attributes
    ----------
    room : float
    grain : float
        What rounding to atoms may use up of the room; a plan stays this far inside.
    """

    name: str
    members: tuple[int, ...]
    pays_quote: bool
    room: float
    grain: float


@dataclass(frozen=True, slots=True, eq=False)
class Jump:
    """A member whose initial margin is the whole notional at the rate of the tier it reaches.

    Attributes
    ----------
    account, member : int
        Which account, and which of its members.
    bounds, rates : tuple of float
        Notional above which each tier begins (the first is 0), in shares, and its rate.
    """

    account: int
    member: int
    instrument: str
    bounds: tuple[float, ...]
    rates: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ScaledProblem:
    """Minimise the cost of the shares, each demand met, each row within its room.

    Rows are counted through: those of cash first, then every account's own.

    Attributes
    ----------
    jumps : tuple of Jump
        Not convex; `convex.parts` takes them apart.
    assumptions : tuple of Assumption
        What this part of a larger problem rests on.
    """

    curves: tuple[ScaledCurve, ...]
    demands: tuple[Demand, ...]
    cash: tuple[CashRow, ...]
    accounts: tuple[AccountRows, ...]
    jumps: tuple[Jump, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    _rooms: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cash = np.array([row.room for row in self.cash], dtype=np.float64)
        rooms = np.concatenate([cash, *(account.rooms for account in self.accounts)])
        rooms.flags.writeable = False
        object.__setattr__(self, "_rooms", rooms)

    @property
    def n_rows(self) -> int:
        """Return the number of rows."""
        return len(self.cash) + sum(len(a.names) for a in self.accounts)

    @property
    def first_rows(self) -> tuple[int, ...]:
        """Return the number of each account's first row, its initial margin."""
        places, place = [], len(self.cash)
        for account in self.accounts:
            places.append(place)
            place += len(account.names)
        return tuple(places)

    def rooms(self) -> Floats:
        """Return the room of every row, shape (n_rows,); not to be written to."""
        return self._rooms

    def grains(self) -> Floats:
        """Return the grain of every row, shape (n_rows,)."""
        own = [np.full(len(a.names), a.grain) for a in self.accounts]
        return np.concatenate([[r.grain for r in self.cash], *own])

    def name(self, row: int) -> str:
        """Return the name of a row."""
        if row < len(self.cash):
            return self.cash[row].name
        account, own = self.account_of(row)
        return self.accounts[account].names[own]

    def account_of(self, row: int) -> tuple[int, int]:
        """Return the account a row that is not of cash belongs to, and its number there."""
        place = row - len(self.cash)
        for i, account in enumerate(self.accounts):
            if place < len(account.names):
                return i, place
            place -= len(account.names)
        raise IndexError(f"row {row} of {self.n_rows}")

    def slips(self, shares: Floats) -> Floats:
        """Return what each curve's share costs, shape (n_curves,)."""
        pairs = zip(self.curves, shares.tolist(), strict=True)
        return np.array([curve.slip(x) for curve, x in pairs])

    def cost(self, shares: Floats) -> float:
        """Return the exact cost of the shares, funding and basis included."""
        pairs = zip(self.curves, shares.tolist(), strict=True)
        return math.fsum(curve.slip(x) + curve.adder * x for curve, x in pairs)

    def uses(self, shares: Floats) -> Floats:
        """Return what the shares use of every row, shape (n_rows,)."""
        slips = self.slips(shares)
        used = [_cash_use(row, slips, shares) for row in self.cash]
        own = []
        for account in self.accounts:
            members = list(account.members)
            own.append(account.uses(slips[members], shares[members]))
        return np.concatenate([used, *own])

    def kept_rooms(self) -> Floats:
        """Return each room less its grain, so that plans within them survive rounding.

        A room that suffices for trading nothing still does: an account without free margin is no
        reason against the others. One that does not is cured by a grain more than it needs.
        """
        rooms, grains = self._rooms, self.grains()
        return np.where(rooms < 0.0, rooms - grains, np.maximum(rooms - grains, 0.0))

    def tightened(self) -> "ScaledProblem":
        """Return the problem with its rooms as `kept_rooms`."""
        kept = self.kept_rooms()
        cash = (replace(r, room=float(kept[i]), grain=0.0) for i, r in enumerate(self.cash))
        accounts = (
            account.with_rooms(kept[first : first + len(account.names)], grain=0.0)
            for first, account in zip(self.first_rows, self.accounts, strict=True)
        )
        return replace(self, cash=tuple(cash), accounts=tuple(accounts))


def _cash_use(row: CashRow, slips: Floats, shares: Floats) -> float:
    total = 0.0
    for c in row.members:
        total += float(shares[c]) + (float(slips[c]) if row.pays_quote else 0.0)
    return total
