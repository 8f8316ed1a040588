"""Pools of four families as they are configured, and blocks and logs as a node writes them."""

from eth_abi import encode

from router.domain.instrument import Asset
from router.domain.market import PoolSnapshot, PoolTick, ReservesSnapshot
from router.domain.units import TimestampNs
from venues.evm.pools.family import ChainFacts, TokenContract
from venues.evm.state.roster import Roster
from venues.evm.state.session import Session, Told
from venues.evm.words.node import Header
from venues.slipstream import family as slipstream
from venues.uniswap_v2 import family as uniswap_v2
from venues.uniswap_v3 import family as uniswap_v3
from venues.uniswap_v4 import family as uniswap_v4

FAMILIES = {
    "slipstream": slipstream,
    "uniswap_v2": uniswap_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v4": uniswap_v4,
}
VENUE = "local"
WETH, USDC = "0x" + "0a" * 20, "0x" + "0b" * 20
MANAGER, FACTORY, ROUTER = "0x" + "44" * 20, "0x" + "fa" * 20, "0x" + "99" * 20
ADDRESSES = {name: "0x" + name * 20 for name in ("31", "32", "21", "51")}
FACTS = ChainFacts(
    venue=VENUE,
    account="evm:1:0xaa",
    assets={"ETH": Asset("ETH", 18), "USDC": Asset("USDC", 6)},
    tokens={"ETH": TokenContract(WETH, 18), "USDC": TokenContract(USDC, 6)},
    routers=dict.fromkeys(("universal_router", "slipstream"), ROUTER),
    native="ETH",
)
PAIR = {"base": "ETH", "quote": "USDC"}
TABLES = {
    "uniswap_v3": {
        "factory": FACTORY,
        "pools": [
            PAIR | {"address": ADDRESSES["31"], "fee_pips": 500},
            PAIR | {"address": ADDRESSES["32"], "fee_pips": 3000},
        ],
    },
    "uniswap_v2": {"factory": FACTORY, "pools": [PAIR | {"address": ADDRESSES["21"]}]},
    "slipstream": {
        "factory": FACTORY,
        "pools": [PAIR | {"address": ADDRESSES["51"], "tick_spacing": 100}],
    },
    "uniswap_v4": {
        "pool_manager": MANAGER,
        "state_view": FACTORY,
        "quoter": FACTORY,
        "pools": [PAIR | {"fee_pips": 500, "tick_spacing": 10}],
    },
}
V3, V3_OTHER, V2, SLIPSTREAM, V4 = SETUPS = tuple(
    pool for name, table in TABLES.items() for pool in FAMILIES[name].configured(table, FACTS)
)
V3_SWAP = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
V4_SWAP = "0x40e9cecb9f5f1f1c5b9c97dec2917b7ee92e57ba5563708daca94dd84ad7112f"
V2_SYNC = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
TOLD = Told(10**8, TimestampNs(7))
SOMEBODY = "0x" + "00" * 12 + "77" * 20
PRICE_ONE = 1 << 96


def header(number, *, fork=0, parent_fork=None):
    parent_fork = fork if parent_fork is None else parent_fork
    return Header(
        number, block_hash(number, fork), block_hash(number - 1, parent_fork), 1_700_000_000, 10**9
    )


def block_hash(number, fork=0):
    return f"0x{fork:02x}{number:062x}"


def log(pool, block, index, *, topics=None, data=None, **changes):
    """Return a swap of a pool that stays where it is, or whatever else it is told to be."""
    if topics is None:
        topics, data = swap_words(pool)
    fields = {
        "address": pool.emitter,
        "topics": list(topics),
        "data": "0x" + data.hex(),
        "blockNumber": hex(block.number),
        "blockHash": block.hash,
        "transactionHash": "0x" + "cc" * 32,
        "transactionIndex": "0x0",
        "logIndex": hex(index),
        "removed": False,
    }
    return {key: value for key, value in (fields | changes).items() if value is not None}


def swap_words(pool):
    v3 = ["int256", "int256", "uint160", "uint128", "int24"]
    if pool is V4:
        types = ["int128", "int128", "uint160", "uint128", "int24", "uint24"]
        values = (-10, 9, PRICE_ONE, 5, 0, 500)
        return (V4_SWAP, pool.topic, SOMEBODY), encode(types, values)
    if pool is V2:
        return (V2_SYNC,), encode(["uint112", "uint112"], (1_000, 2_000))
    return (V3_SWAP, SOMEBODY, SOMEBODY), encode(v3, (10, -9, PRICE_ONE, 5, 0))


def snapshot(pool, block):
    if pool is V2:
        return ReservesSnapshot(pool.instrument.id, block.ref, 3000, 10**6, 10**6, TimestampNs(0))
    ticks = (PoolTick(-60_000, 5, 5), PoolTick(60_000, -5, 5))
    return PoolSnapshot(
        instrument=pool.instrument.id,
        block=block.ref,
        fee_pips=500,
        tick_spacing=pool.tick_spacing,
        sqrt_price_x96=PRICE_ONE,
        tick=0,
        liquidity=5,
        ticks=ticks,
        received_at=TimestampNs(0),
    )


def session(*, start=None, pools=SETUPS):
    """Return a session that follows pools from a block on, and its roster."""
    first = start or header(100)
    roster = Roster(pools, FAMILIES)
    begun = Session(VENUE, roster, first)
    for pool in pools:
        begun.resume(snapshot(pool, first), is_provisional=False)
    return begun, roster
