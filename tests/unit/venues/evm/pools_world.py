"""An account with pools of every family that nobody deployed, legs in them, and their routes."""

from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.order import ChildOrder
from router.domain.plan import CostSplit, Hop, Leg, QuantityKind
from router.domain.units import Amount, Side
from venues.evm.pools.family import NATIVE_COIN, Dialect, PoolSetup, TokenContract
from venues.evm.spec import ChainConfig, DataFee, RouterVersion

S = 10**9
DEADLINE_S = 1_500_000_000
BUY, SELL, BASE, CASH = Side.BUY, Side.SELL, QuantityKind.BASE, QuantityKind.CASH
EVERY_WAY = [(side, kind) for side in (BUY, SELL) for kind in (BASE, CASH)]
ETH, USDT, USDC, BTC = (f"0x{pair * 20}" for pair in ("11", "22", "33", "44"))
ASSETS = {
    "ETH": Asset("ETH", 18),
    "USDT": Asset("USDT", 6),
    "USDC": Asset("USDC", 6),
    "BTC": Asset("BTC", 8),
}
TOKENS = {
    name: TokenContract(address, ASSETS[name].decimals)
    for name, address in (("ETH", ETH), ("USDT", USDT), ("USDC", USDC), ("BTC", BTC))
}
ROUTER, PANCAKE, SLIPSTREAM, PERMIT2 = (f"0x{pair * 20}" for pair in ("a1", "a2", "a3", "a4"))
MANAGER = "0x" + "b1" * 20
KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
OWNER = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
ROUTER_OF = {"pancakeswap_v3": "pancakeswap_v3", "slipstream": "slipstream"}


def pool(family, base, quote, **changes):
    """Return a configured pool; `coin=True` puts the coin in the place of its wrapped token."""
    coin = changes.pop("coin", False)
    fee_pips, tick_spacing = changes.pop("fee_pips", 3000), changes.pop("tick_spacing", 60)
    tokens = [NATIVE_COIN if coin and n == "ETH" else TOKENS[n].address for n in (base, quote)]
    name = f"{family}:{base}/{quote}:{fee_pips}{'/native' if coin else ''}"
    dialect = {"uniswap_v2": Dialect.V2, "uniswap_v4": Dialect.V4}.get(family, Dialect.V3)
    number = sum(name.encode())
    symbol = f"0x{number:064x}" if dialect is Dialect.V4 else f"0x{number:040x}"
    return PoolSetup(
        instrument=Instrument(
            id=name,
            venue="local",
            symbol=symbol,
            kind=InstrumentKind.SPOT_POOL,
            base=ASSETS[base],
            quote=ASSETS[quote],
            account="a",
            lot_atoms=1,
            notional_min_atoms=0,
            fee_pips=fee_pips,
            base_is_token0=tokens[0] < tokens[1],
            protocol=family,
            router=ROUTER_OF.get(family, "universal_router"),
        ),
        dialect=dialect,
        emitter=MANAGER if dialect is Dialect.V4 else symbol,
        topic=symbol if dialect is Dialect.V4 else None,
        token0=min(tokens),
        token1=max(tokens),
        fee_pips=fee_pips,
        tick_spacing=tick_spacing,
        hooks=NATIVE_COIN,
        contracts={},
        **changes,
    )


V2 = pool("uniswap_v2", "ETH", "USDC")
V3 = pool("uniswap_v3", "ETH", "USDC", fee_pips=500)
V4 = pool("uniswap_v4", "ETH", "USDC")
V4_COIN = pool("uniswap_v4", "ETH", "USDC", coin=True)
HOOKED = pool("uniswap_v4", "ETH", "USDC", fee_pips=77, is_replayable=False)
V3_USDT, V2_USDT = (pool(family, "ETH", "USDT") for family in ("uniswap_v3", "uniswap_v2"))
V3_DOLLARS, V4_DOLLARS = (
    pool(family, "USDT", "USDC", fee_pips=100) for family in ("uniswap_v3", "uniswap_v4")
)
V3_BTC = pool("uniswap_v3", "BTC", "ETH")
CAKE, CAKE_DEAR = (pool("pancakeswap_v3", "ETH", "USDC", fee_pips=fee) for fee in (500, 2500))
SLIP = pool("slipstream", "ETH", "USDC", fee_pips=420, tick_spacing=100)
POOLS = (
    *(V2, V3, V4, V4_COIN, HOOKED, V3_USDT, V2_USDT, V3_DOLLARS, V4_DOLLARS, V3_BTC),
    *(CAKE, CAKE_DEAR, SLIP),
)


def config(**changes):
    fields = {
        "venue": "local",
        "chain_id": 31337,
        "ws_urls": ("ws://localhost",),
        "relay_urls": (),
        "account": "a",
        "address": OWNER,
        "signing_key": KEY,
        "routers": {
            "universal_router": ROUTER,
            "pancakeswap_v3": PANCAKE,
            "slipstream": SLIPSTREAM,
        },
        "router_version": RouterVersion.V2_0,
        "permit2": PERMIT2,
        "multicall": "0x" + "c1" * 20,
        "tokens": TOKENS,
        "native": "ETH",
        "pools": POOLS,
        "fee_cap_wei": 1,
        "confirmations": 1,
        "replace_after_blocks": 1,
        "replacements_max": 1,
        "in_flight_max": 16,
        "data_fee": DataFee.NONE,
        "request_timeout": S,
        "receipt_timeout": S,
        "silence_max": S,
        "head_lag_max": 1,
    }
    return ChainConfig(**(fields | changes))


def direct(setup, side, kind, *, quantity=100, notional=300_000, bound=77):
    """Return a leg in one pool."""
    instrument = setup.instrument
    bound_asset = instrument.quote if kind is BASE else instrument.base
    return Leg(
        instrument=instrument,
        side=side,
        quantity_kind=kind,
        quantity=Amount(instrument.base.id, quantity),
        notional=Amount(instrument.quote.id, notional),
        bound=Amount(bound_asset.id, bound),
        limit_ticks=None,
        cost=CostSplit(0, 0, 0, 0),
        slippage=0,
    )


def hop(setup, paid, received, *amounts):
    return Hop(setup.instrument, Amount(paid, amounts[0]), Amount(received, amounts[1]))


def route(pair, hops, side, kind, *, bound):
    """Return a leg over hops, whose quantity and notional are what these add up to."""
    base, quote = pair
    paid, received = (quote, base) if side is BUY else (base, quote)
    into = sum(each.paid.atoms for each in hops if each.paid.asset == paid)
    out_of = sum(each.received.atoms for each in hops if each.received.asset == received)
    quantity, notional = (out_of, into) if side is BUY else (into, out_of)
    return Leg(
        instrument=Instrument(
            id=f"route:{base}/{quote}",
            venue="local",
            symbol="",
            kind=InstrumentKind.SPOT_ROUTE,
            base=ASSETS[base],
            quote=ASSETS[quote],
            account="a",
            lot_atoms=1,
            notional_min_atoms=0,
            fee_pips=0,
            router="universal_router",
        ),
        side=side,
        quantity_kind=kind,
        quantity=Amount(base, quantity),
        notional=Amount(quote, notional),
        bound=Amount(quote if kind is BASE else base, bound),
        limit_ticks=None,
        cost=CostSplit(0, 0, 0, 0),
        slippage=0,
        hops=tuple(hops),
    )


def child(*legs):
    return ChildOrder(
        id="c-1",
        parent="p-1",
        venue="local",
        account="a",
        side=BUY,
        legs=legs,
        nonce=3,
        deadline_at=DEADLINE_S * S + S - 1,
        round=1,
        stage=1,
    )
