"""The pair of a fork in the place of the original's, which the router trades in: the whole desk.

A fork's pair has the same code and passes every check against the fork's own factory. But the
Universal Router trades in the pairs of the one factory it was made with.
"""

import asyncio
import os
from pathlib import Path

import pytest

from router import engine
from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.sandbox_tables import CHAIN, CHAIN_KEY_ENV, chain_table
from router.domain.command import RaiseAlarm
from router.domain.order import OrderStatus
from router.domain.units import NATIVE
from router.journal.codec import decode_event
from router.optimiser.solve import solve
from router.shell import store
from router.shell.clock import SystemClock
from router.state.world import World
from tests.integration.main_job.plain_node import PlainNode
from venues.sandbox.chain import abi, artifacts, start
from venues.sandbox.chain.sender import wait_for_receipt
from venues.sandbox.chain.uniswap_v2 import pair_address

REPOSITORY = Path(__file__).parents[3]
WITHIN_S = 25


@pytest.fixture
def chain():
    with start(families=True, block_time_s=None) as running:
        yield running


class InlineSolver:
    """Plans in this process."""

    async def solve(self, problem):
        return solve(problem)


def fork_of_v2(chain):
    """Deploy another V2 factory with a pair that has a hundredth of the original's reserves."""
    client, manifest = chain.client, chain.manifest
    other = manifest.account("other")

    def send(fields):
        envelope = {"from": other.address, "gas": hex(8_000_000)} | fields
        return wait_for_receipt(client.rpc, client.rpc.request("eth_sendTransaction", envelope))

    def call(to, signature, *arguments):
        send({"to": to, "data": abi.to_hex(abi.call(signature, *arguments))})

    code = artifacts.creation_code(artifacts.V2_FACTORY) + abi.encode(other.address)
    factory = send({"data": abi.to_hex(code)})["contractAddress"].lower()
    weth, usdc = (manifest.token(symbol).address for symbol in ("WETH", "USDC"))
    real = next(
        pool
        for pool in manifest.extra_pools
        if pool.family == "uniswap_v2" and {pool.token0, pool.token1} == {weth, usdc}
    )
    call(factory, "createPair(address,address)", real.token0, real.token1)
    pair = pair_address(factory, real.token0, real.token1)
    for token, atoms in zip((real.token0, real.token1), client.reserves(real), strict=True):
        call(token, "transfer(address,uint256)", pair, atoms // 100)
    call(pair, "mint(address)", other.address)
    client.mine(3)  # snapshots are of the block before the newest
    return factory, pair


def configured(directory, chain, *, ws_url):
    """Write a configuration whose only pool is the fork's."""
    factory, pair = fork_of_v2(chain)
    account = chain_table(chain.manifest).split(f"\n[chains.{CHAIN}.uniswap_")[0]
    text = (REPOSITORY / "configs" / "demo.toml").read_text() + account
    text += (
        f'\n[chains.{CHAIN}.uniswap_v2]\nfactory = "{factory}"\n\n'
        f'[[chains.{CHAIN}.uniswap_v2.pools]]\naddress = "{pair}"\nbase = "ETH"\nquote = "USDC"\n'
    )
    path = directory / "headrace.toml"
    path.write_text(text.replace(chain.manifest.ws_url, ws_url))
    return path


async def work(path, chain, names):
    """Let one desk work orders one after another."""
    key = chain.manifest.account("trader").private_key
    assembly = assemble(path, {**os.environ, CHAIN_KEY_ENV: key}, SystemClock())
    request = {"base": "ETH", "quote": "USDC", "side": "buy", "quantity": "0.1"}
    async with asyncio.timeout(WITHIN_S), open_desk(assembly, solver=InlineSolver()) as desk:
        for name in names:
            asked = request | {"client_order_id": name, "slippage_max_bps": "100"}
            await desk.work(asked, lambda _line: None)


def told(path):
    """Return the world that a journal adds up to, and the alarms on the way there."""
    world, alarms = World(), []
    for record in store.read(path.parent / "headrace.journal"):
        world, commands = engine.step(world, decode_event(record.event))
        alarms += [command.message for command in commands if isinstance(command, RaiseAlarm)]
    return world, alarms


def owned(chain, symbol="WETH"):
    return chain.client.balance_of(symbol, chain.manifest.account("trader").address)


def test_where_the_node_can_simulate_nothing_is_signed_and_the_pool_is_named(chain, tmp_path):
    path = configured(tmp_path, chain, ws_url=chain.manifest.ws_url)
    before = owned(chain), owned(chain, "ETH")

    asyncio.run(work(path, chain, ["one"]))

    world, alarms = told(path)
    (parent,) = world.parents.values()
    assert parent.status is OrderStatus.REJECTED
    reason = "would not trade what was planned: 0 swaps of ours in uniswap_v2:ETH/USDC:3000"
    assert all(reason in child.reason for child in world.children.values())
    assert reason in parent.reason
    assert all(child.attempts == () for child in world.children.values())
    assert (owned(chain), owned(chain, "ETH")) == before
    assert alarms == []


def test_where_it_cannot_the_desk_halts_after_one_transaction_and_names_it(chain, tmp_path):
    router = chain.manifest.contracts["universal_router"]
    before = owned(chain)

    async def scenario():
        async with PlainNode(chain.manifest.ws_url, contract=router) as node:
            path = configured(tmp_path, chain, ws_url=node.url)
            await work(path, chain, ["one", "two"])
            await work(path, chain, ["three"])
            assert node.refused_count == 1
            return path

    world, alarms = told(asyncio.run(scenario()))
    (child,) = world.children.values()
    assert child.status is OrderStatus.REJECTED
    assert child.fills == ()
    hash_of_ours = child.attempts[0].reference
    assert alarms.count(f"{child.order.id}: {child.reason}") == 1
    assert child.reason.startswith(f"{hash_of_ours} was mined, but its logs do not say what was")
    moved = owned(chain) - before
    assert moved > 0
    assert any(alarm.startswith("ETH of ") and f"off by {moved}" in alarm for alarm in alarms)
    assert world.ledger.balances[child.order.account, NATIVE] == owned(chain, "ETH")
    assert [parent.status for parent in world.parents.values()] == [OrderStatus.REJECTED] * 3
    assert all(parent.reason.startswith("halted: ") for parent in world.parents.values())
