"""What a choice of ways costs with its gas, the rows charged at fixed prices.

For a price `a` of the order and multipliers of the rows, plans that use the ways S cost at least

    D_S(a) = a - (multipliers times rooms) + (best of every book) - (gains of S) + (gas of S)

where a way's gain is how much less its best share costs than it is worth. D_S is concave, and its
peak is exactly what S costs if no row binds; else no plan with S costs less. Refuses to say which.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.domain.units import PICO_PER_UNIT
from router.liquidity.curve import Floats
from router.optimiser.convex.certificate import Prices
from router.optimiser.convex.scaled import ScaledProblem
from router.optimiser.gas.charged import charged_curves
from router.optimiser.gas.choice import least_choice
from router.optimiser.gas.flat import Flat
from router.optimiser.gas.peak import Point, peak
from router.optimiser.gas.ways import Ways

_FULL: Final = 1.0 - 1e-12  # of the order: what holds less cannot carry it


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Everything at one price of the order.

    Attributes
    ----------
    value : float
        Bound without the gains and the gas of any way.
    share, gain, growth : float64, shape (n_ways,)
        Best share of each way, how much less it costs than it is worth, and its growth.
    rest, rest_growth : float
        What the books leave of the order, and how their shares grow.
    """

    price: float
    value: float
    share: Floats
    gain: Floats
    growth: Floats
    rest: float
    rest_growth: float


def flat_of(ways: Ways, scaled: ScaledProblem) -> Flat:
    """Return the curves of all ways, each up to the order."""
    return Flat([way.curve for way in ways.ways], scaled.curves[0].quantity)


class Relaxed:
    """The problem of one order with the rows at fixed prices.

    Parameters
    ----------
    flat : Flat | None
        As from `flat_of`, where it is known already.
    """

    def __init__(
        self, scaled: ScaledProblem, ways: Ways, prices: Prices, *, flat: Flat | None = None
    ) -> None:
        assert len(scaled.demands) == 1, "gas is decided for one order at a time"
        self.ways = ways
        charged = charged_curves(scaled, prices)
        chains = {way.chain for way in ways.ways}
        self._books = [b for c, b in enumerate(charged) if c not in chains and b.curve.cap > 0.0]
        own = [charged[way.chain] for way in ways.ways]
        curve = scaled.curves[0]
        self._sign, self._mid, self._quantity = curve.curve.sign, curve.mid, curve.quantity
        self._weight = np.array([c.weight for c in own])
        self._linear = np.array([c.bends[0].slope for c in own])
        self._per_gain = self._weight / (self._quantity * self._mid)
        self._per_growth = self._mid / (self._quantity * self._weight)
        self._flat = flat or flat_of(ways, scaled)
        self.gas = np.array([way.gas for way in ways.ways])
        self.transaction = np.array([way.transaction for way in ways.ways], dtype=np.intp)
        self.begun = np.array(ways.transactions)
        rooms = scaled.rooms()
        self._rooms = sum(p / PICO_PER_UNIT * float(rooms[row]) for row, p in prices.rows)
        self.held = self._flat.caps / self._quantity
        self._held_by_books = sum(book.curve.cap for book in self._books)

    @property
    def has_books(self) -> bool:
        """Whether anything but the ways can carry the order."""
        return bool(self._books)

    def carries(self, used: list[int]) -> bool:
        """Tell whether some ways and the books hold the whole order."""
        return self._held_by_books + float(self.held[used].sum()) >= _FULL

    def alone(self) -> Floats:
        """Return what each way costs with gas if it carries all, shape (n_ways,).

        Infinite where it cannot. Only of use where there is no book.
        """
        unit = self._quantity * self._mid
        slip = self._flat.cap_costs / unit - self._sign * self.held
        cost = self._weight * slip + self._linear * self.held - self._rooms
        cost += self.gas + self.begun[self.transaction]
        return np.where(self.held >= _FULL, cost, np.inf)

    def price_alone(self, way: int) -> float:
        """Return the price at which a way alone carries all."""
        last = self._flat.cap_marginal(way) / self._mid - self._sign
        return float(self._weight[way] * last + self._linear[way])

    def state(self, price: float) -> State:
        """Return everything at a price of the order."""
        value, rest, rest_growth = price - self._rooms, 1.0, 0.0
        for book in self._books:
            share, cost, growth = book.best(price)
            value += cost
            rest -= share
            rest_growth += growth
        rate = (price - self._linear) / self._weight
        marginal = (rate + self._sign) * self._mid
        taken = self._flat.at(marginal)
        return State(
            price=price,
            value=value,
            share=taken.quantity / self._quantity,
            gain=self._per_gain * (marginal * taken.quantity - taken.cost),
            growth=taken.growth * self._per_growth,
            rest=rest,
            rest_growth=rest_growth,
        )

    def cost_of(
        self, used: list[int], start: float, *, enough: float = np.inf
    ) -> tuple[float, State]:
        """Return what some ways cost, and the state at the price where that is known."""
        gas = self.ways.gas(used)
        return self._peak(lambda _: (used, gas), start, enough=enough)

    def bound(
        self, least: int, start: float, *, enough: float = np.inf
    ) -> tuple[float, State, list[int]]:
        """Return a bound for plans that use at least so many ways, and the ways it rests on."""
        chosen: dict[float, list[int]] = {}

        def choose(state: State) -> tuple[list[int], float]:
            used = chosen[state.price] = self.cheapest(state, least)
            return used, self.ways.gas(used)

        value, state = self._peak(choose, start, enough=enough)
        return value, state, chosen[state.price]

    def cheapest(self, state: State, least: int) -> list[int]:
        """Return the ways, at least so many, whose gas less gains is smallest."""
        return least_choice(self.ways, self.gas - state.gain, least)

    def _peak(
        self, choose: Callable[[State], tuple[list[int], float]], start: float, *, enough: float
    ) -> tuple[float, State]:
        states: dict[float, State] = {}

        def ask(price: float) -> Point:
            state = states[price] = self.state(price)
            used, gas = choose(state)
            return Point(
                at=price,
                value=state.value - _sum(state.gain, used) + gas,
                slope=state.rest - _sum(state.share, used),
                bend=state.rest_growth + _sum(state.growth, used),
            )

        top = peak(ask, start, enough=enough)
        return top.value, states[top.at]


# Of few numbers: an array of them would cost more than their sum.
def _sum(values: Floats, used: list[int]) -> float:
    return float(sum(map(values.item, used)))
