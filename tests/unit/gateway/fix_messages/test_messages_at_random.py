"""What a peer is told of an order under random fills, requests, refusals, silence and restarts.

Whatever happens in whatever order: the messages are a chain that FIX allows, their quantities add
up, each report has an identity of its own, and each request that is taken is answered once.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

from router.gateway.fix.execution import reported
from router.gateway.report_data import report_data
from router.state.world import Phase
from tests.unit.engine.test_altered_at_random import Orders
from tests.unit.gateway.fix_messages import told

OVER = {"2", "4", "8", "C"}
FOLLOWS = {
    "A": {"A", "0", "1", "2", "6", "E", "4", "8", "C"},
    "0": {"0", "1", "2", "6", "E", "4", "8", "C"},
    "1": {"1", "2", "6", "E", "4", "C"},
    "6": {"6", "4", "2"},
    "E": {"E", "0", "1", "2", "4", "8", "C"},
}
PENDING = {"6", "E"}
ENDED = {"4", "8", "C"}


class Messages(Orders):
    def __init__(self):
        super().__init__()
        self.desk = told.started()
        self.chains, self.read = {}, 0
        self.names = set()
        self.begin()

    @invariant()
    def messages_are_a_chain(self):
        for report in self.desk.reports[self.read :]:
            data = report_data(report, told.ASSETS)
            (message,) = reported(data, told.PEER)
            chain = self.chains.setdefault(data["order"], Chain(report.order.client_order_id))
            chain.take(message)
            name = message.body.get(17)
            assert name is None or name not in self.names
            self.names.add(name)
        self.read = len(self.desk.reports)
        if self.parent.phase is Phase.DONE:
            assert self.chains[self.order.id].status in OVER
            assert self.chains[self.order.id].asked is None


class Chain:
    """What one order's peer knows of it."""

    def __init__(self, name):
        self.name, self.status, self.asked = name, None, None
        self.filled, self.ordered = Decimal(0), None

    def take(self, message):
        status = message.body.get(39)
        if message.kind == "9":
            assert message.body.get(41) == self.name
            if message.body.get(11) == self.asked and message.body.get(102) != "3":
                assert status in FOLLOWS[self.status] - PENDING
                self.asked, self.status = None, status
            assert status == self.status
            return
        kind, name, original = (message.body.get(tag) for tag in (150, 11, 41))
        assert self.status is None or status in FOLLOWS[self.status] or self.status in OVER - ENDED
        self.check_names(kind, name, original)
        self.check_quantities(kind, status, message)
        self.status = status

    def check_names(self, kind, name, original):
        if kind in PENDING:
            assert self.asked is None, "one request is taken at a time"
            self.asked = name
        if kind in PENDING | {"5"} or (kind == "4" and original is not None):
            assert (name != self.name, original) == (True, self.name)
        else:
            assert (name, original) == (self.name, None)
        if kind in {"5", "4"} and original is not None:
            assert self.asked in {None, name}
            self.asked = None
        if kind == "5":
            self.name = name

    def check_quantities(self, kind, status, message):
        ordered, filled, left = (Decimal(message.body.get(tag)) for tag in (38, 14, 151))
        last = message.body.get(32)
        assert filled == self.filled + (Decimal(last) if kind == "F" else 0)
        assert left == (0 if status in ENDED else ordered - filled)
        assert self.ordered in {None, ordered} or kind == "5"
        assert (status == "2") <= (ordered == filled)
        self.filled, self.ordered = filled, ordered


def run(examples):
    Messages.TestCase.settings = settings(
        max_examples=examples,
        stateful_step_count=80,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    Messages.TestCase().runTest()


def test_no_order_of_events_breaks_the_messages_of_an_order():
    run(30)


@pytest.mark.soak
def test_no_order_of_many_events_breaks_the_messages_of_an_order():
    run(1_000)


def test_a_chain_that_is_broken_is_seen():
    desk = told.started()
    child = desk.working()
    desk.trade(child, 4, name="a")
    accepted, _, fill = desk.messages()
    chain = Chain("X")
    chain.take(accepted)
    short = replace(fill.body, items=tuple((t, "5" if t == 151 else v) for t, v in fill.body.items))

    with pytest.raises(AssertionError):
        chain.take(replace(fill, body=short))
