"""The liquidity a sandbox opens with: a house maker quoting both sides of every coin.

Level i stands half a basis point plus a slowly widening distance from the mid and holds more the
further out it is: about 1.5 million USD within ten basis points a side and twelve million in all.
Sizes and order counts come from the seed. The house does not requote by itself: liquidity that was
taken is gone until somebody asks for fresh quotes.
"""

from collections.abc import Iterator
from fractions import Fraction
from random import Random

from venues.sandbox.hyperliquid.market.perp import Market
from venues.sandbox.hyperliquid.market.spot import SpotMarket
from venues.sandbox.hyperliquid.number import normalised, to_text
from venues.sandbox.hyperliquid.order import OrderRequest, TimeInForce

LEVEL_COUNT = 60
_ORDERS_MIN = 2
_ORDERS_MAX = 5
_NEAREST_USD = 60_000
_GROWTH_USD = 5_000
_JITTER_PERCENT = 30
_LEAST_USD = 10
_SIGNIFICANT_FIGURES = 5


def tick_at(price: int, price_decimals: int) -> int:
    """Return the distance between valid prices around `price`, in price units."""
    by_figures = 10 ** max(0, len(str(price)) - _SIGNIFICANT_FIGURES)
    return int(min(by_figures, 10**price_decimals))


def quotes(
    market: Market | SpotMarket,
    mid: Fraction,
    seed: int,
    *,
    share: Fraction = Fraction(1),
    level_count: int = LEVEL_COUNT,
) -> Iterator[OrderRequest]:
    """Yield the house's orders for one market around `mid` (price units), nearest level first.

    `share` of the usual sizes; an order too small for the venue's minimum is left out.
    """
    dollar = 10 ** (market.spec.price_decimals + market.spec.size_decimals)
    random = Random(f"{seed}:{market.spec.name}")  # noqa: S311 - depth of a pretend book
    tick = tick_at(int(mid), market.spec.price_decimals)
    for level in range(level_count):
        distance = mid * _distance(level)
        for is_buy in (True, False):
            edge = mid - distance if is_buy else mid + distance
            ticks = edge / tick
            price = tick * (ticks.__floor__() if is_buy else ticks.__ceil__())
            for part in _shares(random):
                jitter = random.randint(100 - _JITTER_PERCENT, 100 + _JITTER_PERCENT)
                whole = (_NEAREST_USD + _GROWTH_USD * level) * dollar * part * jitter // 100
                size = int(whole * share) // price
                if size * price >= _LEAST_USD * dollar:
                    yield _quote(market, is_buy=is_buy, price=price, size=size)


def _distance(level: int) -> Fraction:
    # 0.5 + 0.4 i + 0.012 i^2 basis points, as a fraction of the mid.
    return Fraction(500 + 400 * level + 12 * level * level, 10_000_000)


def _shares(random: Random) -> list[Fraction]:
    # How a level's size is divided among the orders queued at it.
    weights = [random.randint(1, 10) for _ in range(random.randint(_ORDERS_MIN, _ORDERS_MAX))]
    return [Fraction(weight, sum(weights)) for weight in weights]


def _quote(market: Market | SpotMarket, *, is_buy: bool, price: int, size: int) -> OrderRequest:
    return OrderRequest(
        asset=market.asset,
        is_buy=is_buy,
        price_text=normalised(to_text(price, market.spec.price_decimals)),
        size_text=normalised(to_text(size, market.spec.size_decimals)),
        reduce_only=False,
        time_in_force=TimeInForce.GTC,
        cloid=None,
    )
