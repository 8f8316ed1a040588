"""A price-time priority book for one coin.

It keeps resting orders and says who is next; it does not trade, charge, or check anything. Orders
at one price are served in the order they were added.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from venues.sandbox.hyperliquid.order import Order


class _Side:
    # Ranks sort best last on both sides, so that taking the best away is cheap: the price for bids,
    # its negative for asks.

    def __init__(self, *, is_buy: bool) -> None:
        self.sign = 1 if is_buy else -1
        self.ranks: list[int] = []
        self.queues: dict[int, dict[int, Order]] = {}

    def add(self, order: Order) -> None:
        rank = self.sign * order.price
        queue = self.queues.get(rank)
        if queue is None:
            insort(self.ranks, rank)
            queue = self.queues[rank] = {}
        queue[order.oid] = order

    def remove(self, order: Order) -> None:
        rank = self.sign * order.price
        queue = self.queues[rank]
        del queue[order.oid]
        if not queue:
            del self.queues[rank]
            del self.ranks[bisect_left(self.ranks, rank)]

    def levels(self) -> Iterator[tuple[int, Mapping[int, Order]]]:
        for rank in reversed(self.ranks):
            yield self.sign * rank, self.queues[rank]


class Book:
    """Both sides of one coin's market."""

    def __init__(self) -> None:
        self._bids = _Side(is_buy=True)
        self._asks = _Side(is_buy=False)

    def add(self, order: Order) -> None:
        """Queue an order behind everything already resting at its price."""
        (self._bids if order.is_buy else self._asks).add(order)

    def remove(self, order: Order) -> None:
        """Take a resting order out; it must be in the book."""
        (self._bids if order.is_buy else self._asks).remove(order)

    def levels(self, *, is_buy: bool) -> Iterator[tuple[int, Mapping[int, Order]]]:
        """Yield price and orders of one side, best price first, oldest order first."""
        return (self._bids if is_buy else self._asks).levels()

    def best_price(self, *, is_buy: bool) -> int | None:
        """Return the best price of one side, or None when it is empty."""
        side = self._bids if is_buy else self._asks
        return side.sign * side.ranks[-1] if side.ranks else None

    def next_maker(self, *, taker_is_buy: bool, limit: int) -> Order | None:
        """Return the resting order a taker with this limit would meet first."""
        side = self._asks if taker_is_buy else self._bids
        if not side.ranks:
            return None
        rank = side.ranks[-1]
        # A resting price meets the limit when it is at least as good; ranks grow with goodness.
        if rank < side.sign * limit:
            return None
        return next(iter(side.queues[rank].values()))
