"""All that is known of the desk's risk at one moment, and what follows from it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from router.domain.margin import Reservation
from router.domain.observation import Survey
from router.domain.risk import Assessment
from router.domain.switch import SwitchSetting
from router.domain.units import AccountId, AssetId, TimestampNs
from router.risk import deleverage
from router.risk.accounts import Judged, account_risks
from router.risk.funding_watch import FundingRow, watchlist
from router.risk.price_guard import Reference, reference
from router.risk.report import AccountRisk
from router.risk.stress.gate import reduced_accounts
from router.risk.stress.table import ScenarioRow, stress_table
from router.risk.transfers import Suggestion, suggestions
from router.state.profit_report import ProfitReport, profit_at
from router.state.world import World


@dataclass(frozen=True, slots=True)
class PairPrice:
    """What a pair is worth by the price guard; None where too few sources say so."""

    base: AssetId
    quote: AssetId
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class RiskReport:
    """What a risk officer reads; `assessment` is what decisions are taken on.

    Attributes
    ----------
    epoch : int
        Of the ledger when the survey began: what it says is of then.
    transfers : tuple of Suggestion
        What would make accounts whole that are short; nothing does it by itself.
    """

    assessment: Assessment
    accounts: tuple[AccountRisk, ...]
    stress: tuple[ScenarioRow, ...]
    funding: tuple[FundingRow, ...]
    prices: tuple[PairPrice, ...]
    profit: ProfitReport
    switches: tuple[SwitchSetting, ...]
    survey: Survey
    epoch: int
    transfers: tuple[Suggestion, ...] = ()


def assess(
    world: World,
    survey: Survey,
    *,
    epoch: int,
    at: TimestampNs,
    reservations: Iterable[Reservation] = (),
) -> RiskReport:
    """Return what a survey comes to, and what legs in flight may take of the accounts."""
    reserved: dict[AccountId, int] = {}
    for one in reservations:
        reserved[one.account] = reserved.get(one.account, 0) + one.amount.atoms
    instruments, limits = world.configured, world.limits
    reduction = deleverage.assess(survey, instruments, limits, before=world.assessment)
    last = () if world.assessment is None else world.assessment.accounts
    before = {one.account: one.zone for one in last}
    judged = Judged(limits, instruments, reduction.zones, reserved, before)
    accounts = account_risks(survey, judged)
    assessment = Assessment(tuple(a.found for a in accounts), reduction.cuts, at)
    reduced = reduced_accounts(replace(world, assessment=assessment), at)
    return RiskReport(
        assessment=assessment,
        accounts=tuple(replace(a, reduces_only=reduced.get(a.found.account, "")) for a in accounts),
        stress=stress_table(survey, instruments, limits),
        funding=watchlist(world, at),
        prices=_prices(world, survey, at),
        profit=profit_at(world, survey.observation),
        switches=tuple(world.switches.values()),
        survey=survey,
        epoch=epoch,
        transfers=suggestions(accounts, survey, instruments),
    )


def _prices(world: World, survey: Survey, at: TimestampNs) -> tuple[PairPrice, ...]:
    rules = world.limits.price_guard
    if rules is None:
        return ()
    pairs = dict.fromkeys((i.base.id, i.quote.id) for i in world.configured)
    return tuple(
        PairPrice(*pair, reference(survey.observation, world.configured, pair, rules=rules, at=at))
        for pair in pairs
    )
