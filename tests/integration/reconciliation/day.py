"""A desk at both sandboxes, and strangers who use the same accounts by other ways."""

import asyncio
import os
import tomllib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from router.compose.assembly import assemble
from router.compose.desk import open_desk
from router.compose.sandbox_tables import AGENT_KEY_ENV, CHAIN_KEY_ENV, chain_table, venue_table
from router.domain.event import AccountsObserved, HourStruck
from router.domain.order import OrderStatus
from router.domain.units import TimestampNs
from router.shell.clock import SystemClock
from tests.integration.desk.desk_scene import InlineSolver
from venues.hyperliquid import wire
from venues.hyperliquid.master import MasterSigner
from venues.sandbox.chain import abi
from venues.sandbox.chain.accounts import TRADER
from venues.sandbox.chain.sender import wait_for_receipt
from venues.sandbox.hyperliquid import DEV_AGENT_KEY, DEV_MASTER_ADDRESS, HyperliquidSandbox
from venues.sandbox.hyperliquid.config import DEV_MASTER_KEY

REPOSITORY = Path(__file__).parents[3]
LOOKS_MAX = 40
ETH_ASSET = 1
LOOK_APART_NS = 2_500_000_000  # the desk's own pause between looks, and between mass questions


class Clock(SystemClock):
    """The real clock, which a test may put forward."""

    def __init__(self):
        self.ahead_ns = 0

    def now(self):
        return TimestampNs(super().now() + self.ahead_ns)

    def now_ms(self):
        return self.now() // 1_000_000


class Owner:
    """Somebody who has the perp account's own key, and knows nothing of the desk."""

    def __init__(self, sandbox, clock):
        self._sandbox = sandbox
        self._clock = clock
        self._signer = MasterSigner(DEV_MASTER_KEY, is_mainnet=False)
        self._nonce = 0

    @property
    def address(self):
        return DEV_MASTER_ADDRESS

    @property
    def account(self):
        return self._sandbox.venue.accounts[DEV_MASTER_ADDRESS]

    def order(self, *, is_buy, price, size, tif="Ioc", reduces=False):
        """Send an order, and return what the venue says to it."""
        wanted = {
            "a": ETH_ASSET,
            "b": is_buy,
            "p": price,
            "s": size,
            "r": reduces,
            "t": {"limit": {"tif": tif}},
        }
        return self._act({"type": "order", "orders": [wanted], "grouping": "na"})

    def cancel(self, oid):
        self._act({"type": "cancel", "cancels": [{"a": ETH_ASSET, "o": oid}]})

    def ask(self, make, **fields):
        """Send a request that only the account's own key may make."""
        nonce = self._next()
        asked = make(nonce=nonce, **fields)
        signature = self._signer.sign(asked).as_wire()
        self._send(asked.as_action(is_mainnet=False), signature, nonce)

    def _act(self, action):
        nonce = self._next()
        signature = self._signer.sign_action(action, nonce=nonce).as_wire()
        return self._send(action, signature, nonce)

    def _next(self):
        self._nonce = max(self._nonce + 1, self._clock.now_ms())
        return self._nonce

    def _send(self, action, signature, nonce):
        body = wire.envelope(action, signature, nonce=nonce, expires_after_ms=None)
        answer = self._sandbox.venue.exchange(orjson.loads(body))
        assert answer["status"] == "ok", answer
        assert "error" not in orjson.dumps(answer).decode(), answer
        self._sandbox.publish()
        return answer


