"""Random pools, books and amounts for the property tests of this folder."""

from hypothesis import strategies as st

from router.liquidity.concentrated import Pool, modify_liquidity
from router.liquidity.fixed_point import (
    SQRT_PRICE_MAX_X96,
    SQRT_PRICE_MIN_X96,
    TICK_MAX,
    TICK_MIN,
    sqrt_price_to_tick,
    tick_to_sqrt_price,
)

FEES_AND_SPACINGS = ((100, 1), (500, 10), (3000, 60), (10_000, 200))


@st.composite
def pools(draw, *, centre_max=300_000, positions_max=6):
    """Draw a pool with a few positions around its price, in and out of range, gaps included."""
    fee, spacing = draw(st.sampled_from(FEES_AND_SPACINGS))
    tick = draw(st.integers(-centre_max, centre_max))
    low, high = tick_to_sqrt_price(tick), tick_to_sqrt_price(tick + 1)
    price = draw(st.sampled_from((low, high - 1)) | st.integers(low, high - 1))
    pool = Pool(fee, spacing, price, sqrt_price_to_tick(price), 0, ())
    for _ in range(draw(st.integers(1, positions_max))):
        lower = draw(st.integers(-600, 599)) + tick // spacing
        width = draw(st.integers(1, 600))
        liquidity = draw(st.integers(10**12, 10**24))
        pool = modify_liquidity(
            pool, lower=lower * spacing, upper=(lower + width) * spacing, delta=liquidity
        )
    return pool


@st.composite
def hostile_pools(draw):
    """Draw what a contract allows and nobody wants: ends of the range, gaps, drained, all fee."""
    fee = draw(st.sampled_from((0, 100, 3000, 999_999, 10**6)))
    spacing = draw(st.sampled_from((1, 10, 60, 200, 32_767)))
    protocol_fees = draw(st.just((0, 0)) | st.tuples(st.integers(0, 1000), st.integers(0, 1000)))
    tick = draw(
        st.sampled_from((TICK_MIN, TICK_MAX - 1, 0))
        | st.integers(-20, 20).map(lambda word: word * 256 * spacing % TICK_MAX)
        | st.integers(TICK_MIN, TICK_MAX - 1)
    )
    low, high = tick_to_sqrt_price(tick), tick_to_sqrt_price(tick + 1)
    price = draw(st.sampled_from((low, high - 1)) | st.integers(low, high - 1))
    pool = Pool(fee, spacing, price, sqrt_price_to_tick(price), 0, (), protocol_fees)
    grid_min, grid_max = -(TICK_MAX // spacing), TICK_MAX // spacing
    span = draw(st.sampled_from((3, 300, 3000)))
    for _ in range(draw(st.integers(0, 6))):
        lower = min(max(tick // spacing + draw(st.integers(-span, span)), grid_min), grid_max - 1)
        upper = min(lower + draw(st.integers(1, span)), grid_max)
        liquidity = draw(st.integers(1, 10**6) | st.integers(1, 10**24))
        pool = modify_liquidity(pool, lower=lower * spacing, upper=upper * spacing, delta=liquidity)
    return pool


@st.composite
def limits(draw, pool):
    """Draw where a swap must stop: nowhere, at ticks, at ends of words, anywhere; at times behind.

    Prices come paired with the direction they are meant for.
    """
    zero_for_one = draw(st.booleans())
    word = 256 * pool.tick_spacing
    ticks = [tick.index for tick in pool.ticks]
    words = [(pool.tick // word + step) * word for step in (-2, -1, 0, 1, 2)]
    special = [tick_to_sqrt_price(t) for t in ticks + words if TICK_MIN <= t <= TICK_MAX]
    ends = (SQRT_PRICE_MIN_X96 + 1, SQRT_PRICE_MAX_X96 - 1)
    limit = draw(
        st.none()
        | st.sampled_from((*special, *ends))
        | st.integers(pool.sqrt_price_x96 // 2, pool.sqrt_price_x96 * 2)
    )
    return zero_for_one, limit


amounts = st.integers(1, 10**6) | st.integers(1, 10**24)


@st.composite
def levels(draw, *, ascending, start):
    """Draw the levels of one side of a book, best first."""
    price, drawn = start, []
    for _ in range(draw(st.integers(1, 6))):
        price += draw(st.integers(1, 50)) * (1 if ascending else -1)
        drawn.append((price, draw(st.integers(1, 1000))))
    return tuple(drawn)
