"""The pools of the families beside the V3 market: which, how deep, and around which price.

Drawn from a seed of their own, so that the V3 market is the same with them and without. Their
prices lie inside their fees around the common price, too.
"""

import random
from dataclasses import dataclass, replace

from venues.sandbox.chain.scenario import (
    DTT,
    ETH,
    TICK_SPACINGS,
    UNISWAP_V3,
    USDC,
    USDT,
    WETH,
    PairPlan,
    PoolPlan,
    Scenario,
    draw_positions,
)

UNISWAP_V2 = "uniswap_v2"
UNISWAP_V4 = "uniswap_v4"
PANCAKESWAP_V3 = "pancakeswap_v3"
SLIPSTREAM = "slipstream"

V2_FEE_PIPS = 3000
DYNAMIC_FEE_PIPS = 3000
"""What the pools whose fee can change begin with."""

V4_NATIVE = "v4_native"
V4_DYNAMIC = "v4_dynamic"
"""Its fee changes between swaps, when the hook is told to; the hook has no part in a swap."""
V4_DYNAMIC_IN_SWAP = "v4_dynamic_in_swap"
"""Its hook sets the fee before every swap."""
V4_TAKING = "v4_taking"
"""Its hook takes 1.23 % of what a swap pays out: its quotes are not the pool's."""
V3_DTT = "v3_fee_token"
"""Empty, for the pool takes no less than it asked for: no liquidity can be put there."""
DYNAMIC_LABELS = (V4_DYNAMIC, V4_DYNAMIC_IN_SWAP)

POSITIONS_PER_POOL = 12
_OFFSET_MAX_PERCENT = 60


@dataclass(frozen=True, slots=True)
class _Place:
    family: str
    base: str
    quote: str
    fee_pips: int
    tick_spacing: int
    depth_usdc: int
    label: str | None = None


def _fixed(family: str, pair: tuple[str, str], *, fee_pips: int, depth_usdc: int) -> _Place:
    return _Place(family, *pair, fee_pips, TICK_SPACINGS[fee_pips], depth_usdc)


def _v4(label: str, base: str) -> _Place:
    return _Place(UNISWAP_V4, base, USDC, DYNAMIC_FEE_PIPS, 60, 100_000_000, label)


_PLACES = (
    _fixed(UNISWAP_V3, (WETH, USDT), fee_pips=500, depth_usdc=200_000_000),
    _fixed(UNISWAP_V3, (USDC, USDT), fee_pips=100, depth_usdc=400_000_000),
    _fixed(UNISWAP_V4, (WETH, USDC), fee_pips=500, depth_usdc=200_000_000),
    _fixed(UNISWAP_V4, (USDC, USDT), fee_pips=100, depth_usdc=200_000_000),
    _v4(V4_NATIVE, ETH),
    _v4(V4_DYNAMIC, WETH),
    _v4(V4_DYNAMIC_IN_SWAP, WETH),
    _v4(V4_TAKING, WETH),
    _fixed(PANCAKESWAP_V3, (WETH, USDC), fee_pips=500, depth_usdc=200_000_000),
    _Place(PANCAKESWAP_V3, WETH, USDT, 2500, 50, 100_000_000),
    _Place(SLIPSTREAM, WETH, USDC, 500, 100, 200_000_000),
    _Place(SLIPSTREAM, USDC, USDT, 100, 1, 200_000_000),
)
_PAIRS = (
    (WETH, USDC, 40_000_000),
    (WETH, USDT, 20_000_000),
    (USDC, USDT, 40_000_000),
    (DTT, USDC, 1_000_000),
)
_EMPTY = PoolPlan(DTT, USDC, 10_000, 200, 0, (), UNISWAP_V3, V3_DTT)


def with_families(scenario: Scenario) -> Scenario:
    """Return the market with pools of every family beside its own."""
    rng = random.Random(f"{scenario.seed} families")  # noqa: S311 (a market, not a secret)
    return replace(
        scenario,
        extra_pools=(*(_pool(rng, place) for place in _PLACES), _EMPTY),
        pairs=tuple(_pair(rng, *each[:2], depth_usdc=each[2]) for each in _PAIRS),
    )


def _pool(rng: random.Random, place: _Place) -> PoolPlan:
    return PoolPlan(
        base=place.base,
        quote=place.quote,
        fee_pips=place.fee_pips,
        tick_spacing=place.tick_spacing,
        offset_pips=_offset(rng, place.fee_pips),
        positions=draw_positions(
            rng, place.tick_spacing, place.depth_usdc, count=POSITIONS_PER_POOL
        ),
        family=place.family,
        label=place.label,
    )


def _pair(rng: random.Random, base: str, quote: str, *, depth_usdc: int) -> PairPlan:
    return PairPlan(base, quote, _offset(rng, V2_FEE_PIPS), depth_usdc)


def _offset(rng: random.Random, fee_pips: int) -> int:
    return fee_pips * rng.randint(-_OFFSET_MAX_PERCENT, _OFFSET_MAX_PERCENT) // 100
