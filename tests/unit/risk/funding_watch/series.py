"""Funding as venues make it: premiums that return to their mean, an interest band, a cap.

A premium is a common part and one of each venue's own, both autoregressions of the first order by
the hour whose shocks now and then are four times as large. A venue's rate of eight hours is its
premium plus the interest of 0.01 % held within 0.05 % of it, and its hourly rate an eighth of that,
at most 4 %; both are the venues' published formulas. A desk sees what is predicted with a little
noise on the premium, and an hour later what was settled.
"""

import random
from dataclasses import dataclass, replace

from router.domain.event import EngineStarted, FundingObserved
from router.domain.funding import FundingKind, FundingRules, FundingSample
from router.domain.risk import AccountAssessment, Assessment, Zone, ZoneRules
from router.domain.units import (
    PICO_PER_UNIT,
    DurationNs,
    Pico,
    Pips,
    TimestampNs,
)
from router.state.funding import HOUR_NS
from router.state.ledger import Ledger
from router.state.world import World
from tests.unit.engine.scene import DOLLAR, ETH, LIMITS, MARGIN, MID, PERP, POOL, T0

OWN, OTHERS = "hyperliquid", ("BinPerp", "BybitPerp")
RULES = FundingRules(
    watch_pips=Pips(500),
    alarm_pips=Pips(2_500),
    z_watch=300,
    z_alarm=600,
    persistence=3,
    calm_hours=6,
    cost_max_pips=Pips(20_000),
    hours_min=48,
    interval=DurationNs(300 * 10**9),
)
ZONES = ZoneRules(
    venue=PERP.venue,
    early_pips=Pips(400_000),
    soft_pips=Pips(600_000),
    hard_pips=Pips(800_000),
    target_pips=Pips(500_000),
    slice_max_pips=Pips(200_000),
    cost_max_pips=Pips(5_000),
)
START = -(-T0 // HOUR_NS)  # the first hour
CAP = Pico(PICO_PER_UNIT // 25)


def eight_hours(premium: float) -> float:
    """Return a venue's rate of eight hours from its premium."""
    return premium + min(max(0.0001 - premium, -0.0005), 0.0005)


def pico(rate: float) -> Pico:
    return Pico(round(min(max(rate, -0.04), 0.04) * PICO_PER_UNIT))


@dataclass
class Wander:
    """An autoregression whose spread in the long run is `spread`."""

    rng: random.Random
    spread: float
    kept: float = 0.85
    value: float = 0.0

    def step(self) -> float:
        shock = self.rng.gauss(0.0, self.spread * (1.0 - self.kept**2) ** 0.5)
        if self.rng.random() < 0.01:
            shock *= 3.0
        self.value = self.kept * self.value + shock
        return self.value


class Venues:
    """Three venues, hour by hour; `drift` is what is added to our venue's hourly rate."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self.common = Wander(self.rng, 0.00012)
        self.own = {name: Wander(self.rng, 0.0001) for name in (OWN, *OTHERS)}
        self.settled: Pico | None = None
        self.hour = START

    def tick(self, drift: float = 0.0, *, shared: bool = False) -> FundingObserved:
        """Let an hour pass, and return what is seen in the middle of it.

        A `shared` drift is that of all venues.
        """
        common = self.common.step()
        premiums = {name: common + part.step() for name, part in self.own.items()}
        at = TimestampNs(self.hour * HOUR_NS + HOUR_NS // 2)
        samples = []
        if self.settled is not None:
            on_the_hour = TimestampNs(self.hour * HOUR_NS)
            samples.append(sample(OWN, self.settled, on_the_hour, FundingKind.REALISED))
        for name, premium in premiums.items():
            seen = premium + self.rng.gauss(0.0, 0.00002)
            extra = drift if shared or name == OWN else 0.0
            samples.append(sample(name, pico(eight_hours(seen) / 8 + extra), at))
        self.settled = pico(eight_hours(premiums[OWN]) / 8 + drift)
        self.hour += 1
        return FundingObserved(tuple(samples), at)


def sample(source, rate, at, kind=FundingKind.PREDICTED) -> FundingSample:
    is_own = source == OWN
    return FundingSample(
        asset=ETH.id,
        source=source,
        kind=kind,
        instrument=PERP.id if is_own else None,
        rate_per_hour=rate,
        interval_s=3_600 if is_own else 8 * 3_600,
        at=TimestampNs(at),
        price=MID if is_own else None,
        cap_per_hour=CAP if is_own else None,
    )


def desk(*, ethers: int = 0, leverage: int = 5, rules=RULES) -> World:
    """Return a desk with a position at 3,000 dollars and equity of its notional over a leverage."""
    limits = replace(LIMITS, funding=rules, zones=(ZONES,))
    world = World(started=EngineStarted("journal", (POOL, PERP), limits, "test", T0))
    ledger = Ledger({}, {(MARGIN, PERP.id): ethers * 10**4}, {})
    equity = abs(ethers) * 3_000 * DOLLAR // leverage or 1_000_000 * DOLLAR
    return assessed(replace(world, ledger=ledger), equity, maintenance_of(ethers))


def maintenance_of(ethers: int) -> int:
    """Return a fiftieth of the notional: of a market with a leverage of 25 at most."""
    return abs(ethers) * 3_000 * DOLLAR // 50


def assessed(world: World, equity: int, maintenance: int) -> World:
    """Return the world with the perp account found to be worth so much."""
    found = AccountAssessment(MARGIN, PERP.venue, equity, 0, maintenance, Zone.SAFE, None)
    return replace(world, assessment=Assessment((found,), (), T0))
