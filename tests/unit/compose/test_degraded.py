"""A desk without a journal says what is wrong with it, and takes nothing."""

import asyncio
from dataclasses import dataclass, field

import pytest

from router.compose.degraded import Degraded
from router.compose.keeper import Keeper
from router.domain.error import OrderError
from router.shell.switchboard import Switchboard
from tests.unit.engine.scene import ETH, USDC, Driver, order
from tests.unit.shell.floor import Floor, JumpClock

REASON = "the journal cannot be written: disk full; make room"


@dataclass
class Config:
    journal: object
    assets: dict = field(default_factory=lambda: {"ETH": ETH, "USDC": USDC})


@dataclass
class Parts:
    config: Config
    clock: JumpClock = field(default_factory=JumpClock)
    venues: dict = field(default_factory=dict)
    instruments: tuple = ()

    def reader(self):
        return Floor().reader


def degraded(tmp_path, world):
    parts = Parts(Config(tmp_path / "a.journal"))
    board = Switchboard(parts.clock)
    return Degraded(parts, world, journal_id="journal", switchboard=board, reason=REASON)


def waiting():
    driver = Driver()
    driver.start()
    driver.submit(order())
    return driver.world


@pytest.mark.parametrize("do", ["order", "basket", "amend", "reload", "nobody does this"])
def test_what_would_have_to_be_recorded_is_refused_with_the_reason(tmp_path, do):
    desk = degraded(tmp_path, waiting())

    with pytest.raises(OrderError, match="disk full; make room"):
        asyncio.run(desk.answer({"do": do}))


def test_orders_are_told_as_they_were(tmp_path):
    told = asyncio.run(degraded(tmp_path, waiting()).answer({"do": "orders"}))

    assert order().client_order_id.encode() in told


def test_a_keeper_that_has_nothing_open_asks_to_be_asked_again(tmp_path):
    keeper = Keeper(Parts(Config(tmp_path / "a.journal")), {})

    with pytest.raises(OrderError, match="in a moment"):
        asyncio.run(keeper.answer({"do": "orders"}, print))
