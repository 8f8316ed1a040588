"""Positions as contracts without a position manager want them: ticks and liquidity."""

from collections.abc import Iterator
from dataclasses import dataclass

from router.liquidity.fixed_point import Q96, sqrt_price_to_tick, tick_to_sqrt_price
from venues.sandbox.chain.scenario import PoolPlan, Scenario


@dataclass(frozen=True, slots=True)
class Range:
    """One position."""

    lower: int
    upper: int
    liquidity: int


def mint_ranges(scenario: Scenario, plan: PoolPlan, *, base_is_token0: bool) -> Iterator[Range]:
    """Yield a plan's positions around the tick its pool opens at."""
    price = scenario.sqrt_price_x96(plan, base_is_token0=base_is_token0)
    centre = sqrt_price_to_tick(price) // plan.tick_spacing
    for position in plan.positions:
        lower = (centre + position.lower_offset) * plan.tick_spacing
        upper = (centre + position.upper_offset) * plan.tick_spacing
        value = position.side_value_usdc
        amounts = scenario.atoms(plan.base, value), scenario.atoms(plan.quote, value)
        amount0, amount1 = amounts if base_is_token0 else amounts[::-1]
        liquidity = liquidity_for(amount0, amount1, price=price, lower=lower, upper=upper)
        yield Range(lower, upper, liquidity)


def liquidity_for(amount0: int, amount1: int, *, price: int, lower: int, upper: int) -> int:
    """Return the liquidity that two amounts give between two ticks, rounded down."""
    low, high = tick_to_sqrt_price(lower), tick_to_sqrt_price(upper)
    at = min(max(price, low), high)
    by_token0 = amount0 * at * high // (Q96 * (high - at)) if at < high else None
    by_token1 = amount1 * Q96 // (at - low) if low < at else None
    return min(each for each in (by_token0, by_token1) if each is not None)
