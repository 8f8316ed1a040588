"""A risk report as data and as tables."""

import io
from dataclasses import replace

import orjson
import pytest
from rich.console import Console

from router.cli.show_risk import margin_tables, risk_tables, stress_tables
from router.domain.event import EngineStarted
from router.domain.funding import FundingState
from router.domain.instrument import Asset
from router.domain.risk import GateRules
from router.domain.scope import FIRM
from router.domain.stress import Scenario
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import NS_PER_S, DurationNs
from router.gateway.risk_data import risk_data
from router.risk.assessment import assess
from router.risk.funding_watch import FundingRow
from router.state.world import World
from tests.unit.engine.scene import LIMITS, PERP, POOL, T0
from tests.unit.risk.ten_ethers import seen

ASSETS = {"ETH": Asset("ETH", 18), "USDC": Asset("USDC", 6)}
SCENARIOS = (
    Scenario(name="gap [-20] %", gap_pips=-200_000),
    Scenario(name="fall", gap_pips=-900_000),
)


def data_of(survey, *switches):
    gate = GateRules(DurationNs(10 * NS_PER_S), DurationNs(NS_PER_S))
    limits = replace(LIMITS, stresses=SCENARIOS, gate=gate)
    world = World(
        started=EngineStarted("journal", (POOL, PERP), limits, "test", T0),
        switches={setting.scope: setting for setting in switches},
    )
    return risk_data(assess(world, survey, epoch=0, at=T0), ASSETS)


def shown(parts):
    console = Console(file=io.StringIO(), width=160)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def test_every_number_is_a_decimal_in_units_of_its_asset():
    data = data_of(seen(equity=6_100))

    (account,) = data["accounts"]
    assert (account["equity"], account["initial_margin"]) == ("6100", "3000")
    assert (account["maintenance_margin"], account["free_collateral"]) == ("600", "3100")
    # 600 of 6,100
    assert account["maintenance_over_equity_pct"] == "9.8361"
    (position,) = account["positions"]
    assert (position["side"], position["notional"], position["mark"]) == (
        "long",
        "30000",
        "3000.00",
    )
    # 6,100 - 10 (3,000 - p) = 0.2 p  =>  p = 23,900 / 9.8
    assert position["liquidation_price"] == "2438.78"
    assert account["outcomes"][0] == {
        "scenario": "gap [-20] %",
        "equity": "100",
        "maintenance_margin": "480",
        "room": "-380",
    }
    assert account["margin"] == "reduce_only"
    assert "fall leaves it" in account["why"]


def test_the_data_is_json_whatever_is_missing():
    for survey in (seen(), seen(unreadable=True)):
        told = orjson.loads(orjson.dumps(data_of(survey)))
        assert [a["account"] for a in told["accounts"]] == [PERP.account]


@pytest.mark.parametrize("tables", [risk_tables, margin_tables, stress_tables])
def test_names_are_told_as_they_are_written(tables):
    assert "gap [-20] %" in shown(tables(data_of(seen()))) or tables is margin_tables


def test_what_an_officer_must_not_miss_is_in_the_tables():
    halted = SwitchSetting(FIRM, TradingState.HALTED, "anna", "drill [1]", T0)

    text = shown(risk_tables(data_of(seen(equity=6_100), halted)))

    for words in ("firm is halted: anna: drill [1]", "-380.00 USDC", "reduce_only", "2438.78"):
        assert words in text
    assert "would be liquidated, first hyperliquid:ETH" in text


def test_an_account_that_does_not_answer_is_in_the_tables():
    text = shown(risk_tables(data_of(seen(unreadable=True))))

    assert "no answer in time" in text


@pytest.mark.parametrize(("quote", "notional"), [("USDC", "30"), (None, "0")])
def test_a_market_is_told_in_its_own_quote_whatever_accounts_there_are(quote, notional):
    row = FundingRow(
        asset="ETH",
        source="hyperliquid",
        instrument=PERP.id,
        state=FundingState.WATCHED,
        reasons=(),
        rate_per_hour=0,
        realised_per_hour=None,
        others=(),
        spread_pips=0,
        z_hundredths=None,
        side_hours=0,
        quote=quote,
        notional_atoms=30_000_000 if quote else 0,
        year_pips=0,
        day_atoms=0,
        year_atoms=0,
        hours_left=None,
    )
    started = EngineStarted("journal", (POOL, PERP), LIMITS, "test", T0)
    report = assess(World(started=started), seen(), epoch=0, at=T0)

    (told,) = risk_data(replace(report, accounts=(), funding=(row,)), ASSETS)["funding"]

    assert told["notional"] == notional


def test_where_there_is_nothing_to_stress_that_is_said():
    data = data_of(seen())

    assert "nothing to stress" not in shown(stress_tables(data))
    assert "nothing to stress" in shown(stress_tables({**data, "stress": [], "accounts": []}))
