"""A desk's memory fed by hand, beside a purse that is only added to and taken from.

The purse knows balances and positions, as a chain and a venue would, and nothing of profit.
"""

from dataclasses import dataclass, field, replace

from router import engine
from router.domain.account import (
    AccountSnapshot,
    ForcedFill,
    ForcedKind,
    FundingPayment,
    MarkedPosition,
    Position,
)
from router.domain.event import (
    AccountsObserved,
    BaselineAccepted,
    ChildEnded,
    ChildFilled,
    MarketObserved,
)
from router.domain.instrument import Asset
from router.domain.margin import HeldPosition
from router.domain.market import BlockRef, PerpContext, ReservesSnapshot
from router.domain.observation import Observation
from router.domain.order import ChildOrder, Fill, GasPaid, OrderStatus
from router.domain.units import (
    NATIVE,
    Amount,
    AssetId,
    ChildId,
    InstrumentId,
    Pico,
    Price,
    Side,
    TimestampNs,
)
from router.execution.order_machine import new_child
from router.execution.progress import new_parent
from router.state.pnl import folded
from router.state.profit_report import profit_at
from router.state.world import Phase, World
from tests.unit.engine.scene import (
    CHAIN,
    DOLLAR,
    ETH,
    ETHER,
    MARGIN,
    PERP,
    POOL,
    STARTED,
    T0,
    USDC,
    leg,
    order,
)

USDT, BTC = Asset(AssetId("USDT"), 6), Asset(AssetId("BTC"), 8)
TETHER_POOL = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDT:500"), quote=USDT)
PEG_POOL = replace(POOL, id=InstrumentId("uniswap_v3:USDT/USDC:100"), base=USDT)
BTC_POOL = replace(POOL, id=InstrumentId("uniswap_v3:BTC/USDC:500"), base=BTC)
POOLS = (POOL, TETHER_POOL, PEG_POOL, BTC_POOL)
LOT = PERP.lot_atoms
GAS_PRICE = Price(ETH.id, USDC.id, 3_000 * DOLLAR, ETHER)


def opening():
    return {
        (CHAIN, NATIVE): 10 * ETHER,
        (CHAIN, ETH.id): 100 * ETHER,
        (CHAIN, USDC.id): 900_000 * DOLLAR,
        (CHAIN, USDT.id): 700_000 * DOLLAR,
        (CHAIN, BTC.id): 3 * 10**8,
        (MARGIN, USDC.id): 500_000 * DOLLAR,
    }


def first_reserves():
    return {
        POOL.id: (10**22, 3_000 * 10**10),
        TETHER_POOL.id: (10**22, 3_003 * 10**10),
        PEG_POOL.id: (10**13, 999 * 10**10),
        BTC_POOL.id: (10**11, 60_000 * 10**9),
    }


