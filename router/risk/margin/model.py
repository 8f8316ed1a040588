"""What every account model answers, whatever the venue's rules: the one shape others build on.

Sizes are in lots of the instrument, signed; prices are in atoms of the collateral for a lot; money
is in atoms of the collateral. All of it is exact: whoever needs atoms names the rounding. Refuses
to know a venue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Protocol

from router.domain.margin import InitialMargin
from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import Bucket, Holding
from router.risk.margin.pieces import initial_margin

ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Held:
    """A position, or the place of one: its terms stand even where its size is zero.

    Attributes
    ----------
    holding : Holding
        Size in lots, mark in collateral atoms for a lot.
    own_cash : Fraction
        Isolated positions: their own cash leg; zero where the size is.
    buys, sells : Fraction, [lots]
        Resting orders that could make the position larger.
    rule : InitialMargin
        How the venue reckons the margin that opens it.
    """

    instrument: InstrumentId
    asset: AssetId
    holding: Holding
    is_isolated: bool = False
    own_cash: Fraction = ZERO
    buys: Fraction = ZERO
    sells: Fraction = ZERO
    rule: InitialMargin = InitialMargin.AT_LEVERAGE

    @property
    def size(self) -> Fraction:
        """Signed, in lots."""
        return self.holding.size

    @property
    def worth(self) -> Fraction:
        """Signed value at the mark."""
        return self.holding.size * self.holding.mark

    @property
    def initial(self) -> Fraction:
        """Margin to open the position as it is."""
        return self._opening(abs(self.size))

    @property
    def resting(self) -> Fraction:
        """What resting orders bind beyond: as if all buys filled, or all sells, what is more."""
        largest = max(abs(self.size + self.buys), abs(self.size - self.sells))
        return self._opening(largest) - self.initial

    @property
    def bucket(self) -> Bucket:
        """The bucket of an isolated position."""
        assert self.is_isolated, "a cross position has no bucket of its own"
        return Bucket(self.own_cash, (self.holding,))

    def at(self, mark: Fraction) -> "Held":
        """Return the position at another mark."""
        return replace(self, holding=replace(self.holding, mark=mark))

    def sized(self, size: Fraction, own_cash: Fraction = ZERO) -> "Held":
        """Return the position with another size."""
        return replace(self, holding=replace(self.holding, size=size), own_cash=own_cash)

    def _opening(self, size: Fraction) -> Fraction:
        held = self.holding
        return initial_margin(size * held.mark, held.tiers, leverage=held.leverage, rule=self.rule)


@dataclass(frozen=True, slots=True)
class Change:
    """A fill that might be: signed lots at a price for a lot, and its fee in atoms."""

    instrument: InstrumentId
    lots: Fraction
    price: Fraction
    fee: Fraction = ZERO


class MarginModel(Protocol):
    """An account as its venue judges it.

    What an account shares among its positions is its equity; `equity`, `initial` and `maintenance`
    are of that part. Isolated positions are judged each by itself; `value`, `margin_used`,
    `risk_ratio` and `is_liquidatable` see them, too.
    """

    @property
    def collateral(self) -> AssetId:
        """What money is counted in."""
        ...

    @property
    def positions(self) -> tuple[Held, ...]:
        """All positions, and markets in which there could be one."""
        ...

    @property
    def value(self) -> Fraction:
        """What the account is worth, isolated margin included."""
        ...

    @property
    def equity(self) -> Fraction:
        """What cross positions share: cash, and the positions at their marks."""
        ...

    @property
    def initial(self) -> Fraction:
        """What binds the equity: the opening margin of cross positions, and resting orders."""
        ...

    @property
    def maintenance(self) -> Fraction:
        """Equity at which cross positions are liquidated."""
        ...

    @property
    def margin_used(self) -> Fraction:
        """Opening margin of cross positions, and everything isolated positions hold."""
        ...

    @property
    def available(self) -> Fraction:
        """Free collateral: what may open more, reservations deducted."""
        ...

    @property
    def transfer_requirement(self) -> Fraction:
        """Equity that must stay when something is taken out."""
        ...

    @property
    def withdrawable(self) -> Fraction:
        """What may be taken out, reservations deducted."""
        ...

    @property
    def risk_ratio(self) -> Fraction | None:
        """What must be kept over what there is, of the worst bucket.

        Zero without positions. None where a bucket that must keep something is worth nothing.
        """
        ...

    @property
    def is_liquidatable(self) -> bool:
        """Whether the venue sells positions."""
        ...

    def held(self, instrument: InstrumentId) -> Held:
        """Return a position; KeyError where the market is unknown."""
        ...

    def liquidation_price(self, instrument: InstrumentId) -> Fraction | None:
        """Return the mark at which the position is liquidated, other marks held; None: at none."""
        ...

    def backstop_price(self, instrument: InstrumentId) -> Fraction | None:
        """Return the mark at which the venue takes positions and margin over."""
        ...

    def distance(self, instrument: InstrumentId) -> Fraction | None:
        """Return how far the mark may still go, of the mark; negative once it went too far."""
        ...

    def after(self, changes: Sequence[Change]) -> "MarginModel":
        """Return the account after fills, in their order; resting orders stay as they are."""
        ...

    def at_marks(self, marks: Mapping[InstrumentId, Fraction]) -> "MarginModel":
        """Return the account at other marks; those not named stay."""
        ...

    def reserving(self, atoms: Fraction) -> "MarginModel":
        """Return the account with more of its equity promised."""
        ...


def place_of(positions: Sequence[Held], instrument: InstrumentId) -> int:
    """Return which position is that of an instrument.

    Raises
    ------
    KeyError
        If the account knows no such market.
    """
    for place, held in enumerate(positions):
        if held.instrument == instrument:
            return place
    raise KeyError(instrument)


def distance_to(held: Held, price: Fraction | None) -> Fraction | None:
    """Return how far the mark of a position is from a price that hurts it, of the mark."""
    if price is None:
        return None
    mark = held.holding.mark
    return (mark - price if held.size > 0 else price - mark) / mark


def worst_ratio(buckets: Sequence[Bucket]) -> Fraction | None:
    """Return maintenance over value where it is largest; see `MarginModel.risk_ratio`."""
    worst = ZERO
    for bucket in buckets:
        needed, value = bucket.maintenance, bucket.value
        if needed == 0:
            continue
        if value <= 0:
            return None
        worst = max(worst, needed / value)
    return worst
