"""A desk between a chain and a perp venue on which others trade and prices drift."""

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp

from router.compose.assembly import assemble
from router.compose.desk import Desk, open_desk
from router.compose.recovery import verify
from router.compose.sandbox_tables import AGENT_KEY_ENV, CHAIN_KEY_ENV, chain_table, venue_table
from router.domain.error import NoRouteError
from router.domain.units import Amount
from router.domain.verdict import Refused
from router.optimiser.schedule import solve_schedule
from router.optimiser.solve import solve
from router.shell.clock import SystemClock
from venues.sandbox.chain import RunningChain, SwapPath
from venues.sandbox.hyperliquid import DEV_MASTER_ADDRESS, ETH, FundedAccount, SandboxConfig
from venues.sandbox.hyperliquid.config import LimitConfig, SceneConfig
from venues.sandbox.hyperliquid.ledger.account import Account
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.order import Stamp
from venues.sandbox.hyperliquid.scene.taker import take
from venues.sandbox.hyperliquid.service.server import HyperliquidSandbox

REPOSITORY = Path(__file__).parents[3]
STRANGER = "0x" + "5e" * 20
CALM = SceneConfig(noise_per_minute=120, volatility_percent_year=100)
SWAP_TOPIC = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
LOOK_EVERY_S, LOOKS_MAX = 0.02, 1_000
ETHER = 10**18
CROWD_EVERY_S = 0.25
# Of every four swaps three buy: the pools' price goes up.
DRIFT = (6_000, 6_000, -4_000, 6_000)  # dollars


class BesideSolver:
    """Plans in this process, beside what moves on meanwhile."""

    async def solve(self, problem):
        return await asyncio.to_thread(_solved, problem)

    async def solve_schedule(self, problem):
        return await asyncio.to_thread(solve_schedule, problem)


def _solved(problem):
    try:
        return solve(problem)
    except NoRouteError as error:
        return Refused(error.reason, str(error))


@dataclass
class Market:
    """The counterparties, and the desk between them."""

    chain: RunningChain
    venue: HyperliquidSandbox
    desk: Desk
    path: Path
    told: list

    async def work(self, **request):
        asked = {"client_order_id": "one", "base": "ETH", "quote": "USDC", "side": "buy"} | request
        return await self.desk.work(asked, self.told.append)

    # What the venue itself says.

    def mine(self) -> Account:
        return self.venue.venue.accounts[DEV_MASTER_ADDRESS]

    def resting(self):
        return list(self.mine().open_orders.values())

    async def until(self, holds):
        """Wait until something holds of the venue, looking whenever it had time to do more."""
        for _ in range(LOOKS_MAX):
            if holds():
                return
            await asyncio.sleep(LOOK_EVERY_S)
        raise AssertionError("it never came to that")

    async def direct(self, command, **words):
        """Have the venue do what its users cannot."""
        body = {"command": command, "coin": "ETH", **words}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.venue.url}/sandbox", json=body) as answer,
        ):
            assert answer.status == HTTPStatus.OK, await answer.text()

    def stranger_trades(self, dollars):
        """Let somebody else buy (positive) or sell at the touch."""
        state = self.venue.venue.state
        stamp = Stamp(self.venue.venue.advance(), "0x" + "00" * 32)
        take(
            self.venue.venue.matching,
            state.account(STRANGER),
            state.markets["ETH"],
            signed_notional=dollars * MICRO,
            stamp=stamp,
        )
        self.venue.publish()

    # What has been traded, in atoms of ether, by anybody.

    def traded_at_the_venue(self):
        tape = self.venue.venue.markets["ETH"].tape
        candles = tape.candles("1M", start_ms=0, end_ms=self.venue.clock())
        return sum(c.volume for c in candles) * 10 ** (18 - ETH.size_decimals)

    async def traded_in_pools(self, since_block):
        tokens = {t.symbol: t.address.lower() for t in self.chain.manifest.tokens}
        pair = {tokens["WETH"], tokens["USDC"]}
        pools = {
            p.address.lower(): p.token0.lower() == tokens["WETH"]
            for p in self.chain.manifest.pools
            if {p.token0.lower(), p.token1.lower()} == pair
        }
        wanted = {
            "fromBlock": hex(since_block + 1),
            "toBlock": "latest",
            "address": list(pools),
            "topics": [SWAP_TOPIC],
        }
        logs = await asyncio.to_thread(self.chain.client.rpc.request, "eth_getLogs", wanted)
        return sum(abs(_signed(log, 0 if pools[log["address"].lower()] else 1)) for log in logs)

    async def block_number(self):
        return await asyncio.to_thread(self.chain.client.block_number)


def _signed(log, index):
    raw = bytes.fromhex(log["data"][2:])[32 * index : 32 * index + 32]
    return int.from_bytes(raw, "big", signed=True)


@asynccontextmanager
async def market(directory, chain, *, scene=CALM):
    """Open the desk; on the chain others trade, up and down but more up."""
    config = SandboxConfig(
        accounts=(
            FundedAccount(DEV_MASTER_ADDRESS, 2_000_000 * MICRO),
            FundedAccount(STRANGER, 2_000_000 * MICRO),
        ),
        scene=scene,
        limits=LimitConfig(by_ip=False),
    )
    async with HyperliquidSandbox.start(config) as venue:
        path = _configured(directory, chain, venue)
        environment = {
            **os.environ,
            CHAIN_KEY_ENV: chain.manifest.account("trader").private_key,
            AGENT_KEY_ENV: venue.manifest()["agent_key"],
        }
        assembly = assemble(path, environment, SystemClock())
        for setup in assembly.setups:
            if setup.venue.id != "hyperliquid":
                for asset, atoms in (("ETH", 10**22), ("USDC", 10**14)):
                    await setup.approve(Amount(asset, atoms))
        async with open_desk(assembly, solver=BesideSolver()) as desk:
            made = Market(chain, venue, desk, path, [])
            # Streams, solver and accounts are there once something small has traded.
            await made.work(client_order_id="first", quantity="0.1", venues="uniswap_v3")
            others = asyncio.create_task(_crowd(chain))
            try:
                yield made
            finally:
                others.cancel()
                await asyncio.wait([others])


def _configured(directory, chain, venue):
    text = (REPOSITORY / "configs" / "demo.toml").read_text()
    path = directory / "headrace.toml"
    path.write_text(text + chain_table(chain.manifest) + venue_table(venue.manifest()))
    return path


async def _crowd(chain):
    while True:
        for dollars in DRIFT:
            path = SwapPath(("USDC", "WETH") if dollars > 0 else ("WETH", "USDC"), (500,))
            atoms = dollars * 10**6 if dollars > 0 else -dollars * ETHER // 3_000
            await asyncio.to_thread(chain.client.submit_swap_as_other, path, amount_in_atoms=atoms)
            await asyncio.sleep(CROWD_EVERY_S)


def came_of(made):
    """Return the order and its children, as the journal alone tells them."""
    result = verify(made.path.parent / "headrace.journal")
    assert result.fault is None, result.fault
    world = result.world
    (parent,) = (p for p in world.parents.values() if p.order.client_order_id == "one")
    return parent, world.children_of(parent.order.id)


def filled(children):
    return sum(f.quantity.atoms for c in children for f in c.fills)