@dataclass
class Desk:
    """One desk from its first look at the accounts on; reserves are (base, quote) by pool."""

    world: World = field(default_factory=World)
    purse: dict = field(default_factory=opening)
    reserves: dict = field(default_factory=first_reserves)
    lots: int = 0
    mark_ticks: int = 300_000
    now: int = T0
    settled: list = field(default_factory=list)
    count: int = 0

    def __post_init__(self):
        started = replace(STARTED, instruments=(*POOLS, PERP))
        self.world, _ = engine.step(self.world, started)
        self.look()

    def tick(self):
        self.now += 10**6
        return TimestampNs(self.now)

    # --- what venues and chains say

    def accounts(self):
        at = self.tick()
        block = BlockRef(1_000 + self.now - T0, "0x99", "0x98", at)
        held = tuple(Amount(asset, n) for (who, asset), n in self.purse.items() if who == CHAIN)
        cash = (Amount(USDC.id, self.purse[MARGIN, USDC.id]),)
        worth = self.lots * self.mark_ticks
        marked = (MarkedPosition(PERP.id, HeldPosition(ETH.id, worth, (), Pico(10**11))),)
        return (
            AccountSnapshot(CHAIN, held, held, (), 0, 0, 3, block, at),
            AccountSnapshot(
                MARGIN,
                cash,
                cash,
                (Position(PERP.id, self.lots, 10),),
                equity_atoms=cash[0].atoms + worth,
                margin_used_atoms=0,
                next_nonce=None,
                block=None,
                received_at=at,
                at_venue=at,
                funding=tuple(x for x in self.settled if isinstance(x, FundingPayment)),
                forced=tuple(x for x in self.settled if isinstance(x, ForcedFill)),
                marked=marked if self.lots else (),
            ),
        )

    def observation(self):
        block = BlockRef(7, "0x07", "0x06", T0)
        pools = tuple(
            ReservesSnapshot(name, block, 3_000, *reserves, T0)
            for name, reserves in self.reserves.items()
        )
        context = PerpContext(PERP.id, self.mark_ticks, self.mark_ticks, Pico(0), T0)
        return Observation(pools, (), (context,), self.accounts(), ())

    # --- what the engine is told

    def look(self):
        """Read the accounts, as the engine does when an order has ended and every hour."""
        event = AccountsObserved(self.accounts(), self.world.epoch, self.tick())
        self.world, _ = engine.step(self.world, event)

    def accept(self):
        event = BaselineAccepted("by hand", self.tick())
        self.world, _ = engine.step(self.world, event)
        self.look()

    def see(self):
        """Look at all markets, as the engine does for an order."""
        parent = replace(new_parent(order(name="seen")), phase=Phase.DONE)
        seen = MarketObserved(parent.order.id, self.observation(), self.tick())
        self.world, _ = engine.step(self.world.with_parent(parent), seen)

    def fill(self, instrument, side, quantity, notional, *, fee=0, residue=(), gas=None):
        """Trade, and tell of it twice; a transaction also costs gas."""
        child = self._child(instrument, side)
        fill = Fill(
            id=f"f{self.count}",
            child=child.id,
            instrument=instrument.id,
            quantity=Amount(instrument.base.id, quantity),
            notional=Amount(instrument.quote.id, notional),
            fee=Amount(instrument.quote.id, fee),
            at_venue=T0,
            residue=residue,
        )
        told = ChildFilled(child.id, fill, self.tick())
        before = self.world
        filled = replace(before.children[child.id], fills=(fill,))
        ledger = before.ledger.with_fill(instrument, side, fill)
        self._remember(before, replace(before.with_child(filled), ledger=ledger), told)
        self._remember(self.world, self.world, told)
        paid = None if gas is None else GasPaid(gas, 100_000, 8, "0x08")
        before = self.world
        ended = replace(before.children[child.id], status=OrderStatus.FILLED, gas=paid)
        after = before.with_child(ended)
        if gas is not None:
            after = replace(after, ledger=before.ledger.with_gas(CHAIN, gas))
            self.purse[CHAIN, NATIVE] -= gas
        last = ChildEnded(child.id, OrderStatus.FILLED, "", paid, self.tick())
        self._remember(before, after, last)
        self._remember(self.world, self.world, last)
        sign = 1 if side is Side.BUY else -1
        self.purse[instrument.account, instrument.quote.id] -= sign * notional + fee
        if instrument.is_on_chain:
            self.purse[CHAIN, instrument.base.id] += sign * quantity
        else:
            self.lots += sign * quantity // LOT
        for amount in residue:
            self.purse[CHAIN, amount.asset] += amount.atoms

    def fund(self, atoms):
        """Settle funding; it is told with every account from then on."""
        payment = FundingPayment(Amount(USDC.id, atoms), self.tick(), PERP.id)
        self.settled.append(payment)
        self.purse[MARGIN, USDC.id] += atoms

    def force(self, lots, notional, fee):
        """Let the venue trade for the account; told with every account from then on."""
        self.settled.append(
            ForcedFill(
                id=f"forced{len(self.settled)}",
                kind=ForcedKind.LIQUIDATION,
                instrument=PERP.id,
                lots=lots,
                notional=Amount(USDC.id, notional),
                fee=Amount(USDC.id, fee),
                at_venue=self.tick(),
            )
        )
        self.lots += lots
        self.purse[MARGIN, USDC.id] -= (notional if lots > 0 else -notional) + fee

    def report(self):
        return profit_at(self.world, self.observation())

    # --- the same by addition alone

    def worth(self, *pools):
        """Return all USDC, the position at its mark and tokens at their pool's, rounded down."""
        cash = sum(n for (_, asset), n in self.purse.items() if asset == USDC.id)
        tokens = sum(self.token_worth(pool, self.purse[CHAIN, pool.base.id]) for pool in pools)
        return cash + self.lots * self.mark_ticks + tokens

    def token_worth(self, pool, atoms, *, up=False):
        base, quote = self.reserves[pool.id]
        return -(-atoms * quote // base) if up else atoms * quote // base

    def _child(self, instrument, side):
        self.count += 1
        parent = replace(
            new_parent(order(name=f"p{self.count}")), phase=Phase.DONE, gas_price=GAS_PRICE
        )
        child = ChildOrder(
            id=ChildId(f"c{self.count}"),
            parent=parent.order.id,
            venue=instrument.venue,
            account=instrument.account,
            side=side,
            legs=(replace(leg(POOL, Amount(ETH.id, LOT)), instrument=instrument, side=side),),
            nonce=self.count,
            deadline_at=TimestampNs(T0 + 10**18),
            round=1,
            stage=0,
        )
        self.world = self.world.with_parent(parent).with_child(new_child(child))
        return child

    def _remember(self, before, after, event):
        self.world = replace(after, profit=folded(before, after, event))
