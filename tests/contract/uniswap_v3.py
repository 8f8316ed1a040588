"""Uniswap V3 on a chain of its own: the published contracts on a local node, behind a relay."""

from contextlib import AsyncExitStack, asynccontextmanager

from router.domain.instrument import Asset
from router.domain.units import NS_PER_S, AssetId, Side
from router.liquidity import concentrated
from tests.contract.harness import (
    PAST_DEADLINE,
    HarnessClock,
    Holdings,
    leg,
    market_now,
    order,
)
from tests.contract.relay import Relay
from venues.registry import builder
from venues.sandbox.chain import SwapPath, start

ASSETS = {"ETH": 18, "BTC": 8, "USDC": 6}
TOKENS = {"ETH": "WETH", "BTC": "WBTC", "USDC": "USDC"}
KEY_ENV = "CHAIN_KEY"
FEES_PIPS = (500, 3000)  # of the two pools that a child uses
QUANTITIES_WEI = (10**18 + 7, 5 * 10**17 + 1)
TOLERANCE_PER_MILLE = 1
MARKET_MOVE_USDC = 1_000_000 * 10**6  # about half a percent in either pool
NO_BODIES = False
UNSUPPORTED = {
    "V-EXEC-110": "a transaction with bounds happens whole or not at all",
    "V-ACCT-30": "a spot account has neither positions nor margin",
    "V-ACCT-40": "a spot account pays and receives no funding",
}


class UniswapV3Harness:
    """Two pools of one pair carry every child; a third pool is only watched."""

    def __init__(self, chain, relay, stack):
        self.clock = HarnessClock()
        self._chain = chain
        self._relay = relay
        self._stack = stack
        self._children_count = 0
        setup = self._setup()
        self.venue = setup.venue
        self.approve = setup.approve
        self.instruments = setup.instruments
        self._pools = [
            next(i for i in setup.instruments if (i.base.id, i.fee_pips) == ("ETH", fee))
            for fee in FEES_PIPS
        ]
        self.traded = self._pools[0]
        self._trader = chain.manifest.account("trader").address

    def build(self):
        venue = self._setup().venue
        self._stack.push_async_callback(venue.close)
        return venue

    async def child(self, side):
        return await self._child(side, tolerance_per_mille=TOLERANCE_PER_MILLE)

    async def child_beyond_bound(self):
        return await self._child(Side.BUY, worse_atoms=1)

    async def child_beyond_depth(self):
        raise NotImplementedError(UNSUPPORTED["V-EXEC-110"])

    def move_market(self):
        for fee in FEES_PIPS:
            path = SwapPath(("USDC", "WETH"), (fee,))
            self._chain.client.swap_as_other(path, amount_in_atoms=MARKET_MOVE_USDC)

    def silence(self):
        self._relay.lose_answer_to("eth_sendRawTransaction")

    def cut(self):
        self._relay.cut()

    def mute(self, *, on):
        self._relay.is_muted = on

    async def vanish(self):
        await self._relay.stop()

    def pass_deadline(self, child):
        passed_ns = child.deadline_at - self.clock.now() + PAST_DEADLINE
        self.clock.ahead_ns += passed_ns
        self._chain.client.rpc.request("evm_increaseTime", passed_ns // NS_PER_S)
        self._chain.client.mine()

    def effects(self):
        answer = self._chain.client.rpc.request("eth_getTransactionCount", self._trader, "latest")
        return int(answer, 16)

    def holdings(self):
        base, quote = (self._chain.client.balance_of(s, self._trader) for s in ("WETH", "USDC"))
        return Holdings(base, quote)

    def truth(self):
        states = {p.address.lower(): p for p in self._chain.manifest.pools}
        found = {i.id: self._chain.client.pool_state(states[i.symbol]) for i in self.instruments}
        return {i: (s.sqrt_price_x96, s.tick, s.liquidity) for i, s in found.items()}

    def seen(self, view):
        return {i.id: (s.sqrt_price_x96, s.tick, s.liquidity) for i, s in view.pools()}

    def coin_atoms(self):
        return self._chain.client.balance_of("ETH", self._trader)

    def has_block(self, block_hash):
        block = self._chain.client.rpc.request("eth_getBlockByHash", block_hash, NO_BODIES)
        return block is not None

    def reorganise(self):
        self._chain.client.reorg(1)

    async def _child(self, side, *, tolerance_per_mille=0, worse_atoms=0):
        view = await market_now(self)
        account = await self.venue.read_account()
        self._children_count += 1
        sign = 1 if side is Side.BUY else -1
        legs = []
        for pool, quantity in zip(self._pools, QUANTITIES_WEI, strict=True):
            notional = _quote(view, pool, side, quantity, now=self.clock.now())
            slack = notional * tolerance_per_mille // 1000 - worse_atoms
            legs.append(
                leg(
                    pool,
                    side,
                    quantity_atoms=quantity,
                    notional_atoms=notional,
                    bound_atoms=notional + sign * slack,
                )
            )
        return order(self, legs, number=self._children_count, nonce=account.next_nonce)

    def _setup(self):
        manifest = self._chain.manifest
        return builder("uniswap_v3")(
            _table(manifest, self._relay.url),
            assets={name: Asset(AssetId(name), decimals) for name, decimals in ASSETS.items()},
            environment={KEY_ENV: manifest.account("trader").private_key},
            clock=self.clock,
        )


def _quote(view, instrument, side, quantity, *, now):
    snapshot = view.pool(instrument.id, now)
    pool = concentrated.Pool(
        fee_pips=snapshot.fee_pips,
        tick_spacing=snapshot.tick_spacing,
        sqrt_price_x96=snapshot.sqrt_price_x96,
        tick=snapshot.tick,
        liquidity=snapshot.liquidity,
        ticks=snapshot.ticks,
    )
    zero_for_one = (side is Side.SELL) == instrument.base_is_token0
    if side is Side.SELL:
        return concentrated.quote_exact_input(pool, quantity, zero_for_one=zero_for_one).amount_out
    return concentrated.quote_exact_output(pool, quantity, zero_for_one=zero_for_one).amount_in


def _table(manifest, ws_url):
    pools = [("ETH", fee) for fee in FEES_PIPS] + [("BTC", 3000)]
    return {
        "chain_id": manifest.chain_id,
        "ws_url": ws_url,
        "account": manifest.account("trader").address,
        "signing_key_env": KEY_ENV,
        "universal_router": manifest.contracts["universal_router"],
        "permit2": manifest.contracts["permit2"],
        "multicall": manifest.contracts["multicall3"],
        "native_asset": "ETH",
        "fee_cap_gwei": 200,
        "request_timeout_ms": 1500,
        "receipt_timeout_ms": 3000,
        "silence_max_ms": 4000,
        "tokens": {name: manifest.token(symbol).address for name, symbol in TOKENS.items()},
        "pools": [
            {
                "address": manifest.pool(TOKENS[base], "USDC", fee).address,
                "base": base,
                "quote": "USDC",
                "fee_pips": fee,
            }
            for base, fee in pools
        ],
    }


@asynccontextmanager
async def uniswap_v3():
    async with AsyncExitStack() as stack:
        chain = stack.enter_context(start())
        relay = Relay(chain.manifest.ws_url)
        await relay.start()
        stack.push_async_callback(relay.stop)
        harness = UniswapV3Harness(chain, relay, stack)
        stack.push_async_callback(harness.venue.close)
        await harness.venue.start()
        yield harness
