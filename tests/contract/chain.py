"""A chain account with the pools of one family: published contracts on a node, behind a relay."""

from contextlib import AsyncExitStack, asynccontextmanager

from router.domain.instrument import Asset
from router.domain.market import ReservesSnapshot
from router.domain.units import NS_PER_S, AssetId, Side
from router.liquidity.pool import pool_of, swap
from tests.contract.harness import (
    PAST_DEADLINE,
    HarnessClock,
    Holdings,
    leg,
    market_now,
    order,
)
from tests.contract.pool_families import FAMILIES, SYMBOLS
from tests.contract.relay import Relay
from venues import registry
from venues.evm import settings
from venues.sandbox.chain import abi
from venues.sandbox.chain.sender import wait_for_receipt

CHAIN = "local"
DECIMALS = {"ETH": 18, "BTC": 8, "USDC": 6, "USDT": 6}
KEY_ENV = "CHAIN_KEY"
QUANTITIES_WEI = (10**18 + 7, 5 * 10**17 + 1)  # of a child's legs, as many as there are pools
TOLERANCE_PER_MILLE = 1
MARKET_MOVE_USDC = 500_000 * 10**6  # well beyond the tolerance in any pool, and he can pay it again
OTHER_FEE_PIPS = 1_234
GWEI = 10**9
BASE_FEE_WEI, HIGH_BASE_FEE_WEI = GWEI, 20 * GWEI
ALLOWANCE_ATOMS = 1 << 128
BODIES, NO_BODIES = True, False


class ChainHarness:
    """Pools of one pair carry every child, a leg each; the others are only watched."""

    def __init__(self, family, chain, *, relay, stack):
        self.clock = HarnessClock()
        self._family = family
        self._chain = chain
        self._client = chain.client
        self._relay = relay
        self._stack = stack
        self._children_count = 0
        self._first_block = self._client.block_number() + 1
        setup = self._setup()
        self.venue = setup.venue
        self.approve = setup.approve
        self.instruments = setup.instruments
        self._entries = dict(
            zip((i.id for i in self.instruments), family.entries(chain.manifest), strict=True)
        )
        self._pools = self.instruments[: len(family.traded)]
        self.traded = self._pools[0]
        self._trader = chain.manifest.account("trader").address

    def build(self):
        return self._closed_later(self._setup()).venue

    def build_mistaken(self):
        return self._closed_later(self._setup(is_mistaken=True))

    async def child(self, side):
        return await self._child(side, tolerance_per_mille=TOLERANCE_PER_MILLE)

    async def child_beyond_bound(self):
        return await self._child(Side.BUY, worse_atoms=1)

    async def child_beyond_depth(self):
        raise NotImplementedError(self._family.unsupported["V-EXEC-110"])

    def move_market(self):
        for pool in self._pools:
            errand = self._client.other.swap(
                self._entries[pool.id],
                zero_for_one=not pool.base_is_token0,
                amount_specified=MARKET_MOVE_USDC,
            )
            self._client.run_as_other(errand)

    async def transfer(self, atoms):
        manifest = self._chain.manifest
        trader, other = (manifest.account(name) for name in ("trader", "other"))
        sender, receiver = (other, trader) if atoms > 0 else (trader, other)
        data = abi.call("transfer(address,uint256)", receiver.address, abs(atoms))
        sent = self._client.submit(sender, manifest.token("USDC").address, data)
        wait_for_receipt(self._client.rpc, sent)

    def change_fee(self):
        entry = self._family.entry(self._chain.manifest, self._family.fee_changes_in)
        self._client.set_fee(entry, OTHER_FEE_PIPS)
        self._client.mine()

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
        self._client.rpc.request("evm_increaseTime", passed_ns // NS_PER_S)
        self._client.mine()

    def effects(self):
        head = self._client.block_number()
        return sum(self._effects_in(number) for number in range(self._first_block, head + 1))

    def holdings(self):
        base, quote = (self._client.balance_of(s, self._trader) for s in ("WETH", "USDC"))
        return Holdings(base, quote)

    def truth(self):
        return {i: self._state(entry) for i, entry in self._entries.items()}

    def seen(self, view):
        return {i.id: _told(snapshot) for i, snapshot in view.pools()}

    def coin_atoms(self):
        return self._client.balance_of("ETH", self._trader)

    def nonces_used(self):
        answer = self._client.rpc.request("eth_getTransactionCount", self._trader, "latest")
        return int(answer, 16)

    def has_block(self, block_hash):
        block = self._client.rpc.request("eth_getBlockByHash", block_hash, NO_BODIES)
        return block is not None

    def reorganise(self):
        self._client.reorg(1)

    def hold_blocks(self):
        self._client.set_automine(on=False)

    def make_block(self, *, is_expensive=False):
        fee = HIGH_BASE_FEE_WEI if is_expensive else BASE_FEE_WEI
        self._client.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(fee))
        self._client.mine()

    def _effects_in(self, number):
        block = self._client.rpc.request("eth_getBlockByNumber", hex(number), BODIES)
        routers = {a.lower() for a in self._family.routers(self._chain.manifest).values()}
        ours = [
            each["hash"]
            for each in block["transactions"]
            if each["from"].lower() == self._trader.lower()
            and (each["to"] or "").lower() in routers
        ]
        receipts = [self._client.rpc.request("eth_getTransactionReceipt", each) for each in ours]
        return sum(int(receipt["status"], 16) for receipt in receipts)

    def _state(self, entry):
        if entry.family == "uniswap_v2":
            return self._client.reserves(entry), entry.fee_pips
        state = self._client.pool_state(entry)
        return (state.sqrt_price_x96, state.tick, state.liquidity), self._fee(entry)

    def _fee(self, entry):
        if entry.family == "uniswap_v4":
            view = self._chain.manifest.contracts["v4_state_view"]
            slot0 = abi.call("getSlot0(bytes32)", int(entry.pool_id, 16))
            return self._client.call(view, slot0)[3]
        return self._client.call(entry.address, abi.call("fee()"))[0]

    async def _child(self, side, *, tolerance_per_mille=0, worse_atoms=0):
        view = await market_now(self)
        account = await self.venue.read_account()
        self._children_count += 1
        sign = 1 if side is Side.BUY else -1
        legs = []
        for pool, quantity in zip(self._pools, QUANTITIES_WEI, strict=False):
            notional = _quote(view.pool(pool.id, self.clock.now()), pool, side, quantity)
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

    def _closed_later(self, setup):
        self._stack.push_async_callback(setup.venue.close)
        return setup

    def _setup(self, *, is_mistaken=False):
        manifest, name = self._chain.manifest, self._family.name
        assets = {each: Asset(AssetId(each), decimals) for each, decimals in DECIMALS.items()}
        table = settings.read_table(CHAIN, self._table(), assets=assets)
        family = registry.family(name)
        pools = family.configured(
            self._family.table(manifest, is_mistaken=is_mistaken), table.facts
        )
        return settings.build(
            table,
            pools,
            families={name: family},
            environment={KEY_ENV: manifest.account("trader").private_key},
            clock=self.clock,
        )

    def _table(self):
        manifest = self._chain.manifest
        return {
            "chain_id": manifest.chain_id,
            "ws_urls": [self._relay.url],
            "account": manifest.account("trader").address,
            "signing_key_env": KEY_ENV,
            "routers": self._family.routers(manifest),
            "router_version": "2.0",
            "permit2": manifest.contracts["permit2"],
            "multicall": manifest.contracts["multicall3"],
            "native_asset": "ETH",
            "fee_cap_gwei": 200,
            "confirmations": 1,
            "replace_after_blocks": 3,
            "replacements_max": 3,
            "in_flight_max": 16,
            "data_fee": "none",
            "request_timeout_ms": 1500,
            "receipt_timeout_ms": 2000,
            "silence_max_ms": 2500,
            "head_lag_max": 2,
            "tokens": {name: manifest.token(symbol).address for name, symbol in SYMBOLS.items()},
        }


