"""What would make an account whole, as data and in the words of `headrace risk`."""

import io
from dataclasses import replace

from rich.console import Console

from router.cli.show_risk import risk_tables
from router.domain.event import EngineStarted
from router.domain.instrument import Asset
from router.domain.stress import Scenario
from router.gateway.risk_data import risk_data
from router.risk.assessment import assess
from router.state.world import World
from tests.unit.engine.scene import LIMITS, PERP, POOL, T0
from tests.unit.risk.ten_ethers import seen

ASSETS = {"ETH": Asset("ETH", 18), "USDC": Asset("USDC", 6)}
FALL = Scenario(name="fall", gap_pips=-300_000)


def data_of(survey):
    started = EngineStarted("journal", (POOL, PERP), replace(LIMITS, stresses=(FALL,)), "test", T0)
    return risk_data(assess(World(started=started), survey, epoch=0, at=T0), ASSETS)


def shown(data):
    console = Console(file=io.StringIO(), width=200)
    for part in risk_tables(data):
        console.print(part)
    return console.file.getvalue()


def test_an_account_short_in_its_worst_scenario_is_told_what_would_cover_it():
    survey = seen(equity=6_100)

    data = data_of(survey)

    (account,) = data["accounts"]
    (outcome,) = account["outcomes"]
    (told,) = data["transfers"]
    assert told["account"] == account["account"]
    assert told["short"] == outcome["room"].removeprefix("-")
    given = sum(float(source["quantity"]) for source in told["sources"])
    assert given + float(told["missing"]) == float(told["short"])
    assert "would cover it" in shown(data)
    assert "in fall" in shown(data)


def test_an_account_with_room_enough_is_told_nothing():
    data = data_of(seen(equity=60_000))

    assert data["transfers"] == []
    assert "would cover it" not in shown(data)
