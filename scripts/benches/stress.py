"""A thousand scenarios over two hundred positions of five accounts, beside a plain loop.

The loop is the engine written plainly, position by position, in floats, with everything that does
not depend on the scenario looked up beforehand, and scenarios prepared as for the arrays. It
answers the same questions, and every answer is compared before anything is timed; beside it stands
what it takes to answer for the accounts alone, without contagion, exposure and totals.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from _figures import figure
from numpy.typing import NDArray

from router.domain.margin import HeldPosition, MarginTier, StressShock
from router.domain.stress import Scenario, VenueShock
from router.domain.units import AccountId, AssetId, InstrumentId, Pico, Pips, VenueId
from router.risk.stress.book import Bucket, Depths, Stock, StressBook, assembled
from router.risk.stress.depth import DepthLine, line
from router.risk.stress.exact import Exposure
from router.risk.stress.run import Outcomes, evaluate, outcomes
from router.risk.stress.scenarios import shocks
from tests.unit.risk.stress import plain

NAME: Final = "stress"
DESCRIPTION: Final = "1,000 scenarios x 200 positions x 5 accounts in arrays, and in a plain loop"

_ACCOUNTS: Final = 5
_ASSETS: Final = 40
_SCENARIOS: Final = 1_000
_LEVELS: Final = 20
_ROUNDS: Final = 5
_ROUNDS_QUICK: Final = 1
_RUNS: Final = 20  # of the arrays for each of the loop
_BUDGET_MS: Final = 50.0
_RATIO: Final = 50.0
_AGREES: Final = 1e-9
_ATOMS: Final = 10**6
_TIERS: Final = (
    MarginTier(0, 20, Pico(25 * 10**9)),
    MarginTier(2_000_000 * _ATOMS, 10, Pico(50 * 10**9)),
)
_NAMES: Final = tuple(AssetId(f"asset-{number}") for number in range(_ASSETS))
_USDC: Final = AssetId("USDC")
_STOCKS: Final = (
    Stock(_NAMES[0], 1e6, 0.1, exit_gas=15.0),
    Stock(_USDC, 1e6, is_money=True),
)


def run(*, quick: bool) -> list[dict[str, object]]:
    """Measure; the arrays with and without the preparing of scenarios, and the ratios."""
    rng = random.Random(7)  # noqa: S311 - the same desk every time
    buckets, depths = _desk(rng)
    scenarios = tuple(_scenario(rng, number) for number in range(_SCENARIOS))
    book = assembled(buckets, depths, _STOCKS)
    now = shocks(scenarios, book)
    # A depth of its own for each, so that no two find the same book.
    apart = replace(now, depth=np.linspace(0.1, 1.0, _SCENARIOS))
    groups = [plain.group(bucket, depths) for bucket in buckets]
    prepared = [plain.shock(scenario, book.venues) for scenario in scenarios]
    _compare(book, evaluate(book, now), [plain.firm(groups, _STOCKS, one) for one in prepared])
    works: dict[str, Callable[[], object]] = {
        "ready": lambda: evaluate(book, now),
        "several": lambda: evaluate(book, apart),
        "whole": lambda: outcomes(book, scenarios),
    }
    loops: dict[str, Callable[[], object]] = {
        "same": lambda: [plain.firm(groups, _STOCKS, one) for one in prepared],
        "less": lambda: _accounts(groups, prepared),
    }
    spent: dict[str, list[float]] = {name: [] for name in (*works, *loops)}
    # Turn by turn, so that arrays and loop find the machine alike.
    for _ in range(_ROUNDS_QUICK if quick else _ROUNDS):
        for name, work in (works | loops).items():
            spent[name] += _times(work, _RUNS if name in works else 1)
    ready, same, less = spent["ready"], min(spent["same"]), min(spent["less"])
    half, best = float(np.median(ready)), min(ready)
    against = "arrays, scenarios prepared, best"
    return [
        figure(
            "arrays, scenarios prepared, p50",
            half,
            "ms",
            goal=f"<= {_BUDGET_MS:.0f} ms",
            met=half <= _BUDGET_MS,
        ),
        figure(against, best, "ms"),
        figure("arrays, scenarios prepared, p99", float(np.percentile(ready, 99)), "ms"),
        figure(
            "arrays, every scenario a depth of its own, p50",
            float(np.median(spent["several"])),
            "ms",
        ),
        figure("arrays, scenarios as data, p50", float(np.median(spent["whole"])), "ms"),
        figure("arrays, scenarios as data, p99", float(np.percentile(spent["whole"], 99)), "ms"),
        figure(
            "plain loop, the same answers, best",
            same,
            "ms",
            against=against,
            ratio=same / best,
            goal=f">= {_RATIO:.0f} times",
            met=same / best >= _RATIO,
        ),
        figure("plain loop, accounts alone, best", less, "ms", against=against, ratio=less / best),
    ]


def _desk(rng: random.Random) -> tuple[list[Bucket], dict[InstrumentId, Depths]]:
    buckets: list[Bucket] = []
    depths: dict[InstrumentId, Depths] = {}
    for number in range(_ACCOUNTS):
        venue = VenueId(f"venue-{number % 3}")
        markets = tuple(InstrumentId(f"{venue}:{asset}") for asset in _NAMES)
        for market in markets:
            depths.setdefault(market, Depths(_side(rng), _side(rng), 0.000_45))
        held = tuple(
            HeldPosition(
                asset,
                int(rng.lognormvariate(12.5, 1) * _ATOMS) * rng.choice((1, -1)),
                _TIERS,
                Pico(10**11),
            )
            for asset in _NAMES
        )
        equity = int(sum(abs(p.notional_atoms) for p in held) * rng.uniform(0.05, 0.3))
        one = Exposure(venue, equity, held, 10_000 * _ATOMS)
        buckets.append(Bucket(AccountId(f"account-{number}"), one, _USDC, 6, markets))
    return buckets, depths


def _side(rng: random.Random) -> DepthLine:
    return line([(0.000_5 * (level + 1), rng.uniform(1e4, 2e5)) for level in range(_LEVELS)])


def _scenario(rng: random.Random, number: int) -> Scenario:
    gap = rng.randint(-350_000, 350_000)
    own = tuple(
        StressShock(asset, Pips(int(gap * rng.uniform(0.5, 2.0))), Pips(rng.randint(-9_000, 9_000)))
        for asset in rng.sample(_NAMES, _ASSETS // 2)
    )
    venue = VenueShock(
        VenueId("venue-0"),
        mark_pips=Pips(rng.choice((0, -50_000))),
        oracle_late_s=rng.choice((0, 30)),
        deleveraged_pips=Pips(rng.choice((0, 350_000))),
        deleveraged_at_pips=Pips(100_000),
    )
    depth = Pips(rng.choice((100_000, 1_000_000)))
    return Scenario(f"scenario {number}", Pips(gap), Pips(0), own, (venue,), depth_pips=depth)


def _accounts(groups: list[plain.Group], prepared: list[plain.Shock]) -> list[list[plain.Found]]:
    return [[plain.account(group, one) for group in groups] for one in prepared]


def _times(work: Callable[[], object], count: int) -> list[float]:
    spent = []
    for _ in range(count):
        begin = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begin) * 1_000.0)
    return spent


def _compare(book: StressBook, found: Outcomes, firms: list[plain.Firm]) -> None:
    gross = float(np.abs(book.positions.notional).sum() + book.inventory.value.sum())
    for name, arrays, loop in (*_of_accounts(found, firms), *_of_firm(book, found, firms)):
        told = np.array(loop).reshape(np.shape(arrays))
        unit = 1.0 if name == "impact" else gross
        if not np.allclose(arrays, told, rtol=_AGREES, atol=_AGREES * unit):
            raise RuntimeError(f"{name}: arrays and loop disagree")


# Pairs of an array and the same from the loop, which goes scenario by scenario.
def _of_accounts(
    found: Outcomes, firms: list[plain.Firm]
) -> Iterator[tuple[str, NDArray[np.generic], list[list[float]]]]:
    sold = found.forced
    pairs: dict[str, tuple[NDArray[np.generic], Callable[[plain.Found], float]]] = {
        "price": (found.price, lambda one: one.price),
        "funding": (found.funding, lambda one: one.funding),
        "equity": (found.equity, lambda one: one.equity),
        "maintenance": (found.maintenance, lambda one: one.maintenance),
        "room": (found.room, lambda one: one.room),
        "shown": (found.shown, lambda one: one.shown),
        "is stuck": (found.is_stuck, lambda one: one.is_stuck),
        "exit cost": (found.exit_cost, lambda one: one.exit_cost),
        "exit unsold": (found.exit_unsold, lambda one: one.exit_unsold),
        "costs": (sold.costs, lambda one: one.costs),
        "fees": (sold.fees, lambda one: one.fees),
        "equity after sales": (sold.equity, lambda one: one.final_equity),
        "maintenance after sales": (sold.maintenance, lambda one: one.final_maintenance),
        "is lost": (sold.is_lost, lambda one: one.is_lost),
    }
    for name, (array, value) in pairs.items():
        yield name, array.T, [[value(one) for one in firm.groups] for firm in firms]


def _of_firm(
    book: StressBook, found: Outcomes, firms: list[plain.Firm]
) -> Iterator[tuple[str, NDArray[np.generic], Sequence[object]]]:
    begins = [rows.start for rows in book.buckets.rows]
    pairs = [list(zip(begins, firm.groups, strict=True)) for firm in firms]
    first = [[begin + one.first if one.first >= 0 else -1 for begin, one in row] for row in pairs]
    yield "first", found.forced.first.T, first
    sold = [[value for one in firm.groups for value in one.sold] for firm in firms]
    yield "sold", found.forced.sold.T, sold
    dragged = found.contagion
    after = np.stack((dragged.equity, dragged.maintenance, dragged.is_fallen), axis=2)
    yield "contagion", after.swapaxes(0, 1), [firm.accounts for firm in firms]
    impact = [[firm.impact.get(asset, 0.0) for asset in book.assets] for firm in firms]
    yield "impact", dragged.impact.T, impact
    delta = [[firm.delta.get(asset, 0.0) for asset in book.assets] for firm in firms]
    yield "exposure", found.delta_after.T, delta
    yield "inventory", found.inventory, [firm.inventory for firm in firms]
    yield "gas", found.gas, [firm.gas for firm in firms]
    yield "total", found.total, [firm.total for firm in firms]
