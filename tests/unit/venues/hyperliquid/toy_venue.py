"""A venue of one market in a few lines: what is true of orders, and every word it says of them."""

from dataclasses import dataclass, field

from venues.hyperliquid.trading.facts import (
    FillReport,
    Intent,
    OrderReport,
    Placed,
    Refused,
)

CANCELS = (
    *("canceled", "selfTradeCanceled", "reduceOnlyCanceled", "liquidatedCanceled"),
    *("scheduledCancel", "marginCanceled", "aStatusNobodyHasHeardOf"),
)


@dataclass
class ToyOrder:
    cloid: str
    oid: int
    size: int
    left: int
    status: str

    @property
    def works(self):
        return self.status in {"open", "triggered"}


@dataclass
class ToyVenue:
    """Truth; `said` is what it pushed, in the true order."""

    orders: dict = field(default_factory=dict)
    fills: list = field(default_factory=list)
    said: list = field(default_factory=list)
    used_nonces: set = field(default_factory=set)
    now_ms: int = 1_000
    _oid: int = 100

    # Reading.

    def report(self, order):
        return OrderReport(
            oid=order.oid,
            cloid=order.cloid,
            coin="ETH",
            is_buy=True,
            size_e8=order.size,
            left_e8=order.left,
            status=order.status,
        )

    def of(self, cloid):
        mine = [order for order in self.orders.values() if order.cloid == cloid]
        return max(mine, key=lambda order: order.oid, default=None)

    def lives(self, cloid):
        """Return the ids of its orders that were not refused."""
        mine = [order for order in self.orders.values() if order.cloid == cloid]
        return {order.oid for order in mine if order.status != "perpMarginRejected"}

    def lives_as(self, cloid):
        """Return the last of its orders that was not refused, or the last of all."""
        lived = self.lives(cloid)
        return self.orders[max(lived)] if lived else self.of(cloid)

    def by_cloid(self, cloid):
        order = self.of(cloid)
        return None if order is None else self.report(order)

    def by_oid(self, oid):
        return self.report(self.orders[oid])

    def filled(self, cloid):
        return sum(f.size_e8 for f in self.fills if f.cloid == cloid)

    # Acting; each returns the answer.

    def take(self, intent: Intent, *, kind):
        """Process an action: it 'rests', 'waits', is 'ioc', 'refused' or 'refused with an id'."""
        if intent.nonce in self.used_nonces:
            return Refused("Invalid nonce: duplicate nonce")
        self.used_nonces.add(intent.nonce)
        old = self.orders.get(intent.modifies_oid)
        if old is not None and not old.works:
            return Refused("Cannot modify canceled or filled order")
        if old is not None and kind != "refused with an id":
            self._end(old, "canceled")
        if kind.startswith("refused"):
            if kind == "refused with an id":
                self._end(self._new(intent), "perpMarginRejected")
            return Refused("Insufficient margin to place order.")
        return self._rest(intent, kind)

    def _rest(self, intent, kind):
        order = self._new(intent)
        self._say(order)
        if kind != "ioc":
            return Placed(None if kind == "waits" else order.oid)
        self.trade(order, max(1, order.size // 2))
        if order.left:
            self._end(order, "canceled")
        return Placed(order.oid, order.size - order.left)

    def noop(self, nonce):
        """Return whether the nonce was still free."""
        is_free = nonce not in self.used_nonces
        self.used_nonces.add(nonce)
        return is_free

    def trigger(self, order):
        if order.works:
            order.status = "triggered"
            self._say(order)

    def trade(self, order, size):
        size = min(size, order.left)
        if not order.works or size <= 0:
            return
        order.left -= size
        self.now_ms += 1
        fill = FillReport(
            oid=order.oid,
            cloid=order.cloid,
            coin="ETH",
            is_buy=True,
            price_e8=3_000 + len(self.fills),
            size_e8=size,
            fee_e8=len(self.fills) - 1,
            fee_token="USDC",  # noqa: S106 - a currency
            time_ms=self.now_ms,
            trade_id=7,  # repeats from block to block: the time tells fills apart
        )
        self.fills.append(fill)
        self.said.append(fill)
        if order.left == 0:
            self._end(order, "filled")

    def cancel(self, order, word):
        if order.works:
            self._end(order, word)

    def _new(self, intent):
        self._oid += 1
        order = ToyOrder(intent.cloid, self._oid, intent.size_e8, intent.size_e8, "open")
        self.orders[order.oid] = order
        return order

    def _end(self, order, word):
        order.status = word
        self._say(order)

    def _say(self, order):
        self.said.append(self.report(order))
