"""A driver that also asks for cancels and other terms, and keeps what is told of the order."""

from dataclasses import dataclass, field, replace

from router.domain.amend import Amendment, Quantities
from router.domain.command import ReportParent
from router.domain.event import (
    AmendRequested,
    CancelRequested,
    ChildCancelRefused,
    ChildFilled,
    ChildSigned,
)
from router.domain.order import Fill, GasPaid, OrderStatus, SignedChild, TimeInForce
from router.domain.units import Amount, Rounding, TimestampNs
from router.state.world import Phase
from tests.unit.engine.scene import ETH, ETHER, MID, PERP, T0, USDC, Driver, order

S = OrderStatus


@dataclass
class Desk(Driver):
    """Keeps what is told of orders."""

    told: list = field(default_factory=list)

    def feed(self, event):
        commands = super().feed(event)
        self.told.extend(c for c in commands if isinstance(c, ReportParent))
        return commands

    def cancel(self, request="c1", *, name="parent-one"):
        return self.feed(CancelRequested(name, request, "ann", self.tick()))

    def amend(self, request="a1", *, ethers=None, name="parent-one", **terms):
        quantity = None if ethers is None else Amount(ETH.id, int(ethers * ETHER))
        amendment = Amendment(quantity=quantity, **terms)
        return self.feed(AmendRequested(name, request, amendment, "ann", self.tick()))

    def trade(self, child, ethers, *, name):
        """Fill a part of a child, after what is asked about it is asked."""
        quantity = Amount(ETH.id, int(ethers * ETHER))
        fill = Fill(
            id=f"{name}-{child.id}",
            child=child.id,
            instrument=child.legs[0].instrument.id,
            quantity=quantity,
            notional=MID.notional(quantity, Rounding.UP),
            fee=Amount(USDC.id, 0),
            at_venue=T0,
        )
        return self.feed(ChildFilled(child.id, fill, self.tick()))

    def out(self, instrument=PERP, *, ethers=10, rests=True, asked=None):
        """Have an order out at a venue with one child, which waits there where it may."""
        asked = asked or order()
        if asked.id not in self.world.parents:
            self.submit(asked)
        (child,) = self.solve(self.observe(asked), (instrument, ethers))
        if rests and not instrument.is_on_chain:
            child = replace(child, time_in_force=TimeInForce.RESTING)
            state = self.world.children[child.id]
            self.world = self.world.with_child(replace(state, order=child))
        self.sign(child)
        self.acknowledge(child)
        return child

    def refuse_cancel(self, child):
        return self.feed(ChildCancelRefused(child.id, "never there", self.tick()))

    def finish(self, child, status=S.CANCELED, **kwargs):
        if child.legs[0].instrument.is_on_chain and "gas" not in kwargs:
            kwargs["gas"] = GasPaid(10**15, 10**6, 8, "0x08")
        return self.end(child, status, **kwargs)

    @property
    def parent(self):
        return self.world.parents[order().id]

    @property
    def sequence(self):
        return [(each.status, ethers(each.quantities)) for each in self.told]

    def commands_of(self, *kinds):
        return [c for c in self.commands if isinstance(c, kinds)]

    def settled(self):
        """Judge the accounts as they are: what became of the order is the matter here."""
        self.world = replace(self.world, ledger=None, reconciliation=None)
        self.reconcile()
        assert self.parent.phase is Phase.DONE
        return self.parent


def ethers(quantities: Quantities):
    return tuple(
        amount.atoms / ETHER
        for amount in (quantities.ordered, quantities.cumulative, quantities.leaves)
    )


def started():
    desk = Desk()
    desk.start()
    return desk


def unsigned(desk):
    """Have an order with a child that is not signed yet."""
    desk.submit(order())
    (child,) = desk.solve(desk.observe(order()), (PERP, 10))
    return child


def signed(child):
    bytes_of = SignedChild(child.id, f"ref-{child.id}", child.nonce, "bytes")
    return ChildSigned(child.id, bytes_of, TimestampNs(T0 + 10**11))
