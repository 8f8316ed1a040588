"""One order over V2, V3, V4 and a route in one transaction, and somebody in front of it."""

import asyncio
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.recovery import verify
from router.compose.sandbox import sandboxes
from router.domain.error import NoRouteError
from router.domain.event import ChildSigned
from router.domain.instrument import InstrumentKind
from router.domain.order import OrderStatus
from router.domain.units import NATIVE
from router.domain.verdict import Refused
from router.journal.codec import decode_event
from router.optimiser.solve import solve
from router.shell.clock import SystemClock
from venues.sandbox.chain import SwapPath

REPOSITORY = Path(__file__).parents[3]
# Enough that the pair with reserves is worth its fee, too.
QUANTITY_ETH = 900
FRONT_RUN_USDC = 1_000_000 * 10**6


class InlineSolver:
    """Plans in this process."""

    async def solve(self, problem):
        try:
            return solve(problem)
        except NoRouteError as error:
            return Refused(error.reason, str(error))


class Ambush:
    """A journal that lets somebody trade first, once the first transaction is signed."""

    def __init__(self, journal, attack):
        self._journal = journal
        self._attack = attack
        self.attacked_count = 0

    @property
    def tip(self):
        return self._journal.tip

    def append(self, record):
        if not self.attacked_count and isinstance(decode_event(record.event), ChildSigned):
            self.attacked_count += 1
            self._attack()
        return self._journal.append(record)


@contextmanager
def configured(directory):
    template = (REPOSITORY / "configs" / "demo.toml").read_text()
    limits = template.replace('USDC = "2000000"', 'USDC = "5000000"')
    with sandboxes(directory / "sandboxes", seed=7, block_time_s=None) as running:
        config = directory / "headrace.toml"
        config.write_text(limits + running.tables())
        yield running, config


def holdings(chain):
    trader = chain.manifest.account("trader").address
    tokens = {s: chain.client.balance_of(s, trader) for s in ("WETH", "USDC", "USDT", "WBTC")}
    return tokens | {"coin": chain.client.balance_of("ETH", trader)}


async def work(running, config, attack):
    assembly = assemble(config, {**os.environ, **running.environment}, SystemClock())
    request = {
        "client_order_id": "hostile",
        "side": "buy",
        "quantity": str(QUANTITY_ETH),
        "base": "ETH",
        "quote": "USDC",
        "venues": "local",
    }
    ambush = []

    def wrap(journal):
        ambush.append(Ambush(journal, attack))
        return ambush[0]

    async with (
        asyncio.timeout(60),
        open_desk(assembly, wrap=wrap, solver=InlineSolver()) as desk,
    ):
        await desk.work(request, lambda _line: None)
    return ambush[0]


@pytest.fixture
def floor(tmp_path):
    with configured(tmp_path) as (running, config):
        yield running, config


def outcome(config):
    result = verify(config.parent / "headrace.journal")
    assert result.fault is None
    (parent,) = result.world.parents.values()
    children = [result.world.children[name] for name in parent.children]
    return result.world, parent, children


def test_a_split_over_three_families_and_a_route_is_one_transaction_that_pays_what_was_quoted(
    floor,
):
    running, config = floor
    before = holdings(running.chain)

    asyncio.run(work(running, config, lambda: None))

    world, parent, (child,) = outcome(config)
    families = {leg.instrument.protocol for leg in child.order.legs}
    kinds = {leg.instrument.kind for leg in child.order.legs}
    assert {"uniswap_v2", "uniswap_v3", "uniswap_v4"} <= families
    assert InstrumentKind.SPOT_ROUTE in kinds
    assert (parent.status, child.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    after = holdings(running.chain)
    moved = {key: after[key] - before[key] for key in before}
    assert moved["WETH"] == sum(leg.quantity.atoms for leg in child.order.legs)
    assert moved["WETH"] == QUANTITY_ETH * 10**18
    assert moved["USDC"] == -sum(leg.notional.atoms for leg in child.order.legs)
    assert moved["USDT"] == moved["WBTC"] == 0
    assert moved["coin"] == -child.gas.atoms
    assert world.reconciliation.differences == ()


def test_a_swap_in_front_costs_gas_and_nothing_else_and_the_order_is_planned_again(floor):
    running, config = floor
    path = SwapPath(("USDC", "WETH"), (500,))
    before = holdings(running.chain)

    def attack():
        running.chain.client.swap_as_other(path, amount_in_atoms=FRONT_RUN_USDC)

    ambush = asyncio.run(work(running, config, attack))

    assert ambush.attacked_count == 1
    world, parent, (first, second) = outcome(config)
    assert first.status is OrderStatus.REJECTED
    assert "reverted" in first.reason
    assert first.gas.atoms > 0
    assert first.fills == ()
    assert (parent.status, second.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert (second.order.round, second.order.nonce) == (2, first.order.nonce + 1)
    after = holdings(running.chain)
    moved = {key: after[key] - before[key] for key in before}
    assert moved["WETH"] == QUANTITY_ETH * 10**18
    assert moved["USDC"] == -sum(leg.notional.atoms for leg in second.order.legs)
    assert moved["coin"] == -first.gas.atoms - second.gas.atoms
    assert world.ledger.balances[first.order.account, NATIVE] == after["coin"]
