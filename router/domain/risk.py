"""What was found of the desk's risk, and the rules it is judged by.

Found outside the engine, at an interval and before every plan, and journaled as a fact: decisions
are taken on it, and a replay takes the same ones.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from router.domain.margin import StressScenario
from router.domain.units import (
    AccountId,
    DurationNs,
    InstrumentId,
    Pico,
    Pips,
    TimestampNs,
    VenueId,
)


class Zone(enum.StrEnum):
    """How near an account is to being liquidated, from far to there."""

    SAFE = "safe"
    EARLY = "early"  # somebody should look
    SOFT = "soft"  # positions are reduced, at a pace that costs little
    HARD = "hard"  # positions are reduced now
    LIQUIDATED = "liquidated"  # the venue does it


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """When an account is in which zone, and what is done: liquidation preferences.

    The measure is maintenance margin over equity: 1,000,000 pips is where the venue liquidates. It
    is taken at the venue's marks, or at the middle of the book where that is worse for us: a late
    mark says it too late.

    Attributes
    ----------
    early_pips, soft_pips, hard_pips : Pips
        Ascending.
    target_pips : Pips
        Where reducing ends; below `soft_pips`.
    slice_max_pips : Pips
        Most of the visible depth, on the side it takes, that one slice may use.
    cost_max_pips : Pips
        Most that a slice may cost in the soft zone, against the same price, fee included. The hard
        zone has no such bound, but that the slice must release more margin than it costs.
    """

    venue: VenueId
    early_pips: Pips
    soft_pips: Pips
    hard_pips: Pips
    target_pips: Pips
    slice_max_pips: Pips
    cost_max_pips: Pips


@dataclass(frozen=True, slots=True)
class GateRules:
    """When an account may share its margin among positions.

    Attributes
    ----------
    age_max : DurationNs
        An assessment older than this says nothing; the account is then only reduced.
    interval : DurationNs
        How often accounts are assessed.
    """

    age_max: DurationNs
    interval: DurationNs


@dataclass(frozen=True, slots=True)
class ScenarioOutcome:
    """What a scenario leaves of an account, in collateral atoms.

    Attributes
    ----------
    room_atoms : int
        Equity less maintenance less the buffer that must be left; negative is short.
    """

    scenario: str
    equity_atoms: int
    maintenance_atoms: int
    room_atoms: int


@dataclass(frozen=True, slots=True)
class AccountAssessment:
    """One perp account, now and in the scenario that is worst for it.

    Attributes
    ----------
    unknown : str
        Why the account could not be assessed whole; empty where it was.
    worst : ScenarioOutcome | None
        Of least room; None where no scenario is asked.
    """

    account: AccountId
    venue: VenueId
    equity_atoms: int
    initial_atoms: int
    maintenance_atoms: int
    zone: Zone
    worst: ScenarioOutcome | None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A position to be made smaller before the venue does it.

    Attributes
    ----------
    lots : int
        Signed change: negative sells.
    slippage_max_pips : Pips
        Bound of the order that does it.
    hedges : tuple of InstrumentId
        Whose cuts this one goes with: it is the hedge, and not cut where they could not be.
    """

    instrument: InstrumentId
    lots: int
    slippage_max_pips: Pips
    reason: str
    hedges: tuple[InstrumentId, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """All perp accounts at one moment, and what should be reduced."""

    accounts: tuple[AccountAssessment, ...]
    cuts: tuple[Cut, ...]
    at: TimestampNs

    def of(self, account: AccountId) -> AccountAssessment | None:
        """Return what was found of an account."""
        return next((a for a in self.accounts if a.account == account), None)


@dataclass(frozen=True, slots=True)
class Guards:
    """What a plan must keep to, beside its own problem, for what is known of risk now.

    Attributes
    ----------
    without : Mapping[InstrumentId, str]
        Markets that are not used, and why.
    reduces_only : Mapping[AccountId, str]
        Accounts that may only reduce, and why.
    scenarios : Mapping[AccountId, tuple of StressScenario]
        What an account must survive beside what all must.
    funding_per_hour : Mapping[InstrumentId, Pico]
        Expected over the holding horizon; where there is none, the venue's rate of now.
    alarms : tuple of str
        What somebody should know, whatever becomes of the order.
    asks_scenarios : bool
        Whether scenarios are asked at all: not of what keeps an account from being liquidated now.
    """

    without: Mapping[InstrumentId, str] = field(default_factory=dict)
    reduces_only: Mapping[AccountId, str] = field(default_factory=dict)
    scenarios: Mapping[AccountId, tuple[StressScenario, ...]] = field(default_factory=dict)
    funding_per_hour: Mapping[InstrumentId, Pico] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    asks_scenarios: bool = True
