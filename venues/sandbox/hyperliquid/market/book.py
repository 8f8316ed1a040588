"""A price-time priority book for one coin.

It keeps resting orders and says who is next; it does not trade, charge, or check anything. Orders
at one price are served in the order they were added.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from venues.sandbox.hyperliquid.order import Order


class _Side:
    # Ranks sort best first on both sides: the price for asks, its negative for bids.

    def __init__(self, *, is_buy: bool) -> None:
        self._sign = -1 if is_buy else 1
        self._ranks: list[int] = []
        self._queues: dict[int, dict[int, Order]] = {}

    def add(self, order: Order) -> None:
        rank = self._sign * order.price
        if rank not in self._queues:
            insort(self._ranks, rank)
            self._queues[rank] = {}
        self._queues[rank][order.oid] = order

    def remove(self, order: Order) -> None:
        rank = self._sign * order.price
        queue = self._queues[rank]
        del queue[order.oid]
        if not queue:
            del self._queues[rank]
            del self._ranks[bisect_left(self._ranks, rank)]

    def levels(self) -> Iterator[tuple[int, Mapping[int, Order]]]:
        for rank in self._ranks:
            yield self._sign * rank, self._queues[rank]


class Book:
    """Both sides of one coin's market."""

    def __init__(self) -> None:
        self._sides = {True: _Side(is_buy=True), False: _Side(is_buy=False)}

    def add(self, order: Order) -> None:
        """Queue an order behind everything already resting at its price."""
        self._sides[order.is_buy].add(order)

    def remove(self, order: Order) -> None:
        """Take a resting order out; it must be in the book."""
        self._sides[order.is_buy].remove(order)

    def levels(self, *, is_buy: bool) -> Iterator[tuple[int, Mapping[int, Order]]]:
        """Yield price and orders of one side, best price first, oldest order first."""
        return self._sides[is_buy].levels()

    def best_price(self, *, is_buy: bool) -> int | None:
        """Return the best price of one side, or None when it is empty."""
        return next((price for price, _ in self.levels(is_buy=is_buy)), None)

    def next_maker(self, *, taker_is_buy: bool, limit: int) -> Order | None:
        """Return the resting order a taker with this limit would meet first."""
        best = next(self.levels(is_buy=not taker_is_buy), None)
        if best is None:
            return None
        price, queue = best
        crosses = price <= limit if taker_is_buy else price >= limit
        return next(iter(queue.values())) if crosses else None
