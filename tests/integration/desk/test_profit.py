"""Profit and the books against raw balances, while orders fill, funding is paid and strangers pay.

The chain's and the venue's own numbers are read beside the desk and added up by hand.
"""

import asyncio
import os
import tomllib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.recovery import verify
from router.compose.sandbox_tables import AGENT_KEY_ENV, CHAIN_KEY_ENV, chain_table, venue_table
from router.domain.event import HourStruck
from router.domain.order import OrderStatus
from router.domain.units import NS_PER_S, TimestampNs
from router.gateway.risk_events import FillTold, ReconciliationTold
from router.reconciliation.equity import Cause
from router.shell.clock import SystemClock
from router.state.profit_report import ProfitReport
from tests.integration.desk.desk_scene import InlineSolver
from venues.sandbox.chain import abi, start
from venues.sandbox.chain.accounts import DEPLOYER
from venues.sandbox.chain.sender import wait_for_receipt
from venues.sandbox.hyperliquid import (
    DEV_AGENT_KEY,
    DEV_MASTER_ADDRESS,
    HyperliquidSandbox,
    SandboxConfig,
)

REPOSITORY = Path(__file__).parents[3]
DEADLINE_S = 120
HOUR_S = 3_600
PERP, LOT = "hyperliquid:ETH", 10**14
TOKENS = ("ETH", "BTC", "USDT")
ASSESSED = "assess_every_ms = 1000"


class ShiftedClock(SystemClock):
    """The real clock, moved ahead so that the hour ends when it is wanted."""

    def __init__(self):
        self.shift_ns = 0
        self.leap(HOUR_S - 600)

    def leap(self, hour_in_s):
        """Go on to where the next hour begins so soon."""
        now_s = self.now() // NS_PER_S
        ahead_s = (-now_s - hour_in_s) % HOUR_S
        self.shift_ns += ahead_s * NS_PER_S

    def now(self):
        return TimestampNs(super().now() + self.shift_ns)

    def now_ms(self):
        return self.now() // 1_000_000


@pytest.fixture
def chain():
    with start(families=True, block_time_s=1) as running:
        yield running


def config_of(path, chain, sandbox):
    demo = (REPOSITORY / "configs" / "demo.toml").read_text()
    assert ASSESSED in demo
    demo = demo.replace(ASSESSED, "assess_every_ms = 700")
    text = demo + chain_table(chain.manifest) + venue_table(sandbox.manifest())
    tomllib.loads(text)
    path.write_text(text)


@dataclass
class Rehearsal:
    """A desk at both sandboxes, and what it told."""

    chain: object
    venue: object
    desk: object = None
    reports: list = field(default_factory=list)
    told: list = field(default_factory=list)
    orders: int = 0
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self):
        subscription = self.desk.feed.subscribe()
        while (told := await subscription.next()) is not None:
            self.told.append(told.event)

    def look(self, report):
        if not report.survey.unreadable and report.epoch == self.desk.runtime.world.epoch:
            self.reports.append(report)
            self.more.set()

    async def reports_after(self, count):
        """Wait for so many more reports of all accounts, while nothing moved."""
        wanted = len(self.reports) + count
        while len(self.reports) < wanted:
            self.more.clear()
            await self.more.wait()

    async def trade(self, side, quantity, **more):
        self.orders += 1
        asked = {"base": "ETH", "quote": "USDC", "client_order_id": f"order-{self.orders}"}
        done = await self.desk.work(
            asked | {"side": side, "quantity": quantity} | more, lambda _line: None
        )
        assert done.status is OrderStatus.FILLED, done.reason

    def now(self):
        return self.reports[-1].assessment.at

    # --- what chain and venue say, without the desk

    def balance(self, symbol):
        return self.chain.client.balance_of(symbol, self.chain.manifest.account("trader").address)

    @property
    def account(self):
        return self.venue.venue.state.accounts[DEV_MASTER_ADDRESS.lower()]

    def raw(self):
        """Return dollars, tokens, the chain's coin and lots, in atoms and lots."""
        position = self.account.positions.get("ETH")
        return {
            "usdc": self.balance("USDC") + self.account.usd[""],
            "ETH": self.balance("WETH"),
            "BTC": self.balance("WBTC"),
            "USDT": self.balance("USDT"),
            "coin": self.balance("ETH"),
            "lots": 0 if position is None else position.size,
        }


def total_of(report: ProfitReport):
    return next(each for each in report.sums if each.quote == "USDC")


def mark_of(report: ProfitReport, item):
    row = next(row for row in report.items if row.item == item)
    return Fraction(row.mark.quote_atoms, row.mark.base_atoms)


def gained_of(report, before, now):
    """Return what dollars, tokens and the position at the marks of a report come to more."""
    lots = now["lots"] * mark_of(report, PERP) * LOT
    assert lots == lots.__floor__(), "a lot at a mark is whole atoms"
    worth = now["usdc"] + int(lots)
    # What tokens were worth when they were first seen is told apart; nothing of them is dollars.
    for token in TOKENS:
        worth += now[token] * mark_of(report, token) // 1
        worth -= next(row.brought_atoms for row in report.items if row.item == token)
    return worth - before["usdc"]


