"""What of a desk comes into the feed, and whom a difference is told to, and how often."""

from dataclasses import replace

from router.domain.event import ChildFilled, RiskAssessed, SwitchSet
from router.domain.order import Fill
from router.domain.risk import Zone
from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, Side, TimestampNs
from router.gateway.feed import Feed
from router.gateway.publisher import Publisher
from router.gateway.risk_events import (
    FillTold,
    FundingTold,
    MarginTold,
    ProfitTold,
    ReconciliationTold,
    StressTold,
    SwitchesTold,
    ZoneChanged,
    encode,
)
from tests.unit.engine.scene import CHAIN, DOLLAR, ETH, MARGIN, POOL, T0, USDC
from tests.unit.gateway.risk_scene import assessment, report_of
from tests.unit.state.purse import Desk


class Ear(Feed):
    """A feed that remembers all of it."""

    def __init__(self):
        super().__init__("ear")
        self.heard = []

    def publish(self, event, at):
        told = super().publish(event, at)
        assert encode(told), "it can be written"
        self.heard.append(event)
        return told

    def last(self, kind):
        return [event for event in self.heard if isinstance(event, kind)][-1]


class Watched:
    """A desk, and a publisher that watches it."""

    def __init__(self):
        self.desk, self.ear = Desk(), Ear()
        self.desk.see()
        self.looks, self.alarms = [], []
        self.publisher = Publisher(
            self.ear, self.desk.world, look=self.looks.append, alarm=self.alarms.append
        )

    def report(self, **changes):
        self.publisher.report(replace(report_of(self.desk), **changes), self.desk.world)

    def off(self):
        """Return what the last report found, by how much and why."""
        told = self.ear.last(ReconciliationTold)
        return [(d.item, d.actual - d.expected, d.cause.value) for d in told.discrepancies]


def test_a_report_tells_every_state_once():
    watched = Watched()

    watched.report()

    kinds = [type(event) for event in watched.ear.heard]
    assert sorted(kinds, key=str) == sorted(
        (ProfitTold, MarginTold, FundingTold, StressTold, ReconciliationTold), key=str
    )
    assert watched.ear.last(MarginTold).accounts[0].found.equity_atoms == 500_000 * DOLLAR
    told = watched.ear.last(ReconciliationTold)
    assert (told.is_compared, told.discrepancies) == (True, ())
    assert all(check.agrees for check in told.equity)
    assert (watched.looks, watched.alarms) == ([], [])


def test_an_account_that_could_not_be_read_is_told():
    watched = Watched()
    report = report_of(watched.desk, unreadable=((MARGIN, "silent"),))

    watched.publisher.report(report, watched.desk.world)

    assert watched.ear.last(ReconciliationTold).unreadable == ((MARGIN, "silent"),)


def test_what_strangers_pay_in_has_the_engine_look_once_and_is_no_profit():
    watched = Watched()
    watched.desk.purse[CHAIN, USDC.id] += 50
    for _ in range(5):
        watched.report()

    assert len(watched.looks) == 1
    assert watched.off() == [("USDC", 50, "unexplained")]
    assert watched.ear.last(ProfitTold).profit.sums[-1].total_atoms == 0

    watched.desk.look()
    watched.desk.fund(3)
    for _ in range(5):
        watched.report()
    assert len(watched.looks) == 1

    watched.desk.purse[CHAIN, USDC.id] += 1
    watched.report()
    assert len(watched.looks) == 2


def test_a_difference_that_went_away_and_comes_back_is_looked_at_again():
    watched = Watched()
    for sign in (1, -1, 1):
        watched.desk.purse[CHAIN, USDC.id] += sign * 50
        watched.report()

    assert len(watched.looks) == 2


def test_a_difference_while_the_ledger_moves_is_not_told():
    watched = Watched()
    watched.desk.purse[CHAIN, USDC.id] += 50

    watched.report(epoch=watched.desk.world.epoch - 1)

    assert watched.ear.last(ReconciliationTold).is_compared is False
    assert (watched.off(), watched.looks) == ([], [])


def test_funding_is_told_as_what_it_is_and_nobody_is_called():
    watched = Watched()
    watched.desk.fund(9)

    watched.report()

    assert watched.off() == [("USDC", 9, "settled")]
    assert (watched.looks, watched.alarms) == ([], [])


def test_equity_that_the_venue_itself_cannot_add_up_is_called_out_once_and_again_when_it_doubles():
    watched = Watched()
    report = report_of(watched.desk)
    chain, perp = report.survey.observation.accounts
    for off in (5, 5, -6, 9, 10, 4):
        wrong = replace(perp, equity_atoms=perp.equity_atoms + off)
        seen = replace(report.survey.observation, accounts=(chain, wrong))
        survey = replace(report.survey, observation=seen)
        watched.publisher.report(replace(report, survey=survey), watched.desk.world)

    assert len(watched.alarms) == 2
    assert "off by 5" in watched.alarms[0]
    assert "off by 10" in watched.alarms[1]


def test_a_fill_is_told_once_however_often_it_is_recorded():
    watched = Watched()
    child = watched.desk._child(POOL, Side.BUY)  # noqa: SLF001 - an order of which anything may come
    fill = Fill(
        "f", child.id, POOL.id, Amount(ETH.id, 1), Amount(USDC.id, 2), Amount(USDC.id, 0), T0
    )
    state = replace(watched.desk.world.children[child.id], fills=(fill,))
    world = watched.desk.world.with_child(state)
    news = ChildFilled(child.id, fill, TimestampNs(T0))

    for _ in range(3):
        watched.publisher.event(news, world)

    told = FillTold(child.parent, POOL.venue, CHAIN, Side.BUY, fill)
    assert watched.ear.heard == [told]


def test_a_fill_told_before_a_restart_is_not_told_again():
    watched = Watched()
    child = watched.desk._child(POOL, Side.BUY)  # noqa: SLF001 - an order of which anything may come
    fill = Fill(
        "f", child.id, POOL.id, Amount(ETH.id, 1), Amount(USDC.id, 2), Amount(USDC.id, 0), T0
    )
    state = replace(watched.desk.world.children[child.id], fills=(fill,))
    world = watched.desk.world.with_child(state)
    again = Publisher(watched.ear, world, look=watched.looks.append, alarm=watched.alarms.append)

    again.event(ChildFilled(child.id, fill, TimestampNs(T0)), world)

    assert watched.ear.heard == []


def test_a_zone_is_told_when_it_changes():
    watched = Watched()
    for zone in (Zone.SAFE, Zone.EARLY, Zone.EARLY, Zone.HARD, Zone.SAFE):
        watched.publisher.event(RiskAssessed(assessment(T0, zone)), watched.desk.world)

    assert watched.ear.heard == [
        ZoneChanged(MARGIN, Zone.SAFE, Zone.EARLY),
        ZoneChanged(MARGIN, Zone.EARLY, Zone.HARD),
        ZoneChanged(MARGIN, Zone.HARD, Zone.SAFE),
    ]


def test_a_switch_is_told_with_all_that_are_set():
    watched = Watched()
    setting = SwitchSetting(FIRM, TradingState.HALTED, "somebody", "a test", TimestampNs(T0))
    world = replace(watched.desk.world, switches={FIRM: setting})

    watched.publisher.event(SwitchSet(setting, TimestampNs(T0)), world)

    assert watched.ear.heard == [SwitchesTold((setting,))]
