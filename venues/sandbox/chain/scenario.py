"""What is on the chain: tokens, prices, pools and positions, all from one seed.

Pure and whole-numbered; `family_plan` adds pools of the other families. Prices of the pools lie
apart, each inside its own fee band around the common price, so that no two pools offer an
arbitrage and a good route uses several of them.
"""

import math
import random
from dataclasses import dataclass

from router.domain.error import ConfigError

USDC = "USDC"
WETH = "WETH"
WBTC = "WBTC"
USDT = "USDT"
ETH = "ETH"
"""The chain's own coin, where a V4 pool holds it unwrapped."""
DECIMALS = {USDC: 6, WETH: 18, WBTC: 8}
NAMES = {USDC: "USD Coin", WETH: "Wrapped Ether", WBTC: "Wrapped BTC", USDT: "Tether USD"}
DTT = "DTT"
"""A token that keeps a hundredth of whatever is transferred."""
EXTRA_DECIMALS = {USDT: 6, ETH: 18, DTT: 18}
"""What comes on top where the families are asked for."""
UNISWAP_V3 = "uniswap_v3"
TICK_SPACINGS = {100: 1, 500: 10, 3000: 60, 10_000: 200}
"""Fee in pips to tick spacing, as the factory has it."""

USDC_FIRST = (USDC, WETH, WBTC)
"""WETH is token1 against USDC and token0 against WBTC."""
WETH_FIRST = (WETH, WBTC, USDC)
"""WETH is token0 in every pool, and WBTC is token0 against USDC."""

POSITIONS_PER_POOL = 30
PIPS = 1_000_000
_TICKS_PER_UNIT = 10_000  # a tick is a basis point of price, near enough to size a position
_FULL_WIDTH_TICKS = 20_000
_WIDTHS_TICKS = (30, 60, 120, 240, 480, 960, 1_920, 3_840)
_CENTRE_MAX_PERCENT = 120  # of the half width: some positions begin outside the price
_OFFSET_MIN_PERCENT = 30
_OFFSET_MAX_PERCENT = 90  # of the fee: beyond a whole fee there would be an arbitrage

_EITHER = (-1, 1)
_CHEAP = (-1,)


@dataclass(frozen=True, slots=True)
class _Pair:
    base: str
    quote: str
    fee_pips: int
    depth_usdc: int
    """The USDC that would have to be there if the liquidity at the price were spread over all
    prices: buying for q moves the price by about 2 q / depth."""
    leanings: tuple[int, ...] = _EITHER
    """Whether the base may begin cheap, dear, or either."""


# Buying ether by way of bitcoin costs two fees, so both legs lean cheap: then the detour is worth
# taking for a part of a large order, and never for a small one.
_PAIRS = (
    _Pair(WETH, USDC, 100, 170_000_000),
    _Pair(WETH, USDC, 500, 400_000_000),
    _Pair(WETH, USDC, 3000, 300_000_000),
    _Pair(WETH, USDC, 10_000, 100_000_000),
    _Pair(WBTC, USDC, 3000, 400_000_000, _CHEAP),
    _Pair(WETH, WBTC, 500, 400_000_000, _CHEAP),
)


@dataclass(frozen=True, slots=True)
class PositionPlan:
    """One position, placed in tick spacings around the tick where the pool begins."""

    lower_offset: int
    upper_offset: int
    side_value_usdc: int
    """Whole USDC offered on each side; the pool takes what the range and the price ask for."""


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """One pool and the positions in it."""

    base: str
    quote: str
    fee_pips: int
    tick_spacing: int
    offset_pips: int
    """How far the base's price begins from the common price, in millionths."""
    positions: tuple[PositionPlan, ...]
    family: str = UNISWAP_V3
    label: str | None = None
    """What the manifest calls a pool that its tokens and its fee do not tell apart."""


