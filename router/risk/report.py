"""What a risk officer reads of accounts: margin, how far liquidation is, what scenarios leave."""

from dataclasses import dataclass

from router.domain.risk import AccountAssessment, ScenarioOutcome
from router.domain.units import AssetId, InstrumentId, Pips, Price


@dataclass(frozen=True, slots=True)
class PositionRisk:
    """One position.

    Attributes
    ----------
    notional_atoms : int
        Signed, at the mark, in collateral atoms.
    mark, liquidation : Price | None
        None where the instrument is not configured, or no price liquidates it.
    distance_pips : Pips | None
        How far the mark may move against it, the others standing still; negative is past it.
    """

    instrument: InstrumentId
    asset: AssetId
    lots: int
    notional_atoms: int
    initial_atoms: int
    maintenance_atoms: int
    is_isolated: bool
    mark: Price | None
    liquidation: Price | None
    distance_pips: Pips | None


@dataclass(frozen=True, slots=True)
class AccountRisk:
    """One perp account, money in atoms of its collateral.

    Attributes
    ----------
    ratio_pips : Pips | None
        Maintenance over equity, of the bucket that is worst; 1,000,000 is liquidation. None where
        a bucket that needs margin is worth nothing.
    reduces_only : str
        Why it may only reduce; empty where it may grow.
    outcomes : tuple of ScenarioOutcome
        One a scenario, as it is configured.
    """

    found: AccountAssessment
    collateral: AssetId
    value_atoms: int
    available_atoms: int
    withdrawable_atoms: int
    transfer_requirement_atoms: int
    ratio_pips: Pips | None
    reduces_only: str
    positions: tuple[PositionRisk, ...]
    outcomes: tuple[ScenarioOutcome, ...]
