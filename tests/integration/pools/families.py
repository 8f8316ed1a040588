"""How a random pool of each family with ticks is made, how its terms change, and what it tells."""

from dataclasses import replace

from eth_utils import keccak

from tests.integration.pools import draw
from tests.integration.pools.ground import words_of
from venues.sandbox.chain import Errand, PoolEntry, abi
from venues.sandbox.chain.accounts import DEPLOYER
from venues.sandbox.chain.forks import (
    pancake_pool_address,
    put_front,
    set_slipstream_fee,
    slipstream_pool_address,
)
from venues.sandbox.chain.market import pool_address
from venues.sandbox.chain.uniswap_v4 import (
    KEY,
    KEY_FEE_DYNAMIC,
    NATIVE,
    NO_HOOKS,
    PoolKey,
    change_dynamic_fee,
)

V3_SWAP = "0x" + keccak(text="Swap(address,address,int256,int256,uint160,uint128,int24)").hex()
PANCAKE_SWAP = (
    "0x"
    + keccak(text="Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)").hex()
)
V4_SWAP = (
    "0x" + keccak(text="Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)").hex()
)
PIPS = 1_000_000
DYNAMIC_FEES = (0, 1, 100, 3_000, 50_000, 1_000_000)


class Family:
    """What the families have in common; each pool gets a key of its own."""

    liquidity_max = 1 << 80
    topic = V3_SWAP

    def __init__(self, ground, rng):
        self.ground = ground
        self.rng = rng
        manifest = ground.chain.manifest
        self.tokens = [manifest.token(symbol).address for symbol in ("USDC", "USDT")]

    def change_terms(self, entry, pool):  # noqa: ARG002 - most have nothing to change
        """Change fees that can change, and return the pool with them."""
        return pool

    def told(self, receipt):
        """Return what a Swap event says, in the pool's signs, and the fee where it has one."""
        amount0, amount1, price, liquidity, tick = words_of(receipt, self.topic)[:5]
        amounts = abi.signed(amount0), abi.signed(amount1)
        return (*amounts, price, liquidity, abi.signed(tick)), None

    def unused(self, draw_one):
        """Return a key that no pool on this chain has yet."""
        found = draw_one()
        while found in self.ground.used:
            found = draw_one()
        self.ground.used.add(found)
        return found

    def fee(self):
        return self.unused(
            lambda: self.rng.choice(
                (self.rng.randrange(PIPS), draw.log_uniform(self.rng, 1, 99_999))
            )
        )

    def initialise(self, address):
        price = draw.opening_price(self.rng, draw.opening_tick(self.rng))
        begin = abi.call("initialize(uint160)", price)
        self.ground.must([Errand(address, begin)])


class UniswapV3(Family):
    def create(self):
        fee, tick_spacing = self.fee(), draw.spacing(self.rng)
        factory = self.ground.contracts["v3_factory"]
        known = {100: 1, 500: 10, 3000: 60, 10_000: 200}
        if fee in known:
            tick_spacing = known[fee]
        else:
            enable = abi.call("enableFeeAmount(uint24,int24)", fee, tick_spacing)
            self.ground.must([Errand(factory, enable)], account=DEPLOYER)
        create = abi.call("createPool(address,address,uint24)", *self.tokens, fee)
        self.ground.must([Errand(factory, create)])
        address = pool_address(factory, *self.tokens, fee_pips=fee)
        self.initialise(address)
        protocol = abi.call(
            "setFeeProtocol(uint8,uint8)",
            *(self.rng.choice((0, self.rng.randint(4, 10))) for _ in range(2)),
        )
        self.ground.must([Errand(address, protocol)], account=DEPLOYER)
        return PoolEntry(address, *self.tokens, fee, tick_spacing)


class PancakeSwapV3(Family):
    topic = PANCAKE_SWAP

    def create(self):
        fee, tick_spacing = self.fee(), draw.spacing(self.rng)
        factory = self.ground.contracts["pancake_factory"]
        known = {100: 1, 500: 10, 2500: 50, 10_000: 200}
        if fee in known:
            tick_spacing = known[fee]
        else:
            enable = abi.call("enableFeeAmount(uint24,int24)", fee, tick_spacing)
            self.ground.must([Errand(factory, enable)], account=DEPLOYER)
        create = abi.call("createPool(address,address,uint24)", *self.tokens, fee)
        self.ground.must([Errand(factory, create)])
        deployer = self.ground.contracts["pancake_deployer"]
        address = pancake_pool_address(deployer, *self.tokens, fee_pips=fee)
        self.initialise(address)
        protocol = abi.call(
            "setFeeProtocol(address,uint32,uint32)",
            address,
            *(self.rng.choice((0, self.rng.randint(1000, 4000))) for _ in range(2)),
        )
        self.ground.must([Errand(factory, protocol)], account=DEPLOYER)
        return PoolEntry(address, *self.tokens, fee, tick_spacing, "pancakeswap_v3")


