"""Trading fees: the rates of an account, and what a market makes of them. Pure.

An account's own rates (as the venue tells them) include its tier and its staking discount; a
referral, a deployer's share and the kind of quote change them from market to market. A negative
rate is a rebate. Refuses to round.

Source: Hyperliquid documentation, "Fees", with its formula for developers, read 22 Nov 2026.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

MAKER_REBATES: Final = (  # by share of the venue's maker volume above, the rate of a maker
    (Fraction(30, 1_000), Fraction(-3, 100_000)),
    (Fraction(15, 1_000), Fraction(-2, 100_000)),
    (Fraction(5, 1_000), Fraction(-1, 100_000)),
)
STAKING_DISCOUNTS: Final = (  # by tokens staked above
    (500_000, Fraction(40, 100)),
    (100_000, Fraction(30, 100)),
    (10_000, Fraction(20, 100)),
    (1_000, Fraction(15, 100)),
    (100, Fraction(10, 100)),
    (10, Fraction(5, 100)),
)
REFERRAL_DISCOUNT: Final = Fraction(4, 100)
REFERRAL_VOLUME_MAX: Final = 25_000_000
_STABLE_PAIR: Final = Fraction(2, 10)
_GROWTH: Final = Fraction(1, 10)
_ALIGNED_TAKER: Final = Fraction(8, 10)
_ALIGNED_REBATE: Final = Fraction(15, 10)
_TENTH_BPS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Fee for every unit of notional; negative is a rebate."""

    taker: Fraction
    maker: Fraction


def _rates(taker_e5: int, maker_e5: int) -> Rates:
    return Rates(Fraction(taker_e5, 100_000), Fraction(maker_e5, 100_000))


PERP_TIERS: Final = (  # by weighted volume of 14 days above
    (7_000_000_000, _rates(24, 0)),
    (2_000_000_000, _rates(26, 0)),
    (500_000_000, _rates(28, 0)),
    (100_000_000, _rates(30, 4)),
    (25_000_000, _rates(35, 8)),
    (5_000_000, _rates(40, 12)),
)
PERP_BASE: Final = _rates(45, 15)
SPOT_TIERS: Final = (
    (7_000_000_000, _rates(25, 0)),
    (2_000_000_000, _rates(30, 0)),
    (500_000_000, _rates(35, 0)),
    (100_000_000, _rates(40, 10)),
    (25_000_000, _rates(50, 20)),
    (5_000_000, _rates(60, 30)),
)
SPOT_BASE: Final = _rates(70, 40)


@dataclass(frozen=True, slots=True)
class Trader:
    """What decides an account's rates; volumes are those of 14 days, sub-accounts included."""

    perp_volume: Fraction = Fraction(0)
    spot_volume: Fraction = Fraction(0)
    maker_share: Fraction = Fraction(0)
    staked: Fraction = Fraction(0)

    @property
    def weighted_volume(self) -> Fraction:
        """Volume that counts towards a tier."""
        return self.perp_volume + 2 * self.spot_volume


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What a market makes of an account's rates.

    Attributes
    ----------
    deployer_scale : Fraction
        0 in markets of the venue's own; a builder's market has 0 to 3, mostly 1.
    is_growing : bool
        Whether the builder's market is in growth mode.
    """

    deployer_scale: Fraction = Fraction(0)
    is_growing: bool = False
    is_stable_pair: bool = False
    is_aligned_quote: bool = False

    @property
    def scale(self) -> Fraction:
        """By how much a fee is raised for the deployer."""
        share = self.deployer_scale
        return 1 + share if share < 1 else 2 * share

    @property
    def deployer_share(self) -> Fraction:
        """Which part of the fee is the deployer's."""
        share = self.deployer_scale
        return share / (1 + share) if share < 1 else Fraction(1, 2)


def perp_rates(trader: Trader) -> Rates:
    """Return the account's own rates for perpetuals."""
    return _own(trader, PERP_TIERS, PERP_BASE)


def spot_rates(trader: Trader) -> Rates:
    """Return the account's own rates for spot."""
    return _own(trader, SPOT_TIERS, SPOT_BASE)


def market_rates(
    own: Rates, terms: MarketTerms, *, referral_discount: Fraction = Fraction(0)
) -> Rates:
    """Return what an account with its own rates is charged in a market."""
    shrunk = (_STABLE_PAIR if terms.is_stable_pair else Fraction(1)) * (
        _GROWTH if terms.is_growing else Fraction(1)
    )
    raised = shrunk * terms.scale * (1 - referral_discount)
    taker = own.taker * raised * _aligned(terms, _ALIGNED_TAKER)
    if own.maker > 0:
        return Rates(taker, own.maker * raised)
    return Rates(taker, own.maker * shrunk * _aligned(terms, _ALIGNED_REBATE))


def referral_discount(volume: Fraction) -> Fraction:
    """Return the discount of a referred account that has traded so much in all."""
    return REFERRAL_DISCOUNT if volume < REFERRAL_VOLUME_MAX else Fraction(0)


def fee(notional: Fraction, rate: Fraction, *, builder_tenth_bps: int = 0) -> Fraction:
    """Return what a fill costs, the builder's fee included; negative is received."""
    return notional * (rate + Fraction(builder_tenth_bps, _TENTH_BPS))


def _own(trader: Trader, tiers: tuple[tuple[int, Rates], ...], base: Rates) -> Rates:
    volume = trader.weighted_volume
    rates = next((rates for above, rates in tiers if volume > above), base)
    kept = 1 - next((cut for above, cut in STAKING_DISCOUNTS if trader.staked > above), Fraction(0))
    rebate = next((rate for above, rate in MAKER_REBATES if trader.maker_share > above), None)
    return Rates(rates.taker * kept, rates.maker * kept if rebate is None else rebate)


# An aligned quote changes the venue's part only, never the deployer's.
def _aligned(terms: MarketTerms, factor: Fraction) -> Fraction:
    if not terms.is_aligned_quote:
        return Fraction(1)
    return (1 - terms.deployer_share) * factor + terms.deployer_share
