"""An account called anna, what she holds against the house, and what she may ask for."""

from tests.unit.sandbox.hyperliquid_floor import Floor
from venues.sandbox.hyperliquid.config import XYZ_DEX
from venues.sandbox.hyperliquid.ledger import equity, leverage, positions
from venues.sandbox.hyperliquid.ledger.checks import affordable_at_match, margin_check
from venues.sandbox.hyperliquid.number import MICRO

NVDA, XYZ100 = "xyz:NVDA", "xyz:XYZ100"


def trader(usd=10_000, *, coin="ETH", size=0, price=300_000, **changes):
    """Open a floor, an account on it, and its position against the house."""
    floor = Floor(**changes)
    floor.house()
    floor.open("anna", usd)
    if size:
        take(floor, coin, size=size, price=price)
    return floor


def take(floor, coin, *, size, price):
    """Let anna trade with the house at no fee but the house's word."""
    account, house, market = floor.account("anna"), floor.house(), floor.market(coin)
    profit = positions.trade(account, market, size, price=price)
    positions.trade(house, market, -size, price=price)
    return profit


def choose(floor, coin, value, *, is_cross=True):
    return leverage.set_leverage(
        floor.state, floor.account("anna"), floor.market(coin), leverage=value, is_cross=is_cross
    )


def move(floor, usd, coin="ETH"):
    return leverage.move_isolated(
        floor.state, floor.account("anna"), floor.market(coin), micro_usd=int(usd * MICRO)
    )


def check(floor, size, *, coin="ETH", price=300_000, reduce_only=False):
    return margin_check(
        floor.state,
        floor.account("anna"),
        floor.market(coin),
        is_buy=size > 0,
        size=abs(size),
        price=price,
        reduce_only=reduce_only,
    )


def cross(floor, dex=""):
    return equity.cross(floor.account("anna"), floor.state.markets, dex)


def isolated(usd=10_000, *, size=10_000, price=300_000, value=10, **changes):
    floor = trader(usd, **changes)
    assert choose(floor, "ETH", value, is_cross=False) is None
    take(floor, "ETH", size=size, price=price)
    return floor


def builder_floor():
    floor = trader(builder_dexs=(XYZ_DEX,))
    floor.open("anna", 5_000, "xyz")
    return floor


def affordable(floor, size, *, price=300_000):
    return affordable_at_match(
        floor.state,
        floor.account("anna"),
        floor.market("ETH"),
        is_buy=size > 0,
        size=abs(size),
        price=price,
    )
