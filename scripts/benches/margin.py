"""All numbers of a perp account of twenty positions, twenty liquidation prices with them.

Measured against the sandbox's own functions, which are exact, too, and were written apart, and
against the same formulas in plain floats, which are a bound: no exact number is as cheap. What is
compared was computed on one account, and agrees before anything is timed.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Final

from _figures import figure

from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import Holding
from router.risk.margin.figures import figures, one_by_one
from router.risk.margin.model import Held
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import TierTable, table
from tests.unit.risk.margin.sandbox_accounts import TABLES, coin
from tests.unit.sandbox.hyperliquid_floor import Floor
from venues.sandbox.hyperliquid.ledger import equity, positions
from venues.sandbox.hyperliquid.ledger.account import Account, Leverage
from venues.sandbox.hyperliquid.number import MICRO

NAME: Final = "margin"
DESCRIPTION: Final = "all numbers of an account of 20 positions, against the sandbox and floats"

_POSITIONS: Final = 20
_ROUNDS: Final = 200
_ROUNDS_QUICK: Final = 30
_SEED: Final = 20
_US: Final = 1e6
_CENT: Final = MICRO // 100
_SPECS: Final = tuple(coin(n, TABLES[n % len(TABLES)]) for n in range(_POSITIONS))


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure one evaluation, medians of many, all peers in turn within each round."""
    rounds = _ROUNDS_QUICK if quick else _ROUNDS
    floor, account = _opened()
    model = _model(floor, account)
    rows = _rows(model)
    cash = float(model.cash)
    moved = {h.instrument: h.holding.mark + 1 for h in model.positions}
    _require_agreement(floor, account, model)
    ours, exact, venue, floats, remarked = _times(
        (
            lambda: figures(model),
            lambda: one_by_one(model),
            lambda: _sandbox(floor, account),
            lambda: _in_floats(cash, rows),
            lambda: figures(model.at_marks(moved)),
        ),
        rounds,
    )
    return [
        figure("evaluation", ours * _US, "us"),
        figure("evaluation at new marks", remarked * _US, "us"),
        figure(
            "against the sandbox's functions",
            venue * _US,
            "us",
            against="sandbox ledger.equity: exact, each price by itself",
            ratio=venue / ours,
            goal="ratio at least 1",
            met=venue >= ours,
        ),
        figure(
            "against the model asked one by one",
            exact * _US,
            "us",
            against="StandardModel in fractions",
            ratio=exact / ours,
        ),
        figure(
            "against plain floats",
            floats * _US,
            "us",
            against="the same formulas in floats: a bound, not exact",
            ratio=floats / ours,
        ),
    ]


def _times(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for times, call in zip(taken, calls, strict=True):
            begun = time.perf_counter()
            call()
            times.append(time.perf_counter() - begun)
    return [median(times) for times in taken]


def _opened() -> tuple[Floor, Account]:
    rng, floor = random.Random(_SEED), Floor(coins=_SPECS)  # noqa: S311 - a repeatable account
    account = floor.account("anna")
    for spec in _SPECS:
        market = floor.state.markets[spec.name]
        account.leverage[spec.name] = Leverage(rng.randint(1, spec.max_leverage))
        mark = rng.randint(10, 10_000) * 10**spec.price_decimals
        size = max(1, rng.randint(10_000, 1_000_000) * MICRO // mark)
        positions.trade(account, market, rng.choice((-1, 1)) * size, price=mark)
        market.marked = mark
    account.cash += 5_000_000 * MICRO
    return floor, account


def _model(floor: Floor, account: Account) -> StandardModel:
    held = []
    for coin_name, position in account.positions.items():
        market = floor.state.markets[coin_name]
        told = market.spec.margin_table.tiers
        tiers = table(*((t.lower_bound_usd * MICRO, t.max_leverage) for t in told))
        leverage = account.leverage_of(market)
        holding = Holding(Fraction(position.size), Fraction(market.marked), leverage, tiers)
        held.append(Held(InstrumentId(coin_name), AssetId(coin_name), holding))
    return StandardModel(AssetId("USDC"), Fraction(account.cash), tuple(held))


def _sandbox(
    floor: Floor, account: Account
) -> tuple[equity.Cross, Fraction, Fraction, list[Fraction | None]]:
    perps = floor.state.markets
    cross = equity.cross(account, perps)
    prices = [equity.liquidation_price(account, perps, name) for name in account.positions]
    value = Fraction(equity.account_value(account, perps))
    return cross, Fraction(cross.withdrawable), value, prices


def _require_agreement(floor: Floor, account: Account, model: StandardModel) -> None:
    cross, withdrawable, value, prices = _sandbox(floor, account)
    found = figures(model)
    assert found == one_by_one(model), "the quick way must give the model's own numbers"
    assert (found.value, found.equity) == (value, Fraction(cross.value)), "values differ"
    for ours, theirs in (
        (found.maintenance, cross.maintenance),
        (found.initial, cross.initial),
        (found.withdrawable, withdrawable),
    ):
        assert abs(ours - theirs) < _CENT, "a margin differs by a cent"
    for (name, price), told_price in zip(found.liquidation_prices, prices, strict=True):
        unit = 10 ** floor.state.markets[name].spec.price_decimals
        assert (price is None) == (told_price is None), f"{name}: only one is liquidated"
        if price is not None and told_price is not None:
            size = abs(account.positions[name].size)
            assert abs(price - told_price * unit) * size < _CENT, f"{name}: prices differ"
    told = _in_floats(float(model.cash), _rows(model))
    assert abs(told[1] - found.maintenance) <= 1e-9 * told[1], "the floats are another formula"


@dataclass(frozen=True, slots=True)
class _Row:
    size: float
    mark: float
    leverage: int
    bounds: tuple[float, ...]
    rates: tuple[float, ...]
    deductions: tuple[float, ...]


def _rows(model: StandardModel) -> list[_Row]:
    return [_row(h.holding, h.holding.tiers) for h in model.positions]


def _row(held: Holding, tiers: TierTable) -> _Row:
    return _Row(
        float(held.size),
        float(held.mark),
        held.leverage,
        tuple(float(t.above) for t in tiers.tiers),
        tuple(float(t.rate) for t in tiers.tiers),
        tuple(float(d) for d in tiers.deductions),
    )


def _in_floats(cash: float, rows: Sequence[_Row]) -> tuple[float, ...]:
    kept = [_kept(row, abs(row.size) * row.mark) for row in rows]
    value = cash + sum(row.size * row.mark for row in rows)
    initial = sum(abs(row.size) * row.mark / row.leverage for row in rows)
    maintenance, notional = sum(kept), sum(abs(row.size) * row.mark for row in rows)
    free = max(0.0, value - max(initial, 0.1 * notional))
    prices = [
        _price(row, value - row.size * row.mark - (maintenance - own))
        for row, own in zip(rows, kept, strict=True)
    ]
    return value, maintenance, initial, free, *prices


def _kept(row: _Row, notional: float) -> float:
    place = len(row.bounds) - 1
    while place and row.bounds[place] >= notional:
        place -= 1
    return notional * row.rates[place] - row.deductions[place]


def _price(row: _Row, fixed: float) -> float:
    size, last = abs(row.size), len(row.bounds) - 1
    for place, rate in enumerate(row.rates):
        below = row.size - size * rate
        if below == 0.0:
            continue
        price = -(fixed + row.deductions[place]) / below
        is_below_next = place == last or size * price <= row.bounds[place + 1]
        if price > 0.0 and size * price >= row.bounds[place] and is_below_next:
            return price
    return 0.0
