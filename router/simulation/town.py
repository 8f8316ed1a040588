"""The one small market that is simulated: two pools on a chain, one perpetual, and what is owned.

Balances are small beside the orders, so that what is in flight matters.
"""

from typing import Final

from router.domain.event import EngineStarted
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.limits import Limits
from router.domain.units import (
    NATIVE,
    NS_PER_S,
    AccountId,
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    Pips,
    VenueId,
)
from router.simulation.virtual_time import BEGINS_AT

JOURNAL_ID: Final = "simulation"
CHAIN: Final = VenueId("chain")
EXCHANGE: Final = VenueId("exchange")
WALLET: Final = AccountId("chain:wallet")
MARGIN: Final = AccountId("exchange:margin")
ETH: Final = Asset(AssetId("ETH"), 18)
USDC: Final = Asset(AssetId("USDC"), 6)
ETHER: Final = 10**18
DOLLAR: Final = 10**6
LOT: Final = 10**14
MID_DOLLARS: Final = 3_000
MID_TICKS: Final = MID_DOLLARS * 100
LEVERAGE: Final = 10
CONFIRMATIONS: Final = 4  # blocks; what is as deep is not replaced any more
REORG_DEPTH_MAX: Final = 3


def _pool(name: str, router: str, fee: int) -> Instrument:
    return Instrument(
        id=InstrumentId(f"{CHAIN}:ETH/USDC:{name}"),
        venue=CHAIN,
        symbol=name,
        kind=InstrumentKind.SPOT_POOL,
        base=ETH,
        quote=USDC,
        account=WALLET,
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(fee),
        protocol="pair",
        router=router,
    )


# Of two routers: their legs are two transactions, with nonces that follow each other.
POOLS: Final = (_pool("a", "router-a", 3_000), _pool("b", "router-b", 500))
PERP: Final = Instrument(
    id=InstrumentId(f"{EXCHANGE}:ETH"),
    venue=EXCHANGE,
    symbol="ETH",
    kind=InstrumentKind.PERP_BOOK,
    base=ETH,
    quote=USDC,
    account=MARGIN,
    lot_atoms=LOT,
    notional_min_atoms=10 * DOLLAR,
    fee_pips=Pips(450),
    tick_decimals=2,
)
INSTRUMENTS: Final = (*POOLS, PERP)
RESERVES: Final = {
    POOLS[0].id: (4_000 * ETHER, 4_000 * MID_DOLLARS * DOLLAR),
    POOLS[1].id: (2_000 * ETHER, 2_000 * MID_DOLLARS * DOLLAR),
}
WALLET_BALANCES: Final = {
    NATIVE: 5 * ETHER,
    ETH.id: 4 * ETHER,
    USDC.id: 12_000 * DOLLAR,
}
MARGIN_CASH: Final = 30_000 * DOLLAR
LIMITS: Final = Limits(
    order_notional_max=(Amount(USDC.id, 100_000 * DOLLAR),),
    slippage_max_pips=Pips(20_000),
    plan_rounds_max=3,
    child_lifetime=DurationNs(8 * NS_PER_S),
    slippage_tolerance_pips=Pips(1_000),
)
STARTED: Final = EngineStarted(JOURNAL_ID, INSTRUMENTS, LIMITS, "simulation", BEGINS_AT)
