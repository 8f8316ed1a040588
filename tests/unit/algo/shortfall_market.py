"""A day of three pools that a schedule is tried on, and that knows more than the schedule does.

The pools are real constant-product pools, traded by exact swaps. Between slices their prices are
pulled back to a reference that walks at random, each with a half-life of its own, while others
trade in them and liquidity comes and goes. The schedule sees the pools once, before its first
slice, and is told one volatility and one half-life.
"""

import math
import random
from dataclasses import dataclass, replace

import numpy as np

from router.algo.shortfall import schedule_problem
from router.domain.algo import Shortfall
from router.domain.market import BlockRef, ReservesSnapshot
from router.domain.plan import ChainCash, PoolCandidate, QuantityKind, RoutingProblem
from router.domain.units import (
    NS_PER_S,
    Amount,
    DurationNs,
    InstrumentId,
    ParentId,
    Pico,
    Pips,
    Price,
    Side,
    TimestampNs,
)
from router.liquidity.aggregate import aggregate
from router.liquidity.constant_product import Pool, swap
from router.liquidity.pool import cost_curve
from router.optimiser.schedule import solve_schedule
from tests.unit.engine.scene import CHAIN, DOLLAR, ETH, ETHER, POOL, T0, USDC, order

QUANTITY = 300 * ETHER
START_PRICE = 3_000.0
SLICES, SLICE_S = 24, 600
VOLATILITY, HALF_LIFE_S = 0.04, 1_800.0  # of a day; the mean of the pools
# Base in reserve, fee, and half-life against the mean's.
POOLS = ((90_000.0, 500, 0.7), (60_000.0, 500, 1.0), (40_000.0, 100, 1.4))
OTHERS = 0.0004  # standard deviation of what others do to a pool's price between slices
LIQUIDITY = 0.03  # and to its depth
_END = TimestampNs(T0 + SLICES * SLICE_S * NS_PER_S)


@dataclass(frozen=True)
class Day:
    """Everything of a day that our trading does not change; rows are slices, columns pools."""

    reference: np.ndarray
    others: np.ndarray
    depth: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """What a day cost against the price at its start, and the part that was the market's own move.

    The market's move has a mean of zero whatever the schedule, for a schedule is made beforehand.
    """

    cost: float
    drift: float


def day_of(seed):
    """Draw a day."""
    drawn = random.Random(seed)
    deviation = VOLATILITY * math.sqrt(SLICE_S / 86_400)
    steps = [drawn.gauss(-0.5 * deviation**2, deviation) for _ in range(SLICES - 1)]
    reference = START_PRICE * np.exp(np.cumsum([0.0, *steps]))
    shape = (SLICES, len(POOLS))
    others = np.array([[drawn.gauss(0.0, OTHERS) for _ in POOLS] for _ in range(SLICES)])
    depth = np.array([[drawn.gauss(0.0, LIQUIDITY) for _ in POOLS] for _ in range(SLICES)])
    others[0] = 0.0  # arrival is at the reference
    assert others.shape == depth.shape == shape
    return Day(reference, others, np.exp(np.cumsum(depth, axis=0)))


def trade(day, quantities):
    """Buy the given atoms slice by slice, and return what came of it."""
    off = np.zeros(len(POOLS))  # logarithm of each pool's price over the reference
    paid = drift = 0.0
    for k, atoms in enumerate(quantities):
        if k:
            halved = SLICE_S / (HALF_LIFE_S * np.array([each[2] for each in POOLS]))
            off = off * 0.5**halved + day.others[k]
        pools = _pools(day, k, off)
        if not atoms:
            continue
        cash, after = _bought(pools, atoms)
        before = np.array([_price(pool) for pool in pools])
        off += np.log(np.array([_price(pool) for pool in after]) / before)
        paid += cash / DOLLAR
        drift += atoms / ETHER * (float(day.reference[k]) - START_PRICE)
    return Outcome(paid - sum(quantities) / ETHER * START_PRICE, drift)


def scheduled(day, *, aversion, volatility=VOLATILITY, half_life_s=HALF_LIFE_S):
    """Return the slices of the schedule made before the first, and the schedule."""
    algo = Shortfall(
        start_at=T0,
        end_at=_END,
        interval=DurationNs(SLICE_S * NS_PER_S),
        aversion=Pico(round(aversion * 10**12)),
        volatility_pips=Pips(round(volatility * 10**6)),
        half_life=DurationNs(round(half_life_s * NS_PER_S)),
        catch_up_pips=Pips(0),
    )
    parent = replace(order(300, algo=algo), deadline_at=_END)
    problem = schedule_problem(parent, algo, routing(day), at=T0)
    found = solve_schedule(problem)
    done, slices, released = 0, [], dict(found.releases)
    for each in problem.intervals:
        slices.append(released.get(each.begins_at, done) - done)
        done += slices[-1]
    return tuple(slices), found


def equal_slices():
    """Return the slices of a TWAP over the same intervals."""
    ends = [QUANTITY * (k + 1) // SLICES for k in range(SLICES)]
    return tuple(b - a for a, b in zip([0, *ends], ends, strict=False))


def routing(day):
    """Return the routing problem of the whole order on a day's first pools."""
    pools = []
    for n, pool in enumerate(_pools(day, 0, np.zeros(len(POOLS)))):
        owner = replace(POOL, id=InstrumentId(f"pair:{n}"), fee_pips=Pips(pool.fee_pips))
        block = BlockRef(1, "0x1", "0x0", T0)
        seen = ReservesSnapshot(owner.id, block, pool.fee_pips, pool.reserve0, pool.reserve1, T0)
        pools.append(PoolCandidate(owner, seen, 100_000))
    mid = Price(ETH.id, USDC.id, round(START_PRICE * DOLLAR), ETHER)
    return RoutingProblem(
        parent=ParentId("parent-one"),
        side=Side.BUY,
        kind=QuantityKind.BASE,
        quantity=Amount(ETH.id, QUANTITY),
        arrival_mid=mid,
        limit_price=Price(ETH.id, USDC.id, round(START_PRICE * 1.05 * DOLLAR), ETHER),
        holding_horizon_s=0,
        gas_fee_wei=0,
        slippage_tolerance_pips=Pips(1_000),
        pools=tuple(pools),
        books=(),
        chains=(ChainCash(CHAIN, (Amount(USDC.id, 10**7 * DOLLAR),), 0, None),),
        margins=(),
    )


def _pools(day, k, off):
    found = []
    for n, (base, fee, _) in enumerate(POOLS):
        depth = base * math.sqrt(START_PRICE) * float(day.depth[k][n])
        root = math.sqrt(float(day.reference[k]) * math.exp(float(off[n])))
        found.append(Pool(int(depth / root * ETHER), int(depth * root * DOLLAR), fee))
    return found


def _price(pool):
    return pool.reserve1 / DOLLAR / (pool.reserve0 / ETHER)


# Over the pools as is cheapest, and the last atom of it by exact swaps.
def _bought(pools, atoms):
    curves = [
        cost_curve(pool, Side.BUY, base_is_token0=True, decimals0=18, decimals1=6) for pool in pools
    ]
    parts = [int(part * ETHER) for part in aggregate(curves).split(atoms / ETHER)]
    parts[parts.index(max(parts))] += atoms - sum(parts)
    cash, after = 0, []
    for pool, part in zip(pools, parts, strict=True):
        if not part:
            after.append(pool)
            continue
        done = swap(pool, zero_for_one=False, amount_specified=-part)
        cash += done.amount1
        after.append(done.pool)
    return cash, after
