"""Prices of one pair as a desk would see them, some of them wrong."""

from dataclasses import replace
from fractions import Fraction
from math import isqrt

from router.domain.market import BookSnapshot
from router.domain.observation import Observation
from router.domain.price import PriceGuardRules, PriceKind, SourcePrice
from router.domain.units import DurationNs, InstrumentId, Pips, Price, TimestampNs
from tests.unit.engine.scene import (
    DOLLAR,
    ETH,
    ETHER,
    LIMITS,
    PERP,
    POOL,
    T0,
    USDC,
    observation,
)

S = 10**9
RULES = PriceGuardRules(
    sources_min=2,
    age_max=DurationNs(10 * S),
    pool_age_max=DurationNs(30 * S),
    soft_pips=Pips(10_000),
    hard_pips=Pips(30_000),
    jump_max_pips=Pips(50_000),
)
GUARDED = replace(LIMITS, price_guard=RULES)
PAIR = (ETH.id, USDC.id)
NOW = TimestampNs(T0 + S)
SECOND_POOL = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDC:3000"))
THIRD_POOL = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDC:100"))
CONFIGURED = (POOL, SECOND_POOL, THIRD_POOL, PERP)


def dollars(value):
    """Return a price of one ether, exactly."""
    ratio = Fraction(value) * DOLLAR / ETHER
    return Price(ETH.id, USDC.id, ratio.numerator, ratio.denominator)


def index(name, value, *, at=T0):
    return SourcePrice(name, PriceKind.INDEX, None, dollars(value), TimestampNs(at))


def average(instrument, value):
    """Return what a market stood at over the last minutes."""
    kind = PriceKind.POOL_TWAP if instrument.is_on_chain else PriceKind.BOOK_TWAP
    return SourcePrice("x", kind, instrument.id, dollars(value), T0)


def pool_at(value, instrument=POOL):
    """Return a pool moved to a price; its depth is not looked at."""
    root = isqrt(int(Fraction(value) * DOLLAR * 2**192 / ETHER))
    return replace(observation().pools[0], instrument=instrument.id, sqrt_price_x96=root)


def book_at(value, *, at=T0):
    cents = int(Fraction(value) * 100)
    bids, asks = ((cents - 10, 10_000),), ((cents + 10, 10_000),)
    return BookSnapshot(PERP.id, bids, asks, TimestampNs(at), TimestampNs(at))


def context_at(mark, oracle, *, at=T0):
    return replace(
        observation().contexts[0],
        mark_ticks=int(mark * 100),
        oracle_ticks=int(oracle * 100),
        received_at=TimestampNs(at),
    )


def seen(*, pools=(), book=3_000, mark=3_000, oracle=3_000, prices=()) -> Observation:
    """Return an observation; a pool at 3,000 where none is given."""
    return replace(
        observation(),
        pools=tuple(pools) or (pool_at(3_000),),
        books=(book_at(book),),
        contexts=(context_at(mark, oracle),),
        prices=tuple(prices),
    )
