"""The stress table a risk officer reads: each scenario over the whole desk, as integers.

Equity, maintenance and room of an account are the exact verdict's; forced sales, slippage, exposure
and what they add up to come from arrays of floats, rounded against us to an atom of the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from router.domain.account import AccountSnapshot
from router.domain.instrument import Asset, Instrument
from router.domain.limits import Limits
from router.domain.observation import Survey
from router.domain.risk import ScenarioOutcome
from router.domain.stress import Scenario
from router.domain.units import PIPS_PER_UNIT, AccountId, AssetId, InstrumentId
from router.risk.stress.book import StressBook
from router.risk.stress.exact import Exposure, exposure, outcome, stress_buffer
from router.risk.stress.run import Outcomes, outcomes
from router.risk.stress.surveyed import stress_book


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account in a scenario, in atoms of its collateral; nothing is sold yet in the first four.

    Attributes
    ----------
    hidden_atoms : int
        Loss that the venue's late marks do not show yet; negative is gain.
    first : InstrumentId | None
        What the venue sells first, of isolated positions last; None where it sells nothing.
    is_lost : bool
        The venue's liquidator takes everything over.
    is_fallen : bool
        Short only because forced sales of others moved prices.
    is_stuck : bool
        The venue takes no order of ours.
    exit_cost_atoms, exit_unsold_atoms : int
        What closing everything ourselves costs, and the notional that books do not take.
    """

    account: AccountId
    equity_atoms: int
    maintenance_atoms: int
    room_atoms: int
    hidden_atoms: int
    first: InstrumentId | None
    is_lost: bool
    is_fallen: bool
    is_stuck: bool
    exit_cost_atoms: int
    exit_unsold_atoms: int

    @property
    def is_liquidated(self) -> bool:
        """Whether the venue sells of it, or takes it over."""
        return self.first is not None or self.is_lost


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario over the firm, in atoms of the reference.

    Attributes
    ----------
    pnl_atoms : int
        Change of all that the firm owns, forced sales, pegs and gas included.
    equity_atoms : int
        Of all accounts after forced sales, as what the collateral is then worth.
    sold_atoms, slippage_atoms : int
        Forced sales: notional, and what they cost against the mark with fees.
    shortfall_atoms : int
        What would have to be paid in so that every account keeps its buffer.
    first_account, first_position : str
        The account that is shortest, and what goes first there; empty where none is short.
    delta : tuple of (AssetId, int)
        Net exposure after forced sales, deleveraging and gap, by asset: what is not hedged.
    """

    scenario: str
    reference: AssetId
    pnl_atoms: int
    equity_atoms: int
    inventory_atoms: int
    gas_atoms: int
    sold_atoms: int
    slippage_atoms: int
    shortfall_atoms: int
    first_account: str
    first_position: str
    delta: tuple[tuple[AssetId, int], ...]
    accounts: tuple[AccountRow, ...]

    @property
    def liquidated(self) -> tuple[AccountId, ...]:
        """Which accounts are liquidated."""
        return tuple(row.account for row in self.accounts if row.is_liquidated)


def stress_table(
    survey: Survey, instruments: Sequence[Instrument], limits: Limits
) -> tuple[ScenarioRow, ...]:
    """Return a row for each scenario of the limits; none where there are no perp accounts."""
    return scenario_table(survey, instruments, limits, scenarios=limits.stresses)


def scenario_table(
    survey: Survey,
    instruments: Sequence[Instrument],
    limits: Limits,
    *,
    scenarios: Sequence[Scenario],
) -> tuple[ScenarioRow, ...]:
    """Return a row for each scenario: for what-ifs."""
    perps = {i.account: i for i in instruments if not i.is_on_chain}
    if not perps or not scenarios:
        return ()
    book = stress_book(survey, instruments, limits)
    held = [
        _Held(_exposure(snapshot, perps[snapshot.account], limits), perps[snapshot.account].quote)
        for snapshot in survey.observation.accounts
        if snapshot.account in perps
    ]
    sheet = _Sheet(book, outcomes(book, scenarios), next(iter(perps.values())).quote)
    return tuple(sheet.row(column, scenario, held) for column, scenario in enumerate(scenarios))


def _exposure(snapshot: AccountSnapshot, perp: Instrument, limits: Limits) -> Exposure:
    buffer = stress_buffer(limits, venue=perp.venue, collateral=perp.quote.id)
    return exposure(snapshot, venue=perp.venue, buffer_atoms=buffer)


# The first buckets of a surveyed book are its accounts, in their order.
@dataclass(frozen=True, slots=True)
class _Held:
    exposure: Exposure
    collateral: Asset


@dataclass(frozen=True, slots=True)
class _Sheet:
    book: StressBook
    found: Outcomes
    reference: Asset

    def row(self, column: int, scenario: Scenario, held: Sequence[_Held]) -> ScenarioRow:
        found, forced = self.found, self.found.forced
        accounts = tuple(
            self._account((bucket, column), outcome(one.exposure, scenario), one.collateral)
            for bucket, one in enumerate(held)
        )
        short = [row for row in accounts if row.is_liquidated]
        worst = min(short, key=lambda row: row.equity_atoms - row.maintenance_atoms, default=None)
        collaterals = [self.book.assets[place] for place in self.book.buckets.collateral]
        pegs = [scenario.peg(asset) / PIPS_PER_UNIT for asset in collaterals]
        kept = np.array(pegs) * found.contagion.equity[:, column]
        lost = forced.costs[:, column].sum() + forced.fees[:, column].sum()
        return ScenarioRow(
            scenario=scenario.name,
            reference=self.reference.id,
            pnl_atoms=self._down(found.total[column]),
            equity_atoms=self._down(kept.sum()),
            inventory_atoms=self._down(found.inventory[column]),
            gas_atoms=self._up(found.gas[column]),
            sold_atoms=self._up(forced.sold[:, column].sum()),
            slippage_atoms=self._up(lost),
            shortfall_atoms=self._up(found.shortfall[:, column].sum()),
            first_account="" if worst is None else worst.account,
            first_position="" if worst is None or worst.first is None else worst.first,
            delta=tuple(
                (asset, self._down(value))
                for asset, value in zip(self.book.assets, found.delta_after[:, column], strict=True)
                if value
            ),
            accounts=accounts,
        )

    def _account(
        self, place: tuple[int, int], exact: ScenarioOutcome, collateral: Asset
    ) -> AccountRow:
        bucket, column = place
        found, unit = self.found, 10**collateral.decimals
        account = self.book.buckets.account[bucket]
        own = np.flatnonzero(self.book.buckets.account == account)  # the shared bucket is first
        first = next((int(p) for p in found.forced.first[own, column] if p >= 0), -1)
        hidden = found.shown[bucket, column] - found.equity[bucket, column]
        return AccountRow(
            account=self.book.accounts[account],
            equity_atoms=exact.equity_atoms,
            maintenance_atoms=exact.maintenance_atoms,
            room_atoms=exact.room_atoms,
            hidden_atoms=ceil(hidden * unit),
            first=self.book.positions.markets[first] if first >= 0 else None,
            is_lost=bool(found.forced.is_lost[bucket, column]),
            is_fallen=bool(found.contagion.is_fallen[bucket, column]),
            is_stuck=bool(found.is_stuck[bucket, column]),
            exit_cost_atoms=ceil(found.exit_cost[bucket, column] * unit),
            exit_unsold_atoms=ceil(found.exit_unsold[bucket, column] * unit),
        )

    def _down(self, value: float) -> int:
        return floor(value * 10.0**self.reference.decimals)

    def _up(self, value: float) -> int:
        return ceil(value * 10.0**self.reference.decimals)