class Slipstream(Family):
    """The stand-in: its fee changes between blocks, and no log says so."""

    def create(self):
        tick_spacing = self.unused(
            lambda: draw.spacing(self.rng) + self.rng.choice((0, 0, 1, 2, 5))
        )
        factory = self.ground.contracts["slipstream_factory"]
        signature = "createPool(address,address,int24,uint160)"
        create = abi.call(signature, *self.tokens, tick_spacing, 0)
        self.ground.must([Errand(factory, create)])
        address = slipstream_pool_address(factory, *self.tokens, tick_spacing=tick_spacing)
        put_front(self.ground.rpc, address)
        fee = self._set_fee(address)
        self.initialise(address)
        return PoolEntry(
            *(address, *self.tokens, fee, tick_spacing, "slipstream"), is_stand_in=True
        )

    def change_terms(self, entry, pool):
        return replace(pool, fee_pips=self._set_fee(entry.address))

    def _set_fee(self, address):
        fee = draw.log_uniform(self.rng, 1, 100_000)
        set_slipstream_fee(self.ground.rpc, address, fee)
        return fee


class UniswapV4(Family):
    """Static and dynamic fees, native ether, protocol fees that change."""

    liquidity_max = 1 << 60  # amounts have to fit 128 bits at any price
    topic = V4_SWAP

    def create(self):
        manifest, rng = self.ground.chain.manifest, self.rng
        is_dynamic = rng.random() < 0.3
        hooks = NO_HOOKS
        if is_dynamic:
            hooks = manifest.labelled(rng.choice(("v4_dynamic", "v4_dynamic_in_swap"))).hooks
        tokens = [NATIVE, self.tokens[0]] if rng.random() < 0.3 else self.tokens
        static = rng.choice((0, 100, 500, 3_000, 10_000, PIPS, rng.randrange(PIPS)))
        fee = KEY_FEE_DYNAMIC if is_dynamic else static
        key = self.unused(
            lambda: PoolKey(
                *tokens, fee, rng.choice((draw.spacing(rng), rng.randint(1, 32_767))), hooks
            )
        )
        price = draw.opening_price(rng, draw.opening_tick(rng))
        begin = abi.call(f"initialize({KEY},uint160)", *key.words(), price)
        self.ground.must([Errand(self.manager, begin)])
        entry = PoolEntry(
            *(self.manager, *tokens, 0 if is_dynamic else fee, key.tick_spacing, "uniswap_v4"),
            pool_id=key.pool_id(),
            key_fee=fee,
            hooks=hooks,
        )
        self._set_protocol_fee(entry)
        return entry

    @property
    def manager(self):
        return self.ground.contracts["v4_pool_manager"]

    def change_terms(self, entry, pool):
        protocol = self._set_protocol_fee(entry) if self.rng.random() < 0.5 else None
        fee = pool.fee_pips
        if entry.key_fee == KEY_FEE_DYNAMIC:
            fee = self.rng.choice((*DYNAMIC_FEES, self.rng.randrange(PIPS)))
            self.ground.must(self._dynamic_fee(entry, fee))
        return replace(pool, fee_pips=fee, protocol_fees_pips=protocol or pool.protocol_fees_pips)

    def told(self, receipt):
        words = words_of(receipt, self.topic)
        amount0, amount1, price, liquidity, tick, fee = words
        amounts = -abi.signed(amount0), -abi.signed(amount1)  # told as the swapper sees them
        return (*amounts, price, liquidity, abi.signed(tick)), fee

    def _dynamic_fee(self, entry, fee):
        return [Errand(entry.hooks, data) for data in change_dynamic_fee(entry, fee)]

    def _set_protocol_fee(self, entry):
        fees = tuple(self.rng.choice((0, 1, 1000, self.rng.randint(0, 1000))) for _ in range(2))
        key = (entry.token0, entry.token1, entry.key_fee, entry.tick_spacing, entry.hooks)
        control = abi.call("setProtocolFeeController(address)", DEPLOYER.address)
        change = abi.call(f"setProtocolFee({KEY},uint24)", *key, fees[1] << 12 | fees[0])
        errands = [Errand(self.manager, control), Errand(self.manager, change)]
        self.ground.must(errands, account=DEPLOYER)
        return fees
