"""Pools of every kind behind one set of words; what differs lies in the module of each kind.

Refuses what only one kind has (price limits of an exact swap, ticks): ask its own module.
"""

from typing import TypeAlias

from router.domain.market import AnyPoolSnapshot, PoolSnapshot, QuotedSnapshot, ReservesSnapshot
from router.domain.units import Side
from router.liquidity import concentrated, constant_product, quoted
from router.liquidity.curve import CostCurve
from router.liquidity.pool_curve import pool_curve

AnyPool: TypeAlias = concentrated.Pool | constant_product.Pool | quoted.Pool
AnySwap: TypeAlias = concentrated.Swap | constant_product.Swap | quoted.Swap


def pool_of(snapshot: AnyPoolSnapshot) -> AnyPool:
    """Return the pool whose swaps are exact; never more than exact, where only quotes are known."""
    match snapshot:
        case PoolSnapshot():
            return concentrated.Pool(
                fee_pips=snapshot.fee_pips,
                tick_spacing=snapshot.tick_spacing,
                sqrt_price_x96=snapshot.sqrt_price_x96,
                tick=snapshot.tick,
                liquidity=snapshot.liquidity,
                ticks=snapshot.ticks,
                protocol_fees_pips=snapshot.protocol_fees_pips,
            )
        case ReservesSnapshot():
            return constant_product.Pool(snapshot.reserve0, snapshot.reserve1, snapshot.fee_pips)
        case QuotedSnapshot():
            return quoted.Pool(snapshot.zero_for_one, snapshot.one_for_zero)


def check(pool: AnyPool) -> None:
    """Verify that the parts of a pool's state agree with each other.

    Raises
    ------
    InconsistentPoolError
        Naming the first contradiction.
    """
    match pool:
        case concentrated.Pool():
            concentrated.check(pool)
        case constant_product.Pool():
            constant_product.check(pool)
        case quoted.Pool():
            quoted.check(pool)


def swap(pool: AnyPool, *, zero_for_one: bool, amount_specified: int) -> AnySwap:
    """Trade against the pool exactly as its contract does.

    A pool that ends before the amount does fills a part of it, and the amounts say so; a
    constant-product pool refuses. A pool of which only quotes are known is traded along them.

    Parameters
    ----------
    amount_specified : int, [atoms]
        Positive: the input to pay, fee included. Negative: the output to receive.

    Raises
    ------
    LiquidityError
        Where the contract reverts.
    """
    match pool:
        case concentrated.Pool():
            return concentrated.swap(
                pool, zero_for_one=zero_for_one, amount_specified=amount_specified
            )
        case constant_product.Pool():
            return constant_product.swap(
                pool, zero_for_one=zero_for_one, amount_specified=amount_specified
            )
        case quoted.Pool():
            return quoted.swap(pool, zero_for_one=zero_for_one, amount_specified=amount_specified)


def cost_curve(
    pool: AnyPool,
    side: Side,
    *,
    base_is_token0: bool,
    decimals0: int,
    decimals1: int,
    price_limit: float | None = None,
) -> CostCurve:
    """Return the cost curve of a pool in one direction, the whole fee of that direction included.

    Its error bounds are those of `pool_curve`, `constant_product.curve` and `quoted.curve`.

    Parameters
    ----------
    decimals0, decimals1 : int
        Of the two tokens; they turn atoms into whole tokens.
    price_limit : float | None, [quote / base]
        What starts beyond this price after fee is left out.
    """
    match pool:
        case concentrated.Pool():
            return pool_curve(
                pool,
                side,
                base_is_token0=base_is_token0,
                decimals0=decimals0,
                decimals1=decimals1,
                price_limit=price_limit,
            )
        case constant_product.Pool():
            return constant_product.curve(
                pool,
                side,
                base_is_token0=base_is_token0,
                decimals0=decimals0,
                decimals1=decimals1,
                price_limit=price_limit,
            )
        case quoted.Pool():
            return quoted.curve(
                pool,
                side,
                base_is_token0=base_is_token0,
                decimals0=decimals0,
                decimals1=decimals1,
                price_limit=price_limit,
            )
