"""A driver that turns all that happens to orders into the messages that a peer is told."""

from dataclasses import dataclass, field, replace

from router.domain.amend import Amendment
from router.domain.event import AmendRequested, CancelRequested
from router.domain.order import TimeInForce
from router.domain.units import Amount
from router.gateway.fix import tags as t
from router.gateway.fix.dialect import FIX44
from router.gateway.fix.execution import reported
from router.gateway.fix.peer import Peer
from router.gateway.report_data import report_data
from router.gateway.reports import reports_of
from router.state.recorded import Recorded
from tests.unit.engine.altered import Desk
from tests.unit.engine.scene import ETH, ETHER, USDC, order

ASSETS = {ETH.id: ETH, USDC.id: USDC}
NEW = "8 150=A 39=A 11=X 38=10 14=0 151=10"
TAKEN = "8 150=0 39=0 11=X 38=10 14=0 151=10"
BEGUN = [NEW, TAKEN]
PEER = Peer("ems", "order-entry", FIX44, "acme", ("main",), "ems-one")
NAMES = {
    "150": t.EXEC_TYPE,
    "39": t.ORD_STATUS,
    "11": t.CL_ORD_ID,
    "41": t.ORIG_CL_ORD_ID,
    "38": t.ORDER_QTY,
    "14": t.CUM_QTY,
    "151": t.LEAVES_QTY,
    "102": t.CXL_REJ_REASON,
    "434": t.CXL_REJ_RESPONSE_TO,
    "103": t.ORD_REJ_REASON,
}


def x(**changes):
    """Return an order X of ten ethers, of a client of the gateway."""
    changes = {"client": "acme", "account": "main", "by": "ann", **changes}
    return replace(order(changes.pop("ethers", 10)), client_order_id="X", **changes)


@dataclass
class Told(Desk):
    """Keeps the reports of every event, and the messages they become."""

    reports: list = field(default_factory=list)

    def feed(self, event):
        before = self.world
        commands = super().feed(event)
        record = Recorded(len(self.history), before, event, self.world, commands)
        self.reports.extend(reports_of(record))
        return commands

    def cancel(self, request, *, name="parent-one", by="fix.ems"):
        return self.feed(CancelRequested(name, request, by, self.tick()))

    def amend(self, request, *, ethers, name="parent-one", by="fix.ems"):
        amendment = Amendment(quantity=Amount(ETH.id, int(ethers * ETHER)))
        return self.feed(AmendRequested(name, request, amendment, by, self.tick()))

    def working(self, asked=None, **kwargs):
        return self.out(asked=asked or x(), **kwargs)

    def resting_again(self, instrument, ethers, *, rests=True):
        """Plan what is left, and have it out."""
        (child,) = self.solve(self.observe(x()), (instrument, ethers))
        if rests:
            child = replace(child, time_in_force=TimeInForce.RESTING)
            state = self.world.children[child.id]
            self.world = self.world.with_child(replace(state, order=child))
        self.sign(child)
        self.acknowledge(child)
        return child

    def looked(self):
        """Let the accounts be as they are, so that planning goes on."""
        self.world = replace(self.world, ledger=None, reconciliation=None)
        self.reconcile()

    def messages(self, peer=PEER):
        told = [report_data(report, ASSETS) for report in self.reports]
        return [message for each in told for message in reported(each, peer)]


def started():
    desk = Told()
    desk.start()
    return desk


def row(message):
    """Return what matters of a message as one line: type, and the fields of the matrices."""
    found = {name: message.body.get(tag) for name, tag in NAMES.items()}
    return " ".join([message.kind, *(f"{k}={v}" for k, v in found.items() if v is not None)])


def rows(desk, peer=PEER):
    return [row(message) for message in desk.messages(peer)]


def check(desk, *expected):
    """Check all that was told of X, after it was accepted and taken."""
    assert rows(desk) == [*BEGUN, *expected]
