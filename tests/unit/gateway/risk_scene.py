"""Reports of risk as a desk fed by hand would get them."""

from router.domain.observation import Survey
from router.domain.risk import AccountAssessment, Assessment, Zone
from router.domain.units import Pips, TimestampNs
from router.risk.assessment import RiskReport
from router.risk.report import AccountRisk
from tests.unit.engine.scene import DOLLAR, MARGIN, PERP, USDC


def assessment(at, zone=Zone.SAFE):
    found = AccountAssessment(
        account=MARGIN,
        venue=PERP.venue,
        equity_atoms=500_000 * DOLLAR,
        initial_atoms=200 * DOLLAR,
        maintenance_atoms=100 * DOLLAR,
        zone=zone,
        worst=None,
    )
    return Assessment((found,), (), TimestampNs(at))


def report_of(desk, *, epoch=None, unreadable=()):
    """Return what an assessment of the desk comes to now."""
    now = assessment(desk.tick())
    seen = desk.observation()
    risk = AccountRisk(
        found=now.accounts[0],
        collateral=USDC.id,
        value_atoms=0,
        available_atoms=0,
        withdrawable_atoms=0,
        transfer_requirement_atoms=0,
        ratio_pips=Pips(200),
        reduces_only="",
        positions=(),
        outcomes=(),
    )
    return RiskReport(
        assessment=now,
        accounts=(risk,),
        stress=(),
        funding=(),
        prices=(),
        profit=desk.report(),
        switches=tuple(desk.world.switches.values()),
        survey=Survey(seen, unreadable=dict(unreadable)),
        epoch=desk.world.epoch if epoch is None else epoch,
    )
