"""Events folded into profit and loss. Pure.

Funding and what venues force is booked when the accounts become the ledger's new baseline, each
once, by the ledger's own rule. What the baseline then has more or less than was expected is new to
the configuration, or somebody answered for it: it was moved, and is neither gain nor loss.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from router.domain.account import AccountSnapshot
from router.domain.event import (
    AccountsObserved,
    BaselineAccepted,
    ChildEnded,
    ChildFilled,
    Event,
    FillVoided,
    MarketObserved,
)
from router.domain.instrument import Instrument
from router.domain.observation import Observation
from router.domain.order import Fill
from router.domain.units import AccountId, AssetId, InstrumentId, Price, Side
from router.state.ledger import Ledger
from router.state.marks import Marks, held_marks, marks_of
from router.state.profit import Item, Profit, cash_item
from router.state.world import ChildState, World


# One line a case: splitting it would hide which events count.
def folded(before: World, after: World, event: Event) -> Profit:  # noqa: PLR0911
    """Return profit and loss once an event has made `before` into `after`."""
    match event:
        case ChildFilled():
            return _filled(before, after, event)
        case FillVoided():
            return _voided(before, after, event)
        case ChildEnded():
            return _ended(before, after, event)
        case MarketObserved():
            return _seen(after, event.observation)
        case AccountsObserved():
            return _based(before, after, event.accounts)
        case BaselineAccepted() if before.ledger is not None and after.ledger is None:
            return replace(after.profit, apart=books(before))
        case _:
            return after.profit


def books(world: World) -> Ledger:
    """Return all that is known of balances: the world's ledger, and what it does not hold."""
    apart, held = world.profit.apart, world.ledger or Ledger({}, {}, {})
    return Ledger(
        balances={**apart.balances, **held.balances},
        positions={**apart.positions, **held.positions},
        read_at={**apart.read_at, **held.read_at},
    )


def settled(
    profit: Profit,
    known: Ledger,
    accounts: tuple[AccountSnapshot, ...],
    *,
    instruments: Mapping[InstrumentId, Instrument],
) -> Profit:
    """Book what venues did by themselves since the baselines: funding, and forced fills."""
    for account, payment in known.funded(accounts):
        profit = profit.with_funding(account, payment)
    for account, forced in known.forced(accounts):
        instrument = instruments[forced.instrument]
        cash = forced.notional.atoms if forced.lots > 0 else -forced.notional.atoms
        item = Item(account, instrument.id, instrument.base.id, instrument.quote.id)
        quantity = forced.lots * instrument.lot_atoms
        profit = profit.with_trade(item, quantity, cash=cash, fee=forced.fee.atoms)
    return profit


def priced(profit: Profit, marks: Marks) -> Profit:
    """Value what was moved in and had no mark yet, as far as there is one now."""
    for item, line in profit.lines.items():
        price = mark_of(item, marks)
        if line.unpriced and price is not None:
            profit = profit.with_line(item, line.with_value(price))
    return profit


def mark_of(item: Item, marks: Marks) -> Price | None:
    """Return the mark of an item, None where there is none."""
    if item.instrument is not None:
        return marks.positions.get(item.instrument)
    return marks.price(item.base, item.quote)


def token_item(account: AccountId, asset: AssetId, instruments: tuple[Instrument, ...]) -> Item:
    """Return what an asset is valued in: the quote of its first pool, or itself, as cash."""
    for instrument in instruments:
        if (instrument.account, instrument.base.id) == (account, asset) and instrument.is_on_chain:
            return Item(account, None, asset, instrument.quote.id)
    return cash_item(account, asset)


def _filled(before: World, after: World, event: ChildFilled) -> Profit:
    child, profit, fill = after.children[event.child], after.profit, event.fill
    if len(child.fills) == len(before.children[event.child].fills):
        return profit  # told before
    return _booked(after, child, fill, profit=profit)


