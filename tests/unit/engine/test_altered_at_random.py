"""One order under random fills, ends, cancels, amendments, refusals, silence and restarts.

Whatever happens in whatever order: every status follows from the one before by the table, what has
filled never shrinks, what is left is what was ordered less that, and what the children could fill
at most is never more than the quantity in force.
"""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from router.domain.command import SignChild, SubmitChild
from router.domain.event import (
    ChildAcknowledged,
    ChildNotSent,
    ChildWentSilent,
    EngineStarted,
    MarketObserved,
    RouteSolved,
)
from router.domain.order import TERMINAL, TimeInForce
from router.domain.units import TimestampNs
from router.execution.parent_machine import TRANSITIONS, status_of
from router.execution.quantities import quantities
from router.state.world import Phase
from tests.unit.engine.altered import S, signed, started
from tests.unit.engine.scene import ETHER, PERP, POOL, STARTED, T0, order, plan

ASKED = {S.PENDING_CANCEL, S.PENDING_REPLACE}
OVER = {Phase.RECONCILING, Phase.DONE}


class Orders(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.desk = started()
        self.count = 0
        self.begin()

    def begin(self):
        self.count += 1
        self.order = order(name=str(self.count), deadline_at=TimestampNs(T0 + 10**15))
        self.told = len(self.desk.told)
        self.desk.submit(self.order)
        self.problem = None
        self.status = S.NEW
        self.cumulative = 0
        self.sent = set()

    @property
    def parent(self):
        return self.desk.world.parents[self.order.id]

    @property
    def children(self):
        return self.desk.world.children_of(self.order.id)

    @property
    def open(self):
        return [c for c in self.children if not c.is_terminal]

    def feed(self, event):
        known, pending = set(self.desk.world.children), self.parent.pending
        commands = self.desk.feed(event)
        signs = {c.child.id for c in commands if isinstance(c, SignChild)}
        sends = [c for c in commands if isinstance(c, SubmitChild)]
        assert not (pending and any(c.signed.replacement is None for c in sends))
        if not isinstance(event, EngineStarted):
            assert not (pending and signs), "nothing new is made under a request"
            assert not signs & known, "a name is one child's"
        for command in sends:
            assert command.signed.reference not in self.sent, "bytes are sent once"
            self.sent.add(command.signed.reference)

    @rule(number=st.integers(0, 2**32))
    def act(self, number):
        """Do one of the things that can happen now, the likelier ones more often."""
        luck = Random(number)
        can = [(weight, do) for weight, do, may in self.acts if may]
        weights = [weight for weight, _ in can]
        ((_, do),) = luck.choices(can, weights)
        do(luck)

    @property
    def acts(self):
        phase, at_work = self.parent.phase, self.sent_children
        is_over, is_looked_at = phase is Phase.DONE, self.desk.world.is_looking
        return (
            (9, self.observe, phase is Phase.OBSERVING),
            (9, self.solve, phase is Phase.SOLVING and self.problem is not None),
            (6, self.sign, self.of(S.PENDING_NEW)),
            (3, self.acknowledge, self.of(S.SIGNED, S.NEW, S.IN_DOUBT)),
            (2, self.fall_silent, at_work),
            (5, self.fill, at_work),
            (2, self.end, at_work),
            (2, self.refuse_cancel, self.asked_children),
            (3, self.ask, not is_over),
            (9, self.ask_too_late, is_over),
            (9, self.look, is_looked_at and not self.open),
            (1, self.restart, True),
        )

    def observe(self, _luck):
        self.feed(MarketObserved(self.order.id, self.desk.seen(), self.desk.tick()))
        self.problem = self.parent.problem or self.problem

    def solve(self, luck):
        instrument, most = luck.choice([POOL, PERP]), luck.randint(1, 12)
        parts = [(instrument, min(most, self.problem.quantity.atoms // ETHER))]
        event = RouteSolved(self.order.id, plan(self.problem, *parts), self.desk.tick())
        self.feed(event)
        rests = luck.random() < 0.7
        for child in self.open:
            if rests and not child.order.legs[0].instrument.is_on_chain:
                waits = replace(child.order, time_in_force=TimeInForce.RESTING)
                self.desk.world = self.desk.world.with_child(replace(child, order=waits))

    def sign(self, luck):
        child = luck.choice(self.of(S.PENDING_NEW)).order
        if luck.random() < 0.9 or child.time_in_force is not TimeInForce.IMMEDIATE:
            self.feed(signed(child))
        else:
            self.feed(ChildNotSent(child.id, "no permit", self.desk.tick()))

    def acknowledge(self, luck):
        child = luck.choice(self.of(S.SIGNED, S.NEW, S.IN_DOUBT))
        self.feed(ChildAcknowledged(child.order.id, self.desk.tick()))

    def fall_silent(self, luck):
        child = luck.choice(self.sent_children)
        self.feed(ChildWentSilent(child.order.id, "timeout", self.desk.tick()))

    def fill(self, luck):
        child = luck.choice(self.sent_children)
        count = min(luck.randint(1, 6), unfilled(child) // ETHER)
        if count:
            self.desk.trade(child.order, count, name=f"f{len(self.desk.history)}")

    def end(self, luck):
        child = luck.choice(self.sent_children)
        last = luck.choice([S.CANCELED, S.REJECTED, S.EXPIRED])
        is_waiting = child.order.time_in_force is not TimeInForce.IMMEDIATE
        if not unfilled(child):
            last = S.FILLED
        elif child.fills or self.parent.pending is not None:
            last = S.CANCELED
        if is_waiting and last is not S.FILLED and self.parent.pending is None:
            return  # what waits at a book ends where it is filled or taken back
        self.desk.finish(child.order, last)

    def refuse_cancel(self, luck):
        self.desk.refuse_cancel(luck.choice(self.asked_children).order)

    # Most requests are amendments: a cancel is the end of it.
    def ask(self, luck):
        request = f"r{luck.randint(1, 40)}"
        if luck.random() < 0.8:
            self.desk.amend(request, ethers=luck.randint(0, 14), name=self.order.id)
        else:
            self.desk.cancel(request, name=self.order.id)

    def ask_too_late(self, _luck):
        before = self.desk.world.parents
        self.desk.cancel("late", name=self.order.id)
        assert self.desk.world.parents is before
        self.begin()

    def restart(self, _luck):
        self.feed(STARTED)

    def look(self, _luck=None):
        self.desk.world = replace(self.desk.world, ledger=None, reconciliation=None)
        self.desk.reconcile()

    def of(self, *statuses):
        return [c for c in self.open if (c.beneath or c.status) in statuses]

    @property
    def sent_children(self):
        return [c for c in self.open if c.status is not S.PENDING_NEW]

    @property
    def asked_children(self):
        return [c for c in self.open if c.beneath is not None]

    @invariant()
    def each_status_follows_by_the_table(self):
        told = [each for each in self.desk.told[self.told :] if each.parent == self.order.id]
        for each in told:
            if each.status in {S.REPLACED, self.status}:
                continue
            assert each.status in TRANSITIONS[self.status]
            self.status = each.status
        self.told = len(self.desk.told)
        assert self.status is self.parent.status, "every status is told"
        assert status_of(self.desk.world, self.parent) is self.parent.status

    @invariant()
    def what_has_filled_never_shrinks_and_the_rest_is_left(self):
        now = quantities(self.desk.world, self.parent)
        is_over = self.parent.status in TERMINAL
        assert now.cumulative.atoms >= self.cumulative
        self.cumulative = now.cumulative.atoms
        left = now.ordered.atoms - now.cumulative.atoms
        assert now.leaves.atoms == (0 if is_over else left)
        mine = [each for each in self.desk.told if each.parent == self.order.id]
        assert mine[-1].quantities == now

    @invariant()
    def children_never_fill_more_than_the_quantity_in_force(self):
        most = sum(sum(f.quantity.atoms for f in c.fills) for c in self.children)
        most += sum(unfilled(child) for child in self.open)
        assert most <= self.parent.order.quantity.atoms

    @invariant()
    def what_is_beneath_a_request_is_no_request(self):
        for child in self.open:
            assert (child.beneath is not None) is (child.status in ASKED)
            assert child.beneath not in ASKED

    @invariant()
    def an_order_ends_once_and_with_nothing_open(self):
        if self.parent.phase in OVER:
            assert not self.open
        if self.parent.phase is Phase.DONE:
            assert self.parent.pending is None
            assert self.parent.status in TERMINAL

    def teardown(self):
        """Let everything end: an order with a cancel under way ends, and no other way than so."""
        was_canceled = self.parent.status is S.PENDING_CANCEL
        if not was_canceled:
            return
        for child in self.of(S.PENDING_NEW):
            self.feed(signed(child.order))
        for child in self.open:
            self.desk.finish(child.order, S.CANCELED if unfilled(child) else S.FILLED)
        self.look()
        assert self.parent.phase is Phase.DONE
        assert self.parent.status in {S.CANCELED, S.FILLED}


def unfilled(child):
    filled = sum(fill.quantity.atoms for fill in child.fills)
    return sum(leg.quantity.atoms for leg in child.order.legs) - filled


def run(examples):
    found = settings(
        max_examples=examples,
        stateful_step_count=80,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Orders.TestCase.settings = found
    case = Orders.TestCase()
    case.runTest()


def test_no_order_of_events_breaks_an_order():
    run(40)


@pytest.mark.soak
def test_no_order_of_many_events_breaks_an_order():
    run(1_500)
