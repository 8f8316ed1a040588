"""The price at which the desk says a position is liquidated, tried on the sandbox's own clearing.

Every account holds up to six positions, cross or isolated, in tables with tiers; one mark moves to
the last tick at which the account should live, where nothing may happen, and one tick on, where the
venue must sell. Where a tick comes within a cent of the margin the venue's rounding decides, and
the case is drawn anew.
"""

import random
from dataclasses import dataclass
from math import ceil, floor

import pytest

from router.risk.margin.model import Held
from tests.unit.risk.margin.sandbox_accounts import WHO, Bench
from venues.sandbox.hyperliquid.clearing import liquidation
from venues.sandbox.hyperliquid.ledger import positions
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import AccountLiquidated

CENT = MICRO // 100
DRAWS_MAX = 200


@dataclass
class Case:
    bench: Bench
    coin: str
    held: Held
    lives: int
    """The last tick, on the way from the mark to the price, at which nothing happens."""
    step: int
    is_tier_crossed: bool

    @property
    def market(self):
        return self.bench.floor.market(self.coin)

    def liquidated(self, tick):
        """Put the mark at a tick, let clearing look, and tell whether it sold this position."""
        table, market = self.bench.floor, self.market
        market.previous_mark, market.marked, market.oracle = market.marked, tick, tick
        self.provide(tick)
        market.is_remarked = True
        table.drain()
        liquidation.sweep(table.state, table.matching, table.now_ms)
        events = [e for e in table.drain() if isinstance(e, AccountLiquidated)]
        assert all(e.account == WHO for e in events)
        sold = [e for e in events if self.coin in dict(e.positions)]
        assert all(e.is_cross is not self.held.is_isolated for e in sold)
        return bool(sold)

    def provide(self, tick):
        """Let the house stand ready to trade the position, or much of it, near the mark."""
        size = abs(self.bench.account.position(self.coin).size)
        # The venue takes no order below ten dollars, and few above half a million.
        size = min(size + 20 * MICRO // tick + 1, 400_000 * MICRO // tick)
        grain = 10 ** max(0, len(str(tick)) - 5)  # a price has five digits
        bid, ask = tick // grain * grain, -(-tick // grain) * grain
        is_long = self.held.size > 0
        placed = self.bench.floor.order(
            "house", self.coin, size=size if is_long else -size, price=bid if is_long else ask
        )
        assert placed.refusal is None, placed.refusal


def draw(rng):
    for _ in range(DRAWS_MAX):
        found = _drawn(rng)
        if found is not None:
            return found
    raise AssertionError("no account could be drawn that is sound and has a price")


def _drawn(rng):
    bench = Bench.opened()
    account = bench.fill(rng, with_orders=False)
    _, model = bench.model()
    if model.is_liquidatable:
        return None
    coin = rng.choice(list(account.positions))
    held = next(h for h in model.positions if h.asset == coin and h.size)
    price = model.liquidation_price(held.instrument)
    size = account.position(coin).size
    market = bench.floor.market(coin)
    if price is None:
        return None
    ticks = price if not held.is_isolated else price / abs(size)
    lives, step = (ceil(ticks), -1) if size > 0 else (floor(ticks), 1)
    if lives + step < 1 or len(str(lives)) > 12:
        return None
    if any(_is_tight(model, held, tick=t, size=size) for t in (lives, lives + step)):
        return None
    _give_house_the_other_side(bench)
    tiers = held.holding.tiers
    crossed = tiers.index(abs(size) * market.marked) != tiers.index(abs(size) * lives)
    return Case(bench, coin, held, lives, step, is_tier_crossed=crossed)


# Whether rounding of a cent could decide at a tick; it is reckoned at the venue's whole numbers.
def _is_tight(model, held, *, tick, size):
    there = tick * abs(size) if held.is_isolated else tick
    moved = model.at_marks({held.instrument: there})
    bucket = moved.held(held.instrument).bucket if held.is_isolated else moved.cross
    return abs(bucket.value - bucket.maintenance) < CENT


def _give_house_the_other_side(bench):
    house = bench.floor.account("house")
    for name, position in bench.account.positions.items():
        market = bench.floor.market(name)
        market.reference.is_frozen = True
        positions.trade(house, market, -position.size, price=market.marked)


def try_one(rng):
    case = draw(rng)
    assert not case.liquidated(case.lives), case
    assert case.bench.account.position(case.coin).size, case
    assert case.liquidated(case.lives + case.step), case
    return case


def run(seed, count):
    rng = random.Random(seed)
    tried = [try_one(rng) for _ in range(count)]
    kinds = {(c.held.is_isolated, c.held.size > 0) for c in tried}
    return tried, kinds


ALL_KINDS = {(isolated, long) for isolated in (False, True) for long in (False, True)}


def test_the_mark_one_tick_before_the_price_leaves_an_account_alone_and_at_it_does_not():
    tried, kinds = run(1, 60)

    assert kinds == ALL_KINDS
    assert any(case.is_tier_crossed for case in tried)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_thousand_prices_are_right_to_the_tick(seed):
    _, kinds = run(seed, 100)

    assert kinds == ALL_KINDS
