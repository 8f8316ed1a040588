"""The dual of a flow: what the pools do at given prices of the tokens, and the bound it proves.

Refuses to search: `newton` does.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from router.liquidity.curve import Floats, Places
from router.optimiser.network.cells import Response, Stack
from router.optimiser.network.graph import Directions, TokenGraph


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """A demand for tokens, over some directions of a graph.

    Attributes
    ----------
    demand : float64, shape (n_tokens,), [token]
        What must come out of the pools; negative for what is put in.
    free : intp, shape (n_free,)
        Tokens whose price is sought. The others keep theirs: the numeraire, and what no flow
        touches.
    stack : Stack
        One of the graph's.
    """

    graph: TokenGraph
    directions: Directions
    demand: Floats
    free: Places
    stack: Stack
    _base: Places = field(init=False, repr=False)  # of the pools in use
    _quote: Places = field(init=False, repr=False)
    _pair: Places = field(init=False, repr=False)  # cell of the curvature, the last row being fixed

    def __post_init__(self) -> None:
        pools, size = self.directions.pools, self.free.size
        number = np.full(len(self.graph.tokens), size)
        number[self.free] = np.arange(size)
        object.__setattr__(self, "_base", self.graph.base[pools])
        object.__setattr__(self, "_quote", self.graph.quote[pools])
        pair = number[self._base] * (size + 1) + number[self._quote]
        object.__setattr__(self, "_pair", pair)

    def at(self, log_price: Floats) -> "Point":
        """Return the dual function, its gradient and its curvature at the prices of all tokens.

        Notes
        -----
        Whatever the prices v > 0, a flow that meets the demand d costs at least

            g(v) = v·d - Σ max over the trades of each pool of (what it gives at v - what it takes),

        counted in the numeraire, for which v = 1 and d = 0: weak duality, so a wrong price only
        makes the bound worse. With respect to log v its gradient is v (d - what comes out). The
        curvature of the maxima is that of a network of springs, a pool's being v_base times how
        what is bought grows with the logarithm of the price.
        """
        base, quote = self._base, self._quote
        half = 0.5 * (log_price[base] - log_price[quote])
        clipped = np.minimum(np.maximum(half, self.directions.low), self.directions.high)
        response = self.stack.at(clipped, self.directions.pools)
        price = np.exp(log_price)
        value = float(price @ self.demand - price[quote] @ response.gain)
        size = len(self.graph.tokens)
        taken = np.bincount(base, response.bought, size)
        out: Floats = np.subtract(taken, np.bincount(quote, response.paid, size), dtype=np.float64)
        spring = price[base] * response.slope
        spring[clipped != half] = 0.0
        return Point(
            log_price=log_price,
            value=value,
            residual=(price * (self.demand - out))[self.free],
            curvature=self._springs(spring),
            out=out,
            turnover=float(price[base] @ np.abs(response.bought)),
            response=response,
        )

    def bound(self, point: "Point") -> float:
        """Return a lower bound on the cost at the prices of a point, [numeraire].

        It differs from the dual function by what levels of books gain more without their width.
        """
        excess, half = 0.0, 0.5 * point.log_price
        for place, pool in enumerate(self.directions.pools.tolist()):
            if self.graph.pools[pool].has_levels:
                base, quote = int(self._base[place]), int(self._quote[place])
                low, high = self.directions.low[place], self.directions.high[place]
                log_root = min(max(float(half[base] - half[quote]), low), high)
                gain = self.graph.gain(pool, math.exp(2.0 * log_root))
                excess += math.exp(point.log_price[quote]) * (gain - point.response.gain[place])
        return point.value - excess

    # What a fixed token pulls at stays on the diagonal.
    def _springs(self, spring: Floats) -> Floats:
        size = self.free.size
        pairs = np.bincount(self._pair, spring, (size + 1) ** 2).reshape(size + 1, size + 1)
        pairs += pairs.T
        matrix = np.negative(pairs[:size, :size], dtype=np.float64)
        matrix.flat[:: size + 1] += pairs[:size].sum(axis=1)
        return matrix


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The dual function at some prices.

    Attributes
    ----------
    log_price : float64, shape (n_tokens,), [numeraire / token]
    value : float, [numeraire]
        Of the dual function: a lower bound on the cost, but for the width of levels.
    residual : float64, shape (n_free,), [numeraire]
        Worth of what is still missing of each free token: the gradient.
    curvature : float64, shape (n_free, n_free), [numeraire]
        Minus the second derivative, as far as the pools make it. Symmetric, not negative.
    out : float64, shape (n_tokens,), [token]
        What comes out of the pools, less what goes in.
    turnover : float, [numeraire]
        Worth of all that the pools trade.
    """

    log_price: Floats
    value: float
    residual: Floats
    curvature: Floats
    out: Floats
    turnover: float
    response: Response
