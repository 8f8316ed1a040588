"""Random trading days: nothing appears or is lost, and equal seeds trade to the same byte."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.sandbox.hyperliquid_day import Day
from tests.unit.sandbox.hyperliquid_floor import OPENED_MS, Floor
from venues.sandbox.hyperliquid.config import LIQUIDATOR_ADDRESS, PURR
from venues.sandbox.hyperliquid.ledger import equity, spot
from venues.sandbox.hyperliquid.ledger.conservation import check

REPOSITORY = Path(__file__).parents[3]
WITHOUT_ASSERTIONS = """
from venues.sandbox.hyperliquid import SandboxConfig
from venues.sandbox.hyperliquid.ledger.conservation import BrokenSumError, check
from venues.sandbox.hyperliquid.state import opened
state = opened(SandboxConfig(), 0)
state.till.fees += 1
try:
    check(state)
except BrokenSumError as error:
    print(__debug__, error)
"""
SLICE = 12_000
WHOLE = 1_000_000


def assert_solvent(day: Day):
    """Nobody but the vault, which has nobody left to turn to, is worth less than nothing."""
    for account in day.state.accounts.values():
        for dex in account.usd:
            worth = equity.cross_value(account, day.state.markets, dex)
            assert worth >= 0 or account.address == LIQUIDATOR_ADDRESS, (
                account.address,
                dex,
                worth,
            )
        for coin, position in account.positions.items():
            if position.isolated_usd is not None:
                assert equity.isolated_value(position, day.state.markets[coin]) >= 0


def assert_eventful(day: Day):
    for happened in ("AccountLiquidated", "market", "backstop", "Auto-Deleveraging"):
        assert day.seen[happened] > 0, (happened, day.seen)
    for action in {action.__name__ for action in day.actions}:
        assert day.seen[action] > 0, action


def test_a_random_day_conserves_everything_and_leaves_nobody_below_zero():
    day = Day(seed=1)

    day.run(SLICE)

    assert day.floor.now_ms > OPENED_MS
    assert_eventful(day)
    assert_solvent(day)


def test_equal_seeds_trade_to_the_same_byte_and_others_do_not():
    day = Day(seed=5)
    first, again, other = day.run(3_000), Day(seed=5).run(3_000), Day(seed=8).run(3_000)

    assert first == again
    assert first != other
    assert min(day.seen[what] for what in ("market", "backstop", "Auto-Deleveraging")) > 0


@pytest.mark.parametrize("amount", [1, -1])
def test_a_broken_sum_is_noticed_and_named(amount):
    floor = Floor(liquidator_deposit_micro_usd=0, vaults=())
    account = floor.open("anna", 100)

    account.usd[""] += amount

    with pytest.raises(AssertionError, match=f"hold {10**10 + amount * 100} of 1e-8 USD"):
        check(floor.state)


def test_sizes_that_do_not_cancel_are_noticed():
    floor = Floor()
    floor.open("anna", 100).position("ETH").size = 3

    with pytest.raises(AssertionError, match=r"sum to zero, were \{'ETH': 3\}"):
        check(floor.state)


def test_a_token_out_of_nowhere_is_noticed():
    floor = Floor()
    spot.balance(floor.open("anna", 100), PURR.index).total = 7

    with pytest.raises(AssertionError, match="token 1: accounts hold 7, 0 were credited"):
        check(floor.state)


def test_a_broken_sum_is_noticed_where_assertions_are_off_too():
    told = subprocess.check_output(  # noqa: S603 - our own program
        [sys.executable, "-O", "-c", WITHOUT_ASSERTIONS], cwd=REPOSITORY, text=True
    )

    assert told.startswith("False accounts and till hold ")


@pytest.mark.soak
def test_a_million_random_actions_conserve_everything(request, capsys):
    began = time.monotonic()
    day = Day(seed=2)

    day.run(WHOLE)

    seconds = time.monotonic() - began
    writer = request.config.get_terminal_writer()
    with capsys.disabled():
        writer.line(f"\n{WHOLE} actions in {seconds:.0f} s: {dict(day.seen)}")
    assert_eventful(day)
    assert_solvent(day)