@dataclass(frozen=True, slots=True)
class PairPlan:
    """One constant-product pair."""

    base: str
    quote: str
    offset_pips: int
    depth_usdc: int
    """The USDC worth of each token in it."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole market."""

    seed: int
    token_order: tuple[str, ...]
    """Symbols by ascending address."""
    prices_usdc: dict[str, int]
    """Whole USDC for one whole token."""
    pools: tuple[PoolPlan, ...]
    extra_pools: tuple[PoolPlan, ...] = ()
    """Beside the pools above, which are the same with them and without."""
    pairs: tuple[PairPlan, ...] = ()

    @property
    def has_families(self) -> bool:
        """Tell whether more than Uniswap V3 is wanted."""
        return bool(self.extra_pools or self.pairs)

    def decimals(self, symbol: str) -> int:
        """Return a token's decimals."""
        return (DECIMALS | EXTRA_DECIMALS)[symbol]

    def price_ratio(self, base: str, quote: str, offset_pips: int) -> tuple[int, int]:
        """Return quote atoms for base atoms, as numerator and denominator."""
        quote_atoms = self.prices_usdc[base] * 10 ** self.decimals(quote)
        base_atoms = self.prices_usdc[quote] * 10 ** self.decimals(base)
        return quote_atoms * (PIPS + offset_pips), base_atoms * PIPS

    def atoms(self, symbol: str, value_usdc: int) -> int:
        """Return how many atoms of `symbol` that many USDC buy, rounded down."""
        one: int = 10 ** self.decimals(symbol)
        return value_usdc * one // self.prices_usdc[symbol]

    def sqrt_price_x96(self, pool: PoolPlan, *, base_is_token0: bool) -> int:
        """Return the price a pool begins with, rounded down, in the pool's own token order."""
        ratio = self.price_ratio(pool.base, pool.quote, pool.offset_pips)
        above, below = ratio if base_is_token0 else ratio[::-1]
        return math.isqrt((above << 192) // below)


def plan(
    seed: int,
    *,
    eth_price_usdc: int = 3_000,
    btc_price_usdc: int = 60_000,
    token_order: tuple[str, ...] = USDC_FIRST,
) -> Scenario:
    """Draw a market. The same arguments give the same market.

    Raises
    ------
    ConfigError
        A price is not positive, or `token_order` does not name each token once.
    """
    if sorted(token_order) != sorted(DECIMALS):
        raise ConfigError(f"token_order must name {sorted(DECIMALS)} once each, was {token_order}")
    if min(eth_price_usdc, btc_price_usdc) <= 0:
        raise ConfigError("eth_price_usdc and btc_price_usdc must be positive whole numbers")
    rng = random.Random(seed)  # noqa: S311 (a market, not a secret)
    return Scenario(
        seed=seed,
        token_order=token_order,
        prices_usdc={
            WBTC: btc_price_usdc,
            **dict.fromkeys((USDC, USDT, DTT), 1),
            **dict.fromkeys((WETH, ETH), eth_price_usdc),
        },
        pools=tuple(_pool(rng, pair) for pair in _PAIRS),
    )


def _pool(rng: random.Random, pair: _Pair) -> PoolPlan:
    percent = rng.randint(_OFFSET_MIN_PERCENT, _OFFSET_MAX_PERCENT) * rng.choice(pair.leanings)
    spacing = TICK_SPACINGS[pair.fee_pips]
    return PoolPlan(
        base=pair.base,
        quote=pair.quote,
        fee_pips=pair.fee_pips,
        tick_spacing=spacing,
        offset_pips=pair.fee_pips * percent // 100,
        positions=draw_positions(rng, spacing, pair.depth_usdc),
    )


def draw_positions(
    rng: random.Random, spacing: int, depth_usdc: int, *, count: int = POSITIONS_PER_POOL
) -> tuple[PositionPlan, ...]:
    """Draw a pool's positions.

    The first is wide and keeps the pool from ever running dry; the others overlap around the
    price, so that liquidity changes from tick to tick.
    """
    share = depth_usdc // count
    wide = _FULL_WIDTH_TICKS // spacing
    positions = [PositionPlan(-wide, wide, share * _FULL_WIDTH_TICKS // (2 * _TICKS_PER_UNIT))]
    while len(positions) < count:
        half = max(2, rng.choice(_WIDTHS_TICKS) // spacing)
        centre = half * rng.randint(-_CENTRE_MAX_PERCENT, _CENTRE_MAX_PERCENT) // 100
        depth = share * rng.randint(50, 150) // 100
        value = max(1, depth * half * spacing // (2 * _TICKS_PER_UNIT))
        positions.append(PositionPlan(centre - half, centre + half, value))
    return tuple(positions)
