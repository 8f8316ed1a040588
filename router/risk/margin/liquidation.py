"""At which price of one market a bucket is liquidated, the other prices held. Pure.

The value of the bucket less its requirement is piecewise linear in the price and strictly monotone,
for no tier keeps more than half of the notional: there is one root, in one tier. A long position
without tiers, opened at leverage one, is kept by all it is worth: no price decides there. Refuses a
price that is not positive: then no price of this market liquidates the bucket.

Source: Hyperliquid documentation, "Liquidations", read 22 Aug 2026; deductions of tiers as in
"Margin tiers".
"""

from fractions import Fraction

from router.risk.margin.account import BACKSTOP_SHARE, Bucket
from router.risk.margin.tiers import total


def liquidation_price(
    bucket: Bucket, index: int, *, share: Fraction = Fraction(1)
) -> Fraction | None:
    """Return the price at which the value meets a share of the maintenance margin.

    Parameters
    ----------
    index : int
        Which of the holdings moves.
    share : Fraction
        One where positions are sold on the book.

    Returns
    -------
    Fraction or None
        On the other side of the mark where the bucket is below its requirement already. None where
        there is no such price.
    """
    held = bucket.holdings[index]
    if held.size == 0:
        return None
    others = [h for place, h in enumerate(bucket.holdings) if place != index]
    fixed = bucket.value - held.size * held.mark - share * total([h.maintenance for h in others])
    for tier, deduction in zip(held.tiers.tiers, held.tiers.deductions, strict=True):
        slope = held.size - share * abs(held.size) * tier.rate
        if slope == 0:
            continue  # all of it is kept: its price neither saves nor sinks the bucket
        price = -(fixed + share * deduction) / slope
        notional = abs(held.size) * price
        if price > 0 and held.tiers.tiers[held.tiers.index(notional)] == tier:
            return price
    return None


def backstop_price(bucket: Bucket, index: int) -> Fraction | None:
    """Return the price at which the venue's liquidator takes over."""
    return liquidation_price(bucket, index, share=BACKSTOP_SHARE)
