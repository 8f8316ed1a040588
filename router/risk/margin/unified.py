"""A unified account: one balance a collateral, for spot and the cross positions of every dex. Pure.

The venue tells one balance of each collateral, in which positions are valued already, and a ratio
to watch: the largest, over collaterals, of the maintenance margin of all cross positions over the
balance less what isolated positions hold. At one the account is liquidated. Balances of one
collateral do not cover positions of another. Refuses portfolio margin, where other assets lend.

Source: Hyperliquid documentation, "Account abstraction modes", read 22 Aug 2026. That the balance
counts the gains of open positions is our reading of its formula, which leaves no other equity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from router.domain.units import AssetId, InstrumentId
from router.risk.margin.account import Bucket
from router.risk.margin.model import ZERO, Change, Held, worst_ratio
from router.risk.margin.standard import StandardModel
from router.risk.margin.tiers import total


@dataclass(frozen=True, slots=True)
class Pool:
    """What one collateral covers.

    Attributes
    ----------
    part : StandardModel
        Its positions, of all dexs; what spot orders bind of the balance is reserved in it.
    worth : Fraction
        Atoms of the account's first collateral for one atom of this one.
    """

    part: StandardModel
    worth: Fraction = Fraction(1)


def pool(
    collateral: AssetId,
    balance: Fraction,
    positions: Sequence[Held],
    *,
    bound: Fraction = ZERO,
    worth: Fraction = Fraction(1),
) -> Pool:
    """Return the pool of a balance as told, isolated margin and gains of positions in it.

    Parameters
    ----------
    bound : Fraction
        What spot orders hold of the balance.
    """
    isolated = total([h.bucket.value for h in positions if h.is_isolated])
    worths = total([h.worth for h in positions if not h.is_isolated])
    cash = balance - isolated - worths
    return Pool(StandardModel(collateral, cash, tuple(positions), bound), worth)


@dataclass(frozen=True, slots=True)
class UnifiedModel:
    """Pools by collateral; money is counted in the first's. Satisfies `MarginModel`.

    `equity`, `initial`, `maintenance`, `available` and what may be taken out are the first pool's;
    value and what is used count all, and the ratio is that of the worst.
    """

    pools: tuple[Pool, ...]

    @property
    def collateral(self) -> AssetId:
        """Of the first pool."""
        return self._first.collateral

    @property
    def positions(self) -> tuple[Held, ...]:
        """All positions of all pools, each in its own collateral."""
        return tuple(h for p in self.pools for h in p.part.positions)

    @property
    def value(self) -> Fraction:
        """What all pools are worth, isolated margin included."""
        return total([p.worth * p.part.value for p in self.pools])

    @property
    def equity(self) -> Fraction:
        """Balance less isolated margin."""
        return self._first.equity

    @property
    def initial(self) -> Fraction:
        """What binds the equity."""
        return self._first.initial

    @property
    def maintenance(self) -> Fraction:
        """Equity at which cross positions are liquidated."""
        return self._first.maintenance

    @property
    def margin_used(self) -> Fraction:
        """Opening margin of cross positions, and everything isolated positions hold."""
        return total([p.worth * p.part.margin_used for p in self.pools])

    @property
    def available(self) -> Fraction:
        """Free collateral: what may open more."""
        return self._first.available

    @property
    def transfer_requirement(self) -> Fraction:
        """Equity that must stay when something is taken out."""
        return self._first.transfer_requirement

    @property
    def withdrawable(self) -> Fraction:
        """What may be taken out of the first collateral, spot orders deducted."""
        return self._first.withdrawable

    @property
    def risk_ratio(self) -> Fraction | None:
        """What must be kept over what there is, of the worst pool or isolated position."""
        return worst_ratio(self._buckets)

    @property
    def is_liquidatable(self) -> bool:
        """Whether the ratio of a pool reached one, or an isolated position fell below its margin.

        Other than in a standard account, equity that only just covers is liquidated.
        """
        pools = (p.part.cross for p in self.pools)
        isolated = (b for p in self.pools for b in p.part.account.isolated)
        return any(b.maintenance and b.value <= b.maintenance for b in pools) or any(
            b.is_liquidatable for b in isolated
        )

    def held(self, instrument: InstrumentId) -> Held:
        """Return a position; KeyError where the market is unknown."""
        return self._part(instrument).held(instrument)

    def liquidation_price(self, instrument: InstrumentId) -> Fraction | None:
        """Return the mark at which the position's pool is liquidated, in the pool's collateral."""
        return self._part(instrument).liquidation_price(instrument)

    def backstop_price(self, instrument: InstrumentId) -> Fraction | None:
        """Return the mark beyond which the venue's liquidator takes the pool over."""
        return self._part(instrument).backstop_price(instrument)

    def distance(self, instrument: InstrumentId) -> Fraction | None:
        """Return how far the mark may still go, of the mark; negative once it went too far."""
        return self._part(instrument).distance(instrument)

    def after(self, changes: Sequence[Change]) -> "UnifiedModel":
        """Return the account after fills, in their order; KeyError for an unknown market."""
        model = self
        for change in changes:
            part = model._part(change.instrument)
            model = model._with(part, part.after([change]))
        return model

    def at_marks(self, marks: Mapping[InstrumentId, Fraction]) -> "UnifiedModel":
        """Return the account at other marks."""
        return replace(
            self, pools=tuple(replace(p, part=p.part.at_marks(marks)) for p in self.pools)
        )

    def reserving(self, atoms: Fraction) -> "UnifiedModel":
        """Return the account with more of its first collateral promised."""
        return self._with(self._first, self._first.reserving(atoms))

    @property
    def _first(self) -> StandardModel:
        return self.pools[0].part

    @property
    def _buckets(self) -> tuple[Bucket, ...]:
        return tuple(b for p in self.pools for b in (p.part.cross, *p.part.account.isolated))

    def _part(self, instrument: InstrumentId) -> StandardModel:
        for candidate in self.pools:
            if any(h.instrument == instrument for h in candidate.part.positions):
                return candidate.part
        raise KeyError(instrument)

    def _with(self, part: StandardModel, after: StandardModel) -> "UnifiedModel":
        pools = (replace(p, part=after) if p.part is part else p for p in self.pools)
        return replace(self, pools=tuple(pools))
