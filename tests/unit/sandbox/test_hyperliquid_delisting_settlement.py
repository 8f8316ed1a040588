"""Positions of a coin that stops trading are closed for everybody at one price."""

from tests.unit.sandbox.hyperliquid_floor import Floor
from venues.sandbox.hyperliquid.clearing.delisting import settle, settlement_price
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS, XYZ_DEX
from venues.sandbox.hyperliquid.ledger import positions
from venues.sandbox.hyperliquid.ledger.leverage import set_leverage
from venues.sandbox.hyperliquid.market.reference import Trail
from venues.sandbox.hyperliquid.number import MICRO

HOUR_MS = 3_600_000


def opened():
    floor = Floor(vaults=())
    for name in ("anna", "bert"):
        floor.open(name, 10_000)
    positions.trade(floor.account("anna"), floor.market("ETH"), 10_000, price=300_000)
    positions.trade(floor.account("bert"), floor.market("ETH"), -10_000, price=300_000)
    return floor


def test_everybody_is_settled_at_the_hours_average_oracle_price_at_no_fee():
    floor = opened()
    market = floor.market("ETH")
    floor.advance(HOUR_MS)
    market.set_oracle(310_000, floor.now_ms)
    floor.advance(HOUR_MS // 4)

    # Three quarters of the last hour at 3,000 and one at 3,100.
    before = floor.account("anna").cash
    settle(floor.state, market, floor.stamp)
    floor.advance(0)

    assert floor.account("anna").cash == before + 3_025 * MICRO
    assert floor.position("anna", "ETH").size == floor.position("bert", "ETH").size == 0
    (fill,) = floor.fills("bert")
    assert (fill.direction, fill.price, fill.fee, fill.is_buy) == ("Settlement", 302_500, 0, True)
    assert fill.closed_pnl == -25 * MICRO
    assert market.open_interest == 0


def test_a_builders_coin_is_settled_at_its_mark():
    floor = Floor(builder_dexs=(XYZ_DEX,))
    market = floor.market("xyz:NVDA")
    market.marked = 181_000

    assert settlement_price(market, floor.now_ms) == 181_000


def test_the_trail_forgets_what_ended_an_hour_ago():
    trail = Trail()
    assert trail.mean(0) is None

    trail.add(100, 0)
    assert trail.mean(0) == 100
    trail.add(200, 1_000)
    trail.add(300, HOUR_MS + 1_000)
    assert trail.mean(HOUR_MS + 1_000) == 200
    assert trail.mean(HOUR_MS + 1_000 + HOUR_MS // 2) == 250
    trail.add(300, 2 * HOUR_MS + 1_000)
    assert list(trail.steps) == [(HOUR_MS + 1_000, 300)]


def test_an_isolated_position_is_settled_for_its_own_margin_at_the_most():
    floor = Floor(vaults=())
    floor.house()
    anna, market = floor.open("anna", 10_000), floor.market("ETH")
    assert set_leverage(floor.state, anna, market, leverage=10, is_cross=False) is None
    positions.trade(anna, market, 10_000, price=300_000)
    positions.trade(floor.account("house"), market, -10_000, price=300_000)
    market.reference.trail.steps.clear()
    market.reference.trail.add(250_000, floor.now_ms)
    vault = floor.account(LIQUIDATOR_ADDRESS).cash

    settle(floor.state, market, floor.stamp)
    floor.advance(0)

    # 300 of margin inside, 500 lost: the vault bears what the margin does not.
    assert anna.cash == 9_700 * MICRO
    assert floor.account(LIQUIDATOR_ADDRESS).cash == vault - 200 * MICRO
