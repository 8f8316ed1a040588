"""What a desk does and what is found of its risk, made into events of the feed.

Fills, switches and zones are told as they are recorded, all else with every assessment. A number
that nothing explains is told with every assessment, too, and once to whoever can do something about
it: the engine is asked to look at the accounts itself, and it alone stops trading over what it
finds.
"""

from collections.abc import Callable
from typing import TypeAlias

from router.domain.event import (
    ChildEnded,
    ChildFilled,
    EngineStarted,
    Event,
    FillVoided,
    RiskAssessed,
    SwitchSet,
)
from router.domain.risk import Assessment, Zone
from router.domain.units import ChildId, TimestampNs
from router.gateway.feed import Feed
from router.gateway.risk_events import (
    FillTold,
    FundingTold,
    MarginTold,
    ProfitTold,
    ReconciliationTold,
    StressTold,
    SwitchesTold,
    ZoneChanged,
)
from router.reconciliation.equity import (
    Cause,
    Discrepancy,
    EquityCheck,
    equity_checks,
    ledger_check,
)
from router.risk.assessment import RiskReport
from router.state.world import World

Look: TypeAlias = Callable[[TimestampNs], None]
Alarm: TypeAlias = Callable[[str], None]


class Publisher:
    """Watches a runtime and its assessments.

    Parameters
    ----------
    world : World
        As it is when the watching begins.
    look : function
        Has the engine compare the accounts with its ledger.
    alarm : function
        Calls somebody.
    """

    def __init__(self, feed: Feed, world: World, *, look: Look, alarm: Alarm) -> None:
        self._feed = feed
        self._look = look
        self._alarm = alarm
        self._told = {child.order.id: len(child.fills) for child in world.open_children()}
        self._before: Assessment | None = world.assessment
        self._off: dict[str, int] = {}  # by account: how far its equity was off when it was told
        self._asked: set[tuple[str, str, int]] = set()

    def event(self, event: Event, world: World) -> None:
        """Take an event once it is durable, and the world after it."""
        match event:
            case ChildFilled():
                self._fill(event, world)
            case ChildEnded():
                self._told.pop(event.child, None)
            case FillVoided() if event.child in self._told:
                self._told[event.child] = len(world.children[event.child].fills)
            case SwitchSet():
                self._feed.publish(SwitchesTold(tuple(world.switches.values())), event.at)
            case EngineStarted():
                self._feed.publish(SwitchesTold(tuple(world.switches.values())), event.at)
            case RiskAssessed():
                self._zones(event.assessment)
            case _:
                return

    def report(self, report: RiskReport, world: World) -> None:
        """Take a report of the accounts' risk, and the world as it is now."""
        at, accounts = report.assessment.at, report.survey.observation.accounts
        found = ledger_check(world, accounts, epoch=report.epoch)
        equity = equity_checks(accounts)
        unreadable = tuple(sorted(report.survey.unreadable.items()))
        told = ReconciliationTold(found is not None, found or (), equity, unreadable)
        self._feed.publish(ProfitTold(report.profit), at)
        self._feed.publish(MarginTold(report.accounts), at)
        self._feed.publish(FundingTold(report.funding), at)
        self._feed.publish(StressTold(report.stress), at)
        self._feed.publish(told, at)
        self._say_off(equity)
        if found is not None and not world.planning and not world.open:
            self._ask(found, world, at)

    def _fill(self, event: ChildFilled, world: World) -> None:
        child = world.children[event.child]
        if child.is_terminal or self._is_repeated(event.child, len(child.fills)):
            return  # it changed nothing
        order = child.order
        told = FillTold(order.parent, order.venue, order.account, order.side, event.fill)
        self._feed.publish(told, event.at)

    def _is_repeated(self, child: ChildId, fills: int) -> bool:
        is_known = self._told.get(child, 0) >= fills
        self._told[child] = fills
        return is_known

    def _zones(self, now: Assessment) -> None:
        for account in now.accounts:
            old = None if self._before is None else self._before.of(account.account)
            before = Zone.SAFE if old is None else old.zone
            if account.zone is not before:
                self._feed.publish(ZoneChanged(account.account, before, account.zone), now.at)
        self._before = now

    # The venue's own numbers do not add up: nothing of ours can explain that. By how much may move
    # with every price; somebody is called again where it is twice as much.
    def _say_off(self, checks: tuple[EquityCheck, ...]) -> None:
        for check in checks:
            if check.agrees:
                self._off.pop(check.account, None)
            elif abs(check.off_atoms) >= 2 * abs(self._off.get(check.account, 0)):
                self._off[check.account] = check.off_atoms
                self._alarm(check.sentence)

    def _ask(self, found: tuple[Discrepancy, ...], world: World, at: TimestampNs) -> None:
        open_now = {each.identity for each in found if each.cause is Cause.UNEXPLAINED}
        if open_now - self._asked - _known(world):
            self._look(at)
        self._asked = open_now


# What the engine has found and told itself.
def _known(world: World) -> set[tuple[str, str, int]]:
    if world.reconciliation is None:
        return set()
    return {
        (each.account, each.item, each.actual - each.expected)
        for each in world.reconciliation.differences
    }
