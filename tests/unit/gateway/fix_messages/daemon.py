"""A daemon in one thread: the engine, and the answers to what a conversation asks of it."""

from dataclasses import dataclass, field, replace

from router.domain.error import OrderError
from router.domain.event import AmendRequested, CancelRequested, ParentSubmitted
from router.domain.units import TimestampNs
from router.gateway.alter_request import parse_amend, parse_cancel
from router.gateway.fix import inbound
from router.gateway.fix.message import Message, body
from router.gateway.link import Code, LinkError
from router.gateway.linked_data import linked_data
from router.gateway.names import find, order_named
from router.gateway.order_request import OrderContext, parse_order
from router.gateway.report_data import report_data
from router.gateway.reports import standing
from router.shell.same_order import is_same_order
from router.state.world import Phase
from tests.unit.engine.scene import LIMITS, PERP, POOL
from tests.unit.gateway.fix_messages.told import ASSETS, PEER, Told

JOURNAL = "journal"


@dataclass
class Daemon(Told):
    """Answers as the link does, at once."""

    asked: list = field(default_factory=list)
    refuses: LinkError | None = None  # whatever would change something

    def say(self, kind, *items, peer=PEER, again=False):
        """Send a message, and return what is sent back at once."""
        header = body((34, "7"), (97, "Y" if again else None))
        message = Message(kind, body(*items), header)
        return self.run(inbound.conversation(message, peer, TimestampNs(self.now)))

    def run(self, conversation):
        answer = fault = None
        while True:
            try:
                ask = conversation.send(answer) if fault is None else conversation.throw(fault)
            except StopIteration as done:
                return done.value
            self.asked.append(ask)
            answer = fault = None
            try:
                if self.refuses is not None and ask.do in {"submit", "cancel", "amend"}:
                    raise self.refuses
                answer = getattr(self, f"_{ask.do}")(ask.fields)
            except OrderError as error:
                name = str(error).partition(": ")[0]
                fault = LinkError(str(error), code=Code.INVALID, field=name)
            except LinkError as error:
                fault = error

    def settled_of(self, name):
        """Judge the accounts as they are: what became of the order is the matter here."""
        self.world = replace(self.world, ledger=None, reconciliation=None)
        self.reconcile()
        assert self.name_of(name).phase is Phase.DONE

    def name_of(self, name, client="acme"):
        parent = order_named(self.world, JOURNAL, client=client, name=name)
        if parent is None:
            raise LinkError(f"order: {name} is not known", code=Code.UNKNOWN, field="order")
        return parent

    def _submit(self, fields):
        context = OrderContext(
            assets=ASSETS,
            venues=(POOL.venue, PERP.venue),
            limits=LIMITS,
            journal_id=JOURNAL,
            now=self.tick(),
        )
        order = parse_order(fields["order"], context)
        known = self.world.parents.get(order.id)
        is_named = self.world.request(order.client, order.client_order_id) is not None
        if is_named or (known and fields["on_known"] == "refuse"):
            raise LinkError("client_order_id: is known", code=Code.DUPLICATE)
        if known is not None and not is_same_order(known.first_order or known.order, order):
            raise LinkError("client_order_id: is another", code=Code.DUPLICATE)
        if known is None:
            self.feed(ParentSubmitted(order, self.tick()))
        return {"is_new": known is None, **self._data(self.world.parents[order.id])}

    def _find(self, fields):
        found = find(self.world, JOURNAL, client=fields["client"], name=fields["name"])
        if found is None:
            return {"order": None, "role": None, "outcome": None}
        told = self._data(self.world.parents[found.parent])
        outcome = None if found.outcome is None else found.outcome.value
        return {"order": told, "role": found.role.value, "outcome": outcome}

    def _last_report(self, fields):
        parent = self.name_of(fields["order"], fields["client"])
        return report_data(standing(self.world, parent, at=self.tick()), ASSETS)

    def _cancel(self, fields):
        wanted = parse_cancel({k: v for k, v in fields.items() if k != "client"})
        self.feed(CancelRequested(wanted.order, wanted.request, wanted.by, self.tick()))
        return {}

    def _amend(self, fields):
        plain = {k: v for k, v in fields.items() if k not in {"client", "terms"}}
        wanted = parse_amend({**plain, **fields["terms"]})
        order = self.world.parents[wanted.order].order
        amendment = wanted.amendment(order, ASSETS, self.tick())
        self.feed(AmendRequested(order.id, wanted.request, amendment, wanted.by, self.tick()))
        return {}

    def _orders(self, fields):
        rows = [self._data(parent) for parent in self.world.going.rows()]
        return {"orders": rows, "next": None} if fields["accounts"] else {}

    def _mass_cancel(self, fields):
        names = list(self.world.going)
        for name in names:
            self.feed(CancelRequested(name, fields["request"], fields["by"], self.tick()))
        return {"affected": names, "refused": []}

    def _data(self, parent):
        return linked_data(self.world, parent, ASSETS)


def started():
    desk = Daemon()
    desk.start()
    return desk


def order_of(**changes):
    """Return the fields of a NewOrderSingle: buy ten ethers at the market, today."""
    plain = {11: "X", 55: "ETH/USDC", 54: "1", 60: "20260101-00:00:00", 38: "10", 40: "1"}
    changed = {int(name[1:]): value for name, value in changes.items()}
    return tuple({**plain, **changed}.items())


def request_of(name, original="X", **changes):
    """Return the fields of a cancel or a replacement of that order."""
    return order_of(**{"_11": name, "_41": original, **changes})
