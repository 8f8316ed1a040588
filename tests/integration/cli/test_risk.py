"""What the risk verbs say, against what the venue and the chain say of the same account."""

import os
import signal
import subprocess
import sys
from decimal import Decimal

import orjson
import pytest

from router.cli.risk import EVERY_S
from router.cli.stress import asked
from router.compose.assembly import assemble
from router.compose.risk import looking
from router.shell.clock import SystemClock
from tests.integration.cli.conftest import READY_S, REPOSITORY, ask, furnished
from tests.unit.shell.floor import run

CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def invested(counterparties, tmp_path_factory):
    """Give a desk that holds something everywhere."""
    desk = furnished(counterparties, tmp_path_factory.mktemp("risk"))
    for words in (("25", "ETH", "--venues", "hyperliquid"), ("5", "ETH", "--venues", "uniswap_v3")):
        ended = desk.headrace("order", "buy", *words, "--json")
        assert ended.exit_code == 0, ended.output
    return desk


def told(desk, *words):
    ended = desk.headrace(*words, "--json")
    assert ended.exit_code == 0, ended.output
    return orjson.loads(ended.stdout)


def only(rows):
    (row,) = rows
    return row


def test_margin_is_what_the_venue_says_of_the_account(invested):
    account = only(told(invested, "risk")["accounts"])

    state = ask(invested.running.venue, "clearinghouseState")
    summary = state["crossMarginSummary"]
    held = only(state["assetPositions"])["position"]
    position = only(account["positions"])
    # The mark moves between two questions by much less than one part in a thousand.
    near = Decimal(summary["totalNtlPos"]) / 1000
    assert abs(Decimal(account["equity"]) - Decimal(summary["accountValue"])) <= near
    assert abs(Decimal(account["initial_margin"]) - Decimal(summary["totalMarginUsed"])) <= near
    maintenance = Decimal(state["crossMaintenanceMarginUsed"])
    assert abs(Decimal(account["maintenance_margin"]) - maintenance) <= near
    assert abs(Decimal(account["withdrawable"]) - Decimal(state["withdrawable"])) <= near
    assert Decimal(position["lots"]) / 10_000 == Decimal(held["szi"])
    liquidation = Decimal(held["liquidationPx"])
    assert abs(Decimal(position["liquidation_price"]) - liquidation) <= liquidation / 1000
    assert (account["zone"], account["margin"], account["why"]) == ("safe", "cross", "")


def test_a_what_if_is_the_arithmetic_of_the_positions_it_was_asked_of(invested):
    data = told(invested, "stress", "--shock", "ETH=-25,funding=100", "--shock", "all=-99")

    account = only(data["accounts"])
    position = only(account["positions"])
    equity, notional = Decimal(account["equity"]), Decimal(position["notional"])
    first, last = account["outcomes"]
    # Funding of one percent is of the notional before; maintenance is 2 % of what is left of it.
    assert abs(Decimal(first["equity"]) - (equity - notional * Decimal("0.26"))) <= CENT
    kept = abs(notional) * Decimal("0.75") * Decimal("0.02")
    assert abs(Decimal(first["maintenance_margin"]) - kept) <= CENT
    assert abs(Decimal(last["equity"]) - (equity - notional * Decimal("0.99"))) <= CENT
    desk_wide = data["stress"][1]
    assert (Decimal(last["room"]) < 0) is bool(desk_wide["liquidated"])
    assert Decimal(desk_wide["pnl"]) < Decimal(data["stress"][0]["pnl"]) < 0


def test_a_day_everybody_remembers_is_walked_over_the_positions(invested):
    data = told(invested, "stress", "--october")

    account, row = only(data["accounts"]), only(data["october"])
    equity, notional = Decimal(account["equity"]), Decimal(only(account["positions"])["notional"])
    fallen = (equity - Decimal(row["lowest_equity"])) / notional
    # Ether fell by 12 to 18 % in it, and half of that came back.
    assert Decimal("0.11") < fallen < Decimal("0.19")
    back = (Decimal(row["last_equity"]) - Decimal(row["lowest_equity"])) / notional
    assert abs(back - fallen / 2) < Decimal("0.001")
    assert row["below_maintenance_at_s"] is None
    assert "10 October 2025" in invested.headrace("stress", "--october").stdout


def test_what_if_words_nobody_knows_are_refused(invested):
    said = invested.refused("stress", "--shock", "DOGE=-25")

    assert said.startswith("shock: 'DOGE=-25' is not known; use ")


def test_profit_adds_up_and_inventory_is_what_the_chain_says(invested):
    data = told(invested, "risk")

    total = next(one for one in data["profit"]["total"] if one["quote"] == "USDC")
    parts = [Decimal(total[name]) for name in ("realised", "unrealised", "funding")]
    paid = Decimal(total["fees"]) + Decimal(total["gas"])
    assert sum(parts) - paid == Decimal(total["total"])
    assert Decimal(total["fees"]) + Decimal(total["gas"]) > 0
    held = {row["item"]: row for row in data["profit"]["inventory"] if "evm" in row["account"]}
    assert Decimal(held["ETH"]["quantity"]).scaleb(18) == invested.holdings()["weth"]


def test_the_tables_are_for_eyes(invested):
    ended = invested.headrace("risk")

    assert ended.exit_code == 0
    for title in ("margin", "positions", "stress by account", "profit and loss"):
        assert title in ended.stdout


def test_whoever_watches_gets_a_report_a_line_until_interrupted(invested):
    words = [sys.executable, "-m", "router.cli.main", "risk", str(invested.config)]
    environment = {**os.environ, **invested.running.environment}
    with subprocess.Popen(  # noqa: S603 - our own command
        [*words, "--watch", "--json"], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE
    ) as process:
        first, second = (orjson.loads(process.stdout.readline()) for _ in range(2))
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        code = process.wait(READY_S)

    assert code == 0
    assert rest == b"" or orjson.loads(rest.splitlines()[0])
    assert second["at_s"] - first["at_s"] >= EVERY_S
    assert [a["account"] for a in first["accounts"]] == [a["account"] for a in second["accounts"]]


def test_other_scenarios_than_the_configured_ones_may_be_asked(invested):
    assembly = assemble(invested.config, dict(invested.running.environment), SystemClock())
    wanted = asked(assembly, ("ETH=-10", "gap -30 %"))

    async def story():
        async with looking(assembly, wanted) as look:
            return await look(), await look()

    first, second = run(story())

    assert [s.name for s in wanted] == ["ETH=-10", "gap -30 %"]
    for report in (first, second):
        (account,) = report.accounts
        assert [one.scenario for one in account.outcomes] == ["ETH=-10", "gap -30 %"]
    assert asked(assembly, ()) == assembly.config.limits.stresses


def test_a_daemon_answers_for_itself(serving):
    desk, _, _ = serving

    account = only(told(desk, "risk")["accounts"])

    summary = ask(desk.running.venue, "clearinghouseState")["crossMarginSummary"]
    near = Decimal(summary["accountValue"]) / 100
    assert abs(Decimal(account["equity"]) - Decimal(summary["accountValue"])) <= near