@pytest.mark.parametrize("assessments", [4, pytest.param(20, marks=pytest.mark.soak)])
def test_profit_is_what_chain_and_venue_have_more_and_no_alarm_is_false(
    chain, tmp_path, capsys, assessments
):
    path = tmp_path / "headrace.toml"
    clock = ShiftedClock()

    async def rehearsed():
        async with (
            asyncio.timeout(DEADLINE_S),
            HyperliquidSandbox.start(SandboxConfig(), clock=clock.now_ms) as venue,
        ):
            config_of(path, chain, venue)
            keys = {
                AGENT_KEY_ENV: DEV_AGENT_KEY,
                CHAIN_KEY_ENV: chain.manifest.account("trader").private_key,
            }
            assembly = assemble(path, {**os.environ, **keys}, clock)
            rehearsal = Rehearsal(chain, venue)
            before = rehearsal.raw()
            async with open_desk(assembly, solver=InlineSolver()) as desk:
                rehearsal.desk = desk
                desk.runtime.watch_risk(rehearsal.look)
                listening = asyncio.create_task(rehearsal.listen())
                trading = asyncio.create_task(traded(rehearsal, clock))
                while not trading.done() or len(rehearsal.reports) < assessments:
                    await rehearsal.reports_after(1)
                await trading
                await rehearsal.reports_after(1)
                check(rehearsal, before, assessments)
                assert "alarm_raised" not in "".join(capsys.readouterr())
                await given(rehearsal, before)
                listening.cancel()
        return rehearsal

    asyncio.run(rehearsed())

    result = verify(tmp_path / "headrace.journal")
    assert result.fault is None, result.fault
    assert len(result.world.profit.transfers) == 2


async def traded(rehearsal, clock):
    """Trade until an hour has ended, and once after."""
    await rehearsal.trade("sell", "30", venues="hyperliquid")
    await rehearsal.trade("buy", "40")
    clock.leap(4)
    hour = clock.now() // (HOUR_S * NS_PER_S)
    sides = ["sell", "buy"]
    while clock.now() // (HOUR_S * NS_PER_S) == hour:
        await rehearsal.trade(sides[rehearsal.orders % 2], "10")
        await rehearsal.reports_after(1)  # the venue rations questions
    await rehearsal.trade("sell", "20")
    # Closed are a part of what was held on the chain at first, and a part of the short.
    await rehearsal.trade("sell", "5", venues="local")
    await rehearsal.trade("buy", "5", venues="hyperliquid")


def check(rehearsal, before, assessments):
    """Compare the last report with balances, and all that was told with what went on."""
    report, now = rehearsal.reports[-1].profit, rehearsal.raw()
    total, account = total_of(report), rehearsal.account
    perp = next(row for row in report.items if row.item == PERP)
    tokens = next(row for row in report.items if row.item == "ETH")
    assert perp.traded_atoms > 0, "the order used the book"
    assert tokens.traded_atoms > 0, "the order used pools"
    assert account.fundings, "an hour has ended"

    assert total.total_atoms + total.gas_atoms == gained_of(report, before, now)
    assert tokens.quantity_atoms == now["ETH"]
    assert perp.quantity_atoms == now["lots"] * LOT
    assert total.realised_atoms != 0
    assert total.funding_atoms == -sum(settled.paid for settled in account.fundings)
    assert total.funding_atoms != 0
    assert [g.native_atoms for g in report.gas] == [before["coin"] - now["coin"]]
    assert total.gas_atoms > 0

    # The venue's own equity is its cash and the position at its mark.
    snapshot = next(a for a in rehearsal.reports[-1].survey.observation.accounts if a.block is None)
    assert snapshot.equity_atoms == account.usd[""] + now["lots"] * mark_of(report, PERP) * LOT

    books = [event for event in rehearsal.told if isinstance(event, ReconciliationTold)]
    assert sum(event.is_compared for event in books) >= assessments
    causes = {found.cause for event in books for found in event.discrepancies}
    assert Cause.UNEXPLAINED not in causes
    assert all(check.agrees and check.off_atoms == 0 for event in books for check in event.equity)
    fills = [event.fill for event in rehearsal.told if isinstance(event, FillTold)]
    children = rehearsal.desk.runtime.world.children.values()
    booked = {fill.id for child in children for fill in child.fills}
    assert {fill.id for fill in fills} == booked
    assert len(fills) == len(booked), "each was told once"


async def given(rehearsal, before):
    """Let strangers pay in on the chain and at the venue: recognised, and no gain."""
    client = rehearsal.chain.client
    token = next(t for t in rehearsal.chain.manifest.tokens if t.symbol == "USDC")
    trader = rehearsal.chain.manifest.account("trader").address
    gained = total_of(rehearsal.reports[-1].profit).realised_atoms
    mint = abi.call("mint(address,uint256)", trader, 5_000 * 10**6)
    wait_for_receipt(client.rpc, client.submit(DEPLOYER, token.address, mint))
    rehearsal.venue.venue.deposit(DEV_MASTER_ADDRESS, 7_000 * 10**6)

    desk = rehearsal.desk
    while len(desk.runtime.world.profit.transfers) < 2:
        desk.runtime.post(HourStruck(rehearsal.now()))
        await rehearsal.reports_after(1)
    await rehearsal.reports_after(2)

    assert desk.runtime.world.halt_reason is None
    books = [event for event in rehearsal.told if isinstance(event, ReconciliationTold)]
    causes = {found.cause for event in books for found in event.discrepancies}
    assert Cause.UNEXPLAINED not in causes
    report = rehearsal.reports[-1].profit
    assert total_of(report).realised_atoms == gained
    assert {t.count for t in report.transfers} == {5_000 * 10**6, 7_000 * 10**6}
    await rehearsal.trade("sell", "3", venues="local")
    await rehearsal.reports_after(2)
    check_again(rehearsal, before)


def check_again(rehearsal, before):
    report = rehearsal.reports[-1].profit
    total = total_of(report)
    gained = gained_of(report, before, rehearsal.raw()) - 12_000 * 10**6
    assert total.total_atoms + total.gas_atoms == gained