def _voided(before: World, after: World, event: FillVoided) -> Profit:
    old, child = before.children.get(event.child), after.children.get(event.child)
    if old is None or child is None or old is child:
        return after.profit  # nothing was taken back
    void = next(each for each in old.fills if each.id == event.fill)
    instrument = _instrument(child, void)
    item = _item(instrument)
    sign = 1 if child.order.side is Side.BUY else -1
    quantity, cash = sign * void.quantity.atoms, sign * void.notional.atoms
    profit = after.profit.without_trade(item, quantity, cash=cash, fee=void.fee.atoms)
    for found, atoms in _gifts(after, instrument, void):
        profit = profit.with_gift(found, -atoms)
    apart = profit.apart.without_fill(instrument, child.order.side, void)
    if event.corrected is not None:
        profit = _booked(after, child, event.corrected, profit=profit)
        apart = apart.with_fill(instrument, child.order.side, event.corrected)
    return replace(profit, apart=_known(apart, after.profit.apart))


# What is kept apart of the ledger is put right as far as it was kept.
def _known(now: Ledger, before: Ledger) -> Ledger:
    return replace(
        now,
        balances={key: now.balances[key] for key in before.balances},
        positions={key: now.positions[key] for key in before.positions},
    )


def _booked(after: World, child: ChildState, fill: Fill, *, profit: Profit) -> Profit:
    instrument = _instrument(child, fill)
    sign = 1 if child.order.side is Side.BUY else -1
    cash = sign * fill.notional.atoms
    profit = profit.with_trade(
        _item(instrument), sign * fill.quantity.atoms, cash=cash, fee=fill.fee.atoms
    )
    for found, atoms in _gifts(after, instrument, fill):
        profit = profit.with_gift(found, atoms)
    return profit


def _instrument(child: ChildState, fill: Fill) -> Instrument:
    return next(x for x in child.order.legs if x.instrument.id == fill.instrument).instrument


def _item(instrument: Instrument) -> Item:
    name = None if instrument.is_on_chain else instrument.id
    return Item(instrument.account, name, instrument.base.id, instrument.quote.id)


def _gifts(after: World, instrument: Instrument, fill: Fill) -> Iterator[tuple[Item, int]]:
    account, quote = instrument.account, instrument.quote.id
    own = {instrument.base.id: _item(instrument), quote: cash_item(account, quote)}
    for residue in fill.residue:
        found = own.get(residue.asset) or token_item(account, residue.asset, after.configured)
        yield found, residue.atoms


def _ended(before: World, after: World, event: ChildEnded) -> Profit:
    child = before.children[event.child]
    if child.is_terminal or event.gas is None:
        return after.profit
    price = after.parents[child.order.parent].gas_price
    return after.profit.with_gas(child.order.account, event.gas.atoms, price)


def _seen(after: World, observation: Observation) -> Profit:
    if not any(line.unpriced for line in after.profit.lines.values()):
        return after.profit
    return priced(after.profit, marks_of(observation, after.configured))


def _based(before: World, after: World, accounts: tuple[AccountSnapshot, ...]) -> Profit:
    ledger = after.ledger
    if ledger is None or ledger is before.ledger:
        return after.profit  # they did not become the baseline
    accounts = tuple(account for account in accounts if account.account in after.based)
    known = books(before)
    profit = settled(after.profit, known, accounts, instruments=after.instruments)
    expected = known.with_settled(accounts)
    for (account, asset), atoms in ledger.balances.items():
        moved = atoms - expected.balances.get((account, asset), 0)
        if moved:
            item = token_item(account, asset, after.configured)
            profit = profit.with_brought(item, moved)
            if (account, asset) in expected.balances:
                profit = profit.with_transfer(account, asset, moved)
    for (account, name), lots in ledger.positions.items():
        moved = lots - expected.positions.get((account, name), 0)
        if moved:
            instrument = after.instruments[name]
            item = Item(account, name, instrument.base.id, instrument.quote.id)
            profit = profit.with_brought(item, moved * instrument.lot_atoms)
            if (account, name) in expected.positions:
                profit = profit.with_transfer(account, name, moved)
    # Tokens wait for a look at their pools; what a position is worth, its venue has just said.
    marks = Marks({}, held_marks(accounts, after.configured))
    return priced(replace(profit, apart=_without(expected, ledger)), marks)


def _without(known: Ledger, ledger: Ledger) -> Ledger:
    return Ledger(
        balances={k: n for k, n in known.balances.items() if k not in ledger.balances},
        positions={k: n for k, n in known.positions.items() if k not in ledger.positions},
        read_at={k: at for k, at in known.read_at.items() if k not in ledger.read_at},
    )