@dataclass
class Day:
    """What is planted in, and what the desk says of it."""

    chain: object
    sandbox: object
    owner: Owner
    clock: Clock
    desk: object = None
    told: set = field(default_factory=set)  # the kinds somebody was told of
    looks: int = 0
    _known: set = field(default_factory=set)
    orders: int = 0
    unmoved: int = 0  # the block before the newest order on the chain
    foreign: int = 0  # the venue's id of a stranger's order
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def world(self):
        return self.desk.runtime.world

    @property
    def client(self):
        return self.chain.client

    @property
    def halting(self):
        """The kinds of what halts, each once."""
        found = self.world.reconciliation
        return set() if found is None else {str(each.kind) for each in found.differences}

    def hear(self, event, world):
        if isinstance(event, AccountsObserved):
            self.looks += 1
            noted = [each for account in world.noted.values() for each in account.items()]
            there = {identity for identity, how in noted if how.is_told}
            self.told |= {str(kind) for _, kind, *_ in there - self._known}
            self._known = there
            self._more.set()

    async def look(self):
        """Have the engine look at the accounts, from now on."""
        wanted = self.looks + 1 + self.world.is_looking
        while self.looks < wanted:
            self._more.clear()
            if not self.world.is_looking:
                self.clock.ahead_ns += LOOK_APART_NS
                self.desk.runtime.post(HourStruck(self.clock.now()))
            await self._more.wait()

    async def until(self, is_so):
        """Look until it is so; a venue's own lists may come a moment later."""
        for _ in range(LOOKS_MAX):
            if is_so():
                return
            await self.look()
        raise AssertionError(f"halting: {self.halting}, told: {self.told}")

    async def trade(self, side, quantity, **more):
        """Take one order to its end, and return how it ended."""
        self.orders += 1
        asked = {"base": "ETH", "quote": "USDC", "client_order_id": f"order-{self.orders}"}
        return await self.desk.work(
            asked | {"side": side, "quantity": quantity} | more, lambda _line: None
        )

    async def traded(self, side, quantity, **more):
        if more.get("venues") == "local":
            self.unmoved = await asyncio.to_thread(self.client.block_number)
        done = await self.trade(side, quantity, **more)
        assert done.status is OrderStatus.FILLED, done.reason

    def leap_an_hour(self):
        """Put the clock of the desk and of the venue to just after the next hour."""
        left_ns = -self.clock.now() % (3_600 * 10**9)
        self.clock.ahead_ns += left_ns + 5 * 10**9
        self.sandbox.venue.advance()
        self.sandbox.publish()

    # --- the chain, by other ways

    def reorganise(self):
        """Void the newest order's blocks, and none before; the chain is as long as before."""
        self.client.reorg(self.client.block_number() - self.unmoved)

    @property
    def token(self):
        return self.client.manifest.token("USDC")

    def send(self, account, to, data, *, value=0):
        wait_for_receipt(self.client.rpc, self.client.submit(account, to, data, value_wei=value))

    def move_tokens(self, sender, receiver, atoms):
        data = abi.call("transfer(address,uint256)", receiver.address, atoms)
        self.send(sender, self.token.address, data)

    def shift_coin(self, wei):
        held = int(self.client.rpc.request("eth_getBalance", TRADER.address, "latest"), 16)
        self.client.rpc.request("anvil_setBalance", TRADER.address, hex(held + wei))
        self.client.mine()

    def shift_token(self, atoms):
        """Write another balance into the token, so that no log tells of it."""
        rpc, token = self.client.rpc, self.token.address
        wanted = self.client.balance_of("USDC", TRADER.address) + atoms
        for slot in range(12):
            place = abi.keccak(int(TRADER.address, 16).to_bytes(32) + slot.to_bytes(32))
            key = "0x" + place.hex()
            before = rpc.request("eth_getStorageAt", token, key, "latest")
            rpc.request("anvil_setStorageAt", token, key, "0x" + wanted.to_bytes(32).hex())
            if self.client.balance_of("USDC", TRADER.address) == wanted:
                self.client.mine()
                return
            rpc.request("anvil_setStorageAt", token, key, before)
        raise AssertionError("the token keeps its balances elsewhere")


def write(path, chain, sandbox):
    demo = (REPOSITORY / "configs" / "demo.toml").read_text()
    demo = demo.replace("[stress]\nenabled = true", "[stress]\nenabled = false")
    text = demo + chain_table(chain.manifest) + venue_table(sandbox.manifest())
    tomllib.loads(text)
    path.write_text(text)


@asynccontextmanager
async def opened(day, path):
    """Run the desk on its journal until the block is left."""
    keys = {AGENT_KEY_ENV: DEV_AGENT_KEY, CHAIN_KEY_ENV: TRADER.private_key}
    assembly = assemble(path, {**os.environ, **keys}, day.clock)
    async with open_desk(assembly, solver=InlineSolver()) as desk:
        day.desk, day.looks = desk, 0
        day.told.clear()
        desk.runtime.watch(day.hear)
        await day.until(lambda: day.world.is_ready)
        yield


@asynccontextmanager
async def rehearsal(chain, path, *, within_s):
    """Run a venue beside the chain, and configure a desk at both."""
    clock = Clock()
    async with (
        asyncio.timeout(within_s),
        HyperliquidSandbox.start(clock=clock.now_ms) as sandbox,
    ):
        write(path, chain, sandbox)
        yield Day(chain, sandbox, Owner(sandbox, clock), clock)
