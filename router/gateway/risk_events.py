"""What is told of risk to whoever listens: frozen, in integers, ready for the journal's codec.

Some are states, of which the latest says all there is; the others happened, and each counts.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from router.domain.order import Fill
from router.domain.risk import Zone
from router.domain.switch import SwitchSetting
from router.domain.units import AccountId, ParentId, Side, TimestampNs, VenueId
from router.journal import codec
from router.reconciliation.equity import Discrepancy, EquityCheck
from router.risk.funding_watch import FundingRow
from router.risk.report import AccountRisk
from router.risk.stress.table import ScenarioRow
from router.state.profit_report import ProfitReport


@dataclass(frozen=True, slots=True)
class ProfitTold:
    """Profit and loss and inventory at the marks of an assessment; `sums` by quote asset."""

    profit: ProfitReport


@dataclass(frozen=True, slots=True)
class MarginTold:
    """Equity and margin of every perp account, in collateral atoms."""

    accounts: tuple[AccountRisk, ...]


@dataclass(frozen=True, slots=True)
class ReconciliationTold:
    """Our record against the venues'.

    Attributes
    ----------
    is_compared : bool
        Whether the ledger could be compared: not while it moves.
    equity : tuple of EquityCheck
        The venues' own equity against their own cash and positions.
    unreadable : tuple of (AccountId, str)
        Accounts that could not be read, and why.
    """

    is_compared: bool
    discrepancies: tuple[Discrepancy, ...]
    equity: tuple[EquityCheck, ...]
    unreadable: tuple[tuple[AccountId, str], ...]


@dataclass(frozen=True, slots=True)
class SwitchesTold:
    """Every switch that was ever set, as it stands."""

    switches: tuple[SwitchSetting, ...]


@dataclass(frozen=True, slots=True)
class FundingTold:
    """The funding watchlist."""

    rows: tuple[FundingRow, ...]


@dataclass(frozen=True, slots=True)
class StressTold:
    """What every scenario comes to over the firm."""

    rows: tuple[ScenarioRow, ...]


@dataclass(frozen=True, slots=True)
class ZoneChanged:
    """An account came nearer to being liquidated, or further from it."""

    account: AccountId
    before: Zone
    now: Zone


@dataclass(frozen=True, slots=True)
class FillTold:
    """One execution of ours."""

    parent: ParentId
    venue: VenueId
    account: AccountId
    side: Side
    fill: Fill


RiskEvent: TypeAlias = (
    ProfitTold
    | MarginTold
    | ReconciliationTold
    | SwitchesTold
    | FundingTold
    | StressTold
    | ZoneChanged
    | FillTold
)
HAPPENINGS: Final = (ZoneChanged, FillTold)


@dataclass(frozen=True, slots=True)
class Published:
    """An event and its place in the feed.

    Attributes
    ----------
    feed : str
        Numbers of another feed are other events: a daemon that starts again begins another.
    sequence : int
        From 1 on, without gaps; a subscriber that is slow does not see every state.
    """

    feed: str
    sequence: int
    event: RiskEvent
    at: TimestampNs


@dataclass(frozen=True, slots=True)
class PlaceLost:
    """What a subscriber was not told can no longer be: begin again from the snapshot.

    Attributes
    ----------
    sequence : int
        Of the newest event.
    """

    feed: str
    sequence: int
    reason: str


def encode(told: Published | PlaceLost) -> bytes:
    """Return it as one line of JSON: the name of its class, then its fields."""
    return codec.encode(told)