def _quote(snapshot, instrument, side, quantity):
    zero_for_one = (side is Side.SELL) == instrument.base_is_token0
    specified = quantity if side is Side.SELL else -quantity
    done = swap(pool_of(snapshot), zero_for_one=zero_for_one, amount_specified=specified)
    return abs(done.amount1 if instrument.base_is_token0 else done.amount0)


def _told(snapshot):
    if isinstance(snapshot, ReservesSnapshot):
        return (snapshot.reserve0, snapshot.reserve1), snapshot.fee_pips
    state = (snapshot.sqrt_price_x96, snapshot.tick, snapshot.liquidity)
    return state, snapshot.fee_pips


def harness_of(name):
    """Return how to make the harness of a pool family, on a chain that is put back afterwards."""

    @asynccontextmanager
    async def make(ground):
        chain, before = ground.chain, ground.chain.snapshot()
        try:
            chain.client.rpc.request("anvil_setNextBlockBaseFeePerGas", hex(BASE_FEE_WEI))
            if FAMILIES[name].needs_allowance:
                _approve(FAMILIES[name], chain)
            async with _started(FAMILIES[name], chain) as harness:
                yield harness
        finally:
            _put_back(chain, before)

    return make


def _approve(family, chain):
    trader = chain.manifest.account("trader")
    for symbol in ("WETH", "USDC"):
        for router in family.routers(chain.manifest).values():
            data = abi.call("approve(address,uint256)", router, ALLOWANCE_ATOMS)
            sent = chain.client.submit(trader, chain.manifest.token(symbol).address, data)
            wait_for_receipt(chain.client.rpc, sent)


# A block that the node is making while it goes back would leave it without a newest one.
def _put_back(chain, before):
    chain.client.set_automine(on=False)
    chain.client.rpc.request("anvil_dropAllTransactions")
    chain.client.mine()
    chain.revert(before)
    chain.client.set_automine(on=True)


@asynccontextmanager
async def _started(family, chain):
    async with AsyncExitStack() as stack:
        relay = Relay(chain.manifest.ws_url)
        await relay.start()
        stack.push_async_callback(relay.stop)
        harness = ChainHarness(family, chain, relay=relay, stack=stack)
        stack.push_async_callback(harness.venue.close)
        await harness.venue.start()
        yield harness
