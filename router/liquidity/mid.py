"""The price at which a pool stands, before fees. Exact ratios; nothing is traded."""

from router.domain.instrument import Instrument
from router.domain.market import AnyPoolSnapshot, PoolSnapshot, QuotedSnapshot, ReservesSnapshot
from router.domain.units import Price


def has_mid(pool: AnyPoolSnapshot) -> bool:
    """Tell whether a pool shows a price: one known by quotes may give nothing one way."""
    match pool:
        case PoolSnapshot():
            return pool.sqrt_price_x96 > 0
        case ReservesSnapshot():
            return pool.reserve0 > 0 and pool.reserve1 > 0
        case QuotedSnapshot():
            return bool(pool.zero_for_one and pool.one_for_zero)


def pool_mid(instrument: Instrument, pool: AnyPoolSnapshot) -> Price:
    """Return the exact price of a pool in its instrument's pair, before fees.

    Of a pool that is known by quotes only, the mean of its smallest quote each way, which must be
    there.
    """
    ratio = _ratio(pool)
    atoms = ratio if instrument.base_is_token0 else ratio[::-1]
    return Price(instrument.base.id, instrument.quote.id, *atoms)


# Token1 atoms over token0 atoms.
def _ratio(pool: AnyPoolSnapshot) -> tuple[int, int]:
    match pool:
        case PoolSnapshot():
            return pool.sqrt_price_x96**2, 1 << 192
        case ReservesSnapshot():
            return pool.reserve1, pool.reserve0
        case QuotedSnapshot():
            (in0, out1), (in1, out0) = pool.zero_for_one[0], pool.one_for_zero[0]
            return out0 * out1 + in0 * in1, 2 * in0 * out0
