"""Random pools, books and amounts for the property tests of this folder."""

from hypothesis import strategies as st

from router.liquidity.concentrated import Pool, modify_liquidity
from router.liquidity.fixed_point import sqrt_price_to_tick, tick_to_sqrt_price

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


amounts = st.integers(1, 10**6) | st.integers(1, 10**24)


@st.composite
def levels(draw, *, ascending, start):
    """Draw the levels of one side of a book, best first."""
    price, drawn = start, []
    for _ in range(draw(st.integers(1, 6))):
        price += draw(st.integers(1, 50)) * (1 if ascending else -1)
        drawn.append((price, draw(st.integers(1, 1000))))
    return tuple(drawn)
