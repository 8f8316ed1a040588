"""A standard account: cross positions of a dex share its cash, isolated ones have theirs. Pure.

Refuses spot, other dexs and other collateral: they are accounts of their own here, and count in
`book`. Refuses to round.

Source: Hyperliquid documentation, "Margining", "Liquidations", read 22 Aug 2026.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import BACKSTOP_SHARE, TRANSFER_SHARE, Bucket, StandardAccount
from router.risk.margin.fills import filled
from router.risk.margin.liquidation import liquidation_price
from router.risk.margin.model import ZERO, Change, Held, distance_to, place_of, worst_ratio
from router.risk.margin.tiers import total


@dataclass(frozen=True, slots=True)
class StandardModel:
    """An account with named positions; satisfies `MarginModel`.

    Attributes
    ----------
    cash : Fraction
        Signed cash leg of the cross bucket; the cost of its positions is in it.
    reserved : Fraction
        What legs in flight may still take of the equity.
    """

    collateral: AssetId
    cash: Fraction
    positions: tuple[Held, ...]
    reserved: Fraction = ZERO

    @property
    def account(self) -> StandardAccount:
        """The account without names."""
        own = tuple(h.bucket for h in self.positions if h.is_isolated)
        return StandardAccount(self.cross, own)

    @property
    def cross(self) -> Bucket:
        """What cross positions share."""
        return Bucket(self.cash, tuple(h.holding for h in self.positions if not h.is_isolated))

    @property
    def value(self) -> Fraction:
        """What the account is worth, isolated margin included."""
        return self.account.value

    @property
    def equity(self) -> Fraction:
        """Cash, and the cross positions at their marks."""
        return self.cross.value

    @property
    def initial(self) -> Fraction:
        """What binds the equity: opening margin, and resting orders of every market."""
        opened = total([h.initial for h in self.positions if not h.is_isolated])
        return opened + total([h.resting for h in self.positions])

    @property
    def maintenance(self) -> Fraction:
        """Equity below which cross positions are liquidated."""
        return self.cross.maintenance

    @property
    def margin_used(self) -> Fraction:
        """Opening margin of cross positions, and everything isolated positions hold."""
        own = total([h.bucket.value for h in self.positions if h.is_isolated])
        return total([h.initial for h in self.positions if not h.is_isolated]) + own

    @property
    def available(self) -> Fraction:
        """Free collateral: what may open more."""
        return max(ZERO, self.equity - self.initial - self.reserved)

    @property
    def transfer_requirement(self) -> Fraction:
        """Equity that must stay when something is taken out."""
        notional = total([h.notional for h in self.cross.holdings])
        return max(self.initial, TRANSFER_SHARE * notional)

    @property
    def withdrawable(self) -> Fraction:
        """What may be taken out; isolated positions neither give nor bind."""
        return max(ZERO, self.equity - self.transfer_requirement - self.reserved)

    @property
    def risk_ratio(self) -> Fraction | None:
        """What must be kept over what there is, of the worst bucket; beyond 1 it is sold."""
        return worst_ratio((self.cross, *self.account.isolated))

    @property
    def is_liquidatable(self) -> bool:
        """Whether the venue sells positions of any bucket."""
        buckets = (self.cross, *self.account.isolated)
        return any(b.is_liquidatable for b in buckets if any(h.size for h in b.holdings))

    def held(self, instrument: InstrumentId) -> Held:
        """Return a position; KeyError where the market is unknown."""
        return self.positions[place_of(self.positions, instrument)]

    def liquidation_price(self, instrument: InstrumentId) -> Fraction | None:
        """Return the mark beyond which the position's bucket is sold; None where there is none."""
        return self._price(instrument, Fraction(1))

    def backstop_price(self, instrument: InstrumentId) -> Fraction | None:
        """Return the mark beyond which the venue's liquidator takes the bucket over."""
        return self._price(instrument, BACKSTOP_SHARE)

    def distance(self, instrument: InstrumentId) -> Fraction | None:
        """Return how far the mark may still go, of the mark; negative once it went too far."""
        return distance_to(self.held(instrument), self.liquidation_price(instrument))

    def after(self, changes: Sequence[Change]) -> "StandardModel":
        """Return the account after fills, in their order; KeyError for an unknown market."""
        cash, positions = self.cash, list(self.positions)
        for change in changes:
            place = place_of(positions, change.instrument)
            cash, positions[place] = filled(cash, positions[place], change)
        return replace(self, cash=cash, positions=tuple(positions))

    def at_marks(self, marks: Mapping[InstrumentId, Fraction]) -> "StandardModel":
        """Return the account at other marks."""
        moved = (h.at(marks.get(h.instrument, h.holding.mark)) for h in self.positions)
        return replace(self, positions=tuple(moved))

    def reserving(self, atoms: Fraction) -> "StandardModel":
        """Return the account with more of its equity promised."""
        return replace(self, reserved=self.reserved + atoms)

    def _price(self, instrument: InstrumentId, share: Fraction) -> Fraction | None:
        held = self.held(instrument)
        if held.is_isolated:
            return liquidation_price(held.bucket, 0, share=share)
        cross = [h for h in self.positions if not h.is_isolated]
        return liquidation_price(self.cross, place_of(cross, instrument), share=share)
