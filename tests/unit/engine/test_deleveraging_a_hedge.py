"""What deleveraging wants to cut may be cut: stress rows must not keep an account near its end."""

from dataclasses import replace

import pytest

from router.domain.account import MarkedPosition, Position
from router.domain.command import SolveRoute
from router.domain.event import LimitsChanged, MarketObserved, RiskAssessed
from router.domain.instrument import Asset
from router.domain.margin import HeldPosition, MarginTier, StressShock
from router.domain.observation import Survey
from router.domain.risk import GateRules, Zone, ZoneRules
from router.domain.stress import Scenario
from router.domain.units import Amount, AssetId, DurationNs, InstrumentId, Pico, Pips
from router.domain.verdict import Approved
from router.optimiser.solve import solve
from router.risk.assessment import assess
from router.risk.guards import DELEVERAGING
from router.risk.limits import approve
from router.risk.stress.rows import shared_rows
from router.state.world import Phase
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    LIMITS,
    MARGIN,
    PERP,
    POOL,
    STARTED,
    USDC,
    Driver,
    observation,
    order,
)

BTC = Asset(AssetId("BTC"), 8)
OTHER = replace(
    PERP,
    id=InstrumentId("hyperliquid:BTC"),
    symbol="BTC",
    base=BTC,
    lot_atoms=10**3,
    tick_decimals=1,
)
ZONES = ZoneRules(
    venue=PERP.venue,
    early_pips=Pips(400_000),
    soft_pips=Pips(600_000),
    hard_pips=Pips(800_000),
    target_pips=Pips(500_000),
    slice_max_pips=Pips(250_000),
    cost_max_pips=Pips(3_000),
)
RATE = (MarginTier(0, 25, Pico(20_000_000_000)),)
FALL = Scenario("fall", Pips(-180_000), apart=(StressShock(BTC.id, Pips(-150_000), Pips(0)),))
RISE = Scenario("rise", Pips(160_000))
GUARDED = replace(
    LIMITS,
    zones=(ZONES,),
    gate=GateRules(DurationNs(10**12), DurationNs(10**9)),
    stresses=(FALL, RISE),
    scenarios=shared_rows((FALL, RISE)),
)


def lots_of(ether):
    """Return how many ten-thousandths of an ether so many thousand dollars are, at 3,000."""
    return ether * 10**7 // 3_000


def seen(ether, bitcoin, equity):
    """Return so many thousand dollars of ether long, of bitcoin short, and of equity.

    Two per cent keep each: 4,000 of 4,800 for 100 and 100, 83 %.
    """
    found = observation()
    (chain, margin) = found.accounts
    held = (
        MarkedPosition(PERP.id, HeldPosition(ETH.id, ether * 1_000 * DOLLAR, RATE, Pico(10**11))),
        MarkedPosition(
            OTHER.id, HeldPosition(BTC.id, -bitcoin * 1_000 * DOLLAR, RATE, Pico(10**11))
        ),
    )
    margin = replace(
        margin,
        balances=(Amount(USDC.id, (equity - 1_000 * (ether - bitcoin)) * DOLLAR),),
        positions=(
            Position(PERP.id, lots_of(ether), 10),
            Position(OTHER.id, -bitcoin * 2_000, 10),
        ),
        equity_atoms=equity * DOLLAR,
        marked=held,
    )
    (context,), (book,) = found.contexts, found.books
    context = replace(context, tiers=RATE)
    # Bitcoin at 50,000.
    contexts = (context, replace(context, instrument=OTHER.id, mark_ticks=500_000))
    deep = replace(
        book,
        instrument=OTHER.id,
        bids=((499_990, 10**7),),
        asks=((500_010, 10**7),),
    )
    return replace(found, accounts=(chain, margin), contexts=contexts, books=(book, deep))


@pytest.mark.parametrize(
    ("ether", "bitcoin", "equity"), [(99, 99, 4_800), (120, 99, 5_200), (99, 120, 4_800)]
)
def test_an_account_in_the_hard_zone_is_cut_though_a_scenario_liked_its_hedge(
    ether, bitcoin, equity
):
    found = seen(ether, bitcoin, equity)
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(POOL, PERP, OTHER)))
    driver.reconcile(lots=lots_of(ether))
    driver.feed(LimitsChanged(GUARDED, "ann", driver.tick()))
    report = assess(driver.world, Survey(found), epoch=0, at=driver.tick())
    assert report.assessment.of(MARGIN).zone is Zone.HARD
    driver.feed(RiskAssessed(report.assessment))
    (first,) = (p.order for p in driver.world.parents.values() if p.phase is Phase.OBSERVING)

    driver.feed(MarketObserved(first.id, found, driver.tick()))

    problem = driver.command(SolveRoute).problem
    made = solve(problem)
    assert isinstance(approve(problem, made, first.quantity), Approved)


def test_whoever_takes_the_name_and_does_not_reduce_is_asked_what_scenarios_leave():
    found = seen(99, 99, 4_800)
    driver = Driver()
    driver.feed(replace(STARTED, instruments=(POOL, PERP, OTHER)))
    driver.reconcile(lots=lots_of(99))
    driver.feed(LimitsChanged(GUARDED, "ann", driver.tick()))
    asked = order(1, strategy=DELEVERAGING)
    driver.submit(asked)

    driver.feed(MarketObserved(asked.id, found, driver.tick()))

    assert driver.command(SolveRoute).problem.scenarios == GUARDED.scenarios
