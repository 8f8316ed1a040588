"""One key's payments on the prepared chain: children, calls, heads, and what came of them.

A payment is a transfer of a token to an address of its own, so that its effect can be counted on
the chain: no two payments look alike there.
"""

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from router.domain.error import InDoubtError, VenueError
from router.domain.order import TERMINAL, ChildOrder, Fill, SignedChild
from router.domain.units import NS_PER_S, Amount, Side
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.pools.family import TokenContract
from venues.evm.routers.calldata import Execution
from venues.evm.spec import ChainConfig, DataFee, RouterVersion
from venues.evm.transactions.executor import Executor
from venues.evm.transactions.transaction import (
    Body,
    GasTerms,
    SignedTransaction,
    read_body,
    sign_body,
)
from venues.evm.words.key import SigningKey
from venues.sandbox.chain import abi

S = NS_PER_S
GWEI = 10**9
ACCOUNT = "evm:local:trader"
TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
PAYEES_FROM = 0x1000_0000
ROUNDS_MAX = 200


class SystemClock:
    def now(self):
        return time.time_ns()

    async def sleep(self, duration):
        await asyncio.sleep(duration / S)


def config(manifest, **changes):
    trader = manifest.account("trader")
    usdc = manifest.token("USDC")
    fields = {
        "venue": "local",
        "chain_id": manifest.chain_id,
        "ws_urls": (manifest.ws_url,),
        "relay_urls": (),
        "account": ACCOUNT,
        "address": trader.address.lower(),
        "signing_key": trader.private_key,
        "routers": {"universal_router": manifest.contracts["universal_router"].lower()},
        "router_version": RouterVersion.V2_0,
        "permit2": manifest.contracts["permit2"].lower(),
        "multicall": manifest.contracts["multicall3"].lower(),
        "tokens": {"USDC": TokenContract(usdc.address.lower(), usdc.decimals)},
        "native": "ETH",
        "pools": (),
        "fee_cap_wei": 500 * GWEI,
        "confirmations": 1,
        "replace_after_blocks": 3,
        "replacements_max": 2,
        "in_flight_max": 16,
        "data_fee": DataFee.NONE,
        "request_timeout": 3 * S,
        "receipt_timeout": S // 2,
        "silence_max": 20 * S,
        "head_lag_max": 3,
    }
    return ChainConfig(**(fields | changes))


def payee(number):
    return f"0x{PAYEES_FROM + number:040x}"


def payment(manifest, number, *, atoms=1):
    """Return the call that pays somebody whom no other payment pays."""
    data = abi.call("transfer(address,uint256)", payee(number), atoms)
    return Execution(manifest.token("USDC").address.lower(), 0, data, deadline_s=2**40)


def order(number, nonce, *, deadline_s):
    return ChildOrder(
        id=f"c-{number}",
        parent=f"p-{number}",
        venue="local",
        account=ACCOUNT,
        side=Side.SELL,
        legs=(),
        nonce=nonce,
        deadline_at=deadline_s * S,
        round=1,
        stage=1,
    )


def paid_in(child):
    """Return a decoder that reads a payment out of its receipt, as fills are read from swaps."""

    def decode(receipt, at_venue):
        (log,) = [log for log in receipt.logs if log.topics[0] == TRANSFER_TOPIC]
        atoms = int.from_bytes(log.data, "big")
        name = f"{receipt.hash}:{log.index}"
        paid, nothing = Amount("USDC", atoms), Amount("USDC", 0)
        return (Fill(name, child.id, "payment", paid, paid, nothing, at_venue),)

    return decode


@dataclass
class Heads:
    """Tells of a new head, as a stream does."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self):
        return self.event

    def tell(self):
        told, self.event = self.event, asyncio.Event()
        told.set()


@dataclass
class Desk:
    """An executor on a chain that makes blocks when told to."""

    chain: object
    config: ChainConfig
    endpoints: Endpoints
    executor: Executor
    heads: Heads = field(default_factory=Heads)

    @property
    def rpc(self):
        return self.chain.client.rpc

    @property
    def trader(self):
        return self.config.address

    def mine(self, count=1):
        self.chain.client.mine(count)
        self.heads.tell()

    def mine_at(self, base_fee_wei, count=1):
        """Make blocks of a base fee that otherwise would fall."""
        for _ in range(count):
            self.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(base_fee_wei))
            self.mine()

    def reorg(self, depth):
        self.chain.client.reorg(depth)
        self.heads.tell()

    def drop(self, signed):
        self.rpc.request("anvil_dropTransaction", signed.reference)

    def nonce(self):
        return int(self.rpc.request("eth_getTransactionCount", self.trader, "latest"), 16)

    def child(self, number, *, nonce=None, lifetime_s=3600):
        now_s = int(self.chain.client.header()["timestamp"], 16)
        used = self.nonce() if nonce is None else nonce
        return order(number, used, deadline_s=now_s + lifetime_s)

    async def sign(self, child, *, atoms=1):
        number = int(child.id.removeprefix("c-"))
        return await self.executor.sign(child, payment(self.chain.manifest, number, atoms=atoms))

    async def sent(self, child, *, atoms=1):
        signed = await self.sign(child, atoms=atoms)
        await self.executor.submit(child, signed)
        return signed

    async def resolve(self, child, *attempts):
        return await self.executor.resolve(
            child, attempts, decode=paid_in(child), next_head=self.heads.next
        )

    async def replaced(self, child, attempts, replacement):
        signed = await self.executor.replace(child, tuple(attempts), replacement)
        await self.executor.submit(child, signed)
        return signed

    async def finished(self, child, attempts, *, at_each=None):
        """Do as an engine does until the child has ended; mine a block at each step."""
        attempts, story = list(attempts), []
        for _ in range(ROUNDS_MAX):
            try:
                resolution = await self.resolve(child, *attempts)
            except InDoubtError as error:
                story.append(error)
                continue
            story.append(resolution)
            if resolution.status in TERMINAL:
                return resolution, attempts, story
            if resolution.wanted is not None:
                try:
                    attempts.append(
                        await self.executor.replace(child, tuple(attempts), resolution.wanted)
                    )
                    await self.executor.submit(child, attempts[-1])
                except VenueError as error:
                    story.append(error)
            (at_each or self.mine)()
        raise AssertionError(f"no end after {ROUNDS_MAX} rounds: {story[-3:]}")

    def paid(self, number):
        """Return what a payee has."""
        token = self.chain.manifest.token("USDC").address
        return self.chain.client.call(token, abi.call("balanceOf(address)", payee(number)))[0]


def stranger_signs(desk, nonce, *, price_gwei=100):
    """Sign a transaction of the desk's own key that the desk does not know."""
    body = Body(
        chain_id=desk.config.chain_id,
        nonce=nonce,
        to="0x" + "77" * 20,
        value_wei=1,
        data=b"",
        gas=GasTerms(21_000, price_gwei * GWEI, 2 * GWEI),
    )
    return sign_body(SigningKey(desk.config.signing_key), body)


def body_of(signed: SignedChild):
    return read_body(SignedTransaction(signed.payload, signed.reference))


@asynccontextmanager
async def desk_on(chain, **changes):
    """Give a desk on a chain that makes blocks only when told to."""
    chain.client.set_automine(on=False)
    configured = config(chain.manifest, **changes)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        endpoints = Endpoints(configured, clock)
        stack.push_async_callback(endpoints.close)
        key = SigningKey(configured.signing_key)
        executor = Executor(configured, endpoints, clock, key)
        stack.push_async_callback(executor.close)
        yield Desk(chain, configured, endpoints, executor)
