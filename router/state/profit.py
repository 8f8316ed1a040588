"""What was gained and paid, by account and by what is traded for what. Immutable.

Cost is the average cost of what is held, in atoms of the quote. A part that is closed takes its
share of the cost with it, rounded against us; the rest keeps the rest, so that nothing is lost to
rounding and a position that is closed whole leaves no cost behind. Trading through zero closes
first, and opens with what is left of the cash.

What was held when the books were begun, and what is moved in or out later, is taken in at the first
mark that is seen of it: it cost what it was worth then, and its coming is no gain. Until then it is
held without a value, and neither gains nor loses.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from router.domain.account import FundingPayment
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    InstrumentId,
    Price,
    Rounding,
    divide,
)
from router.state.ledger import Ledger

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Item:
    """What is held against what, in one account: tokens, or a position in an instrument.

    Attributes
    ----------
    instrument : InstrumentId | None
        None for tokens: all pools of a chain trade the same.
    quote : AssetId
        What it is bought with and valued in; the asset itself where it is cash.
    """

    account: AccountId
    instrument: InstrumentId | None
    base: AssetId
    quote: AssetId

    @property
    def name(self) -> str:
        """The instrument, or the asset."""
        return self.base if self.instrument is None else self.instrument

    @property
    def is_cash(self) -> bool:
        """Whether it is its own measure."""
        return self.base == self.quote


@dataclass(frozen=True, slots=True)
class Line:
    """What became of an item. Atoms: of the base where they are a quantity, else of the quote.

    Attributes
    ----------
    quantity : int
        Signed; what is not valued yet is not in it.
    cost : int
        Signed as the quantity: what was paid for it, or received for what is short.
    fees : int
        Negative: rebates.
    traded : int
        Notional of all fills.
    unpriced : int
        Quantity moved in (or out) of which no mark was seen yet.
    brought_cost : int
        What all that was moved in was worth at its first mark.
    """

    quantity: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0
    traded: int = 0
    unpriced: int = 0
    brought_cost: int = 0

    def with_change(self, quantity: int, cash: int) -> "Line":
        """Return it with a signed quantity more, for so much cash; negative cash is received."""
        held = self.quantity
        closed = min(abs(quantity), abs(held)) if quantity * held < 0 else 0
        if not closed:
            return replace(self, quantity=held + quantity, cost=self.cost + cash)
        released = divide(self.cost * closed, abs(held), Rounding.UP)
        paid = divide(cash * closed, abs(quantity), Rounding.UP)
        return replace(
            self,
            quantity=held + quantity,
            cost=self.cost - released + cash - paid,
            realised=self.realised - released - paid,
        )

    def without_change(self, quantity: int, cash: int) -> "Line":
        """Return it as if that had never been traded; what it gained in all is gone to the atom.

        What is held still is taken out at its own price, and what had closed a part comes back at
        what the rest costs: nothing is realised by either that was not, unless more was traded
        since. Of a position that is gone nobody knows that cost; it comes back at its own price.
        """
        held, cost = self.quantity, self.cost - cash
        if quantity * held < 0:
            back = divide(self.cost * abs(quantity), abs(held), Rounding.UP)
            gained = self.realised + back + cash
            return replace(self, quantity=held - quantity, cost=self.cost + back, realised=gained)
        if abs(quantity) > abs(held) or cost * held < 0:
            return self.with_change(-quantity, -cash)
        if quantity == held:
            return replace(self, quantity=0, cost=0, realised=self.realised - cost)
        return replace(self, quantity=held - quantity, cost=cost)

    def with_value(self, price: Price) -> "Line":
        """Return it with what was moved in valued, the cost rounded up."""
        cost = price.notional(Amount(price.base, self.unpriced), Rounding.UP).atoms
        valued = self.with_change(self.unpriced, cost)
        return replace(valued, unpriced=0, brought_cost=self.brought_cost + cost)


@dataclass(frozen=True, slots=True)
class Funded:
    """What funding is settled for.

    Attributes
    ----------
    instrument : InstrumentId | None
        None where the venue did not say of which position.
    asset : AssetId
        What it is paid in.
    """

    account: AccountId
    instrument: InstrumentId | None
    asset: AssetId


@dataclass(frozen=True, slots=True)
class Profit:
    """Profit and loss since the books were begun.

    Attributes
    ----------
    funding : Mapping[Funded, int]
        Settled, in atoms; positive was received.
    gas : Mapping[AccountId, int]
        In the chain's coin; the coin is used up, and is not among what is valued.
    gas_valued : Mapping[tuple[AccountId, AssetId], int]
        The same in the quote of the order it was paid for, at the coin's price at its arrival.
    gas_unvalued : Mapping[AccountId, int]
        The part of it of which no price was known.
    transfers : Mapping[tuple[AccountId, str], int]
        What was moved in (or out) after the books were begun, that somebody answered for: atoms of
        an asset, or lots of an instrument.
    apart : Ledger
        What was known of balances that the world's ledger does not hold at present: all of it
        while a difference is being answered for.
    """

    lines: Mapping[Item, Line] = field(default_factory=dict)
    funding: Mapping[Funded, int] = field(default_factory=dict)
    gas: Mapping[AccountId, int] = field(default_factory=dict)
    gas_valued: Mapping[tuple[AccountId, AssetId], int] = field(default_factory=dict)
    gas_unvalued: Mapping[AccountId, int] = field(default_factory=dict)
    transfers: Mapping[tuple[AccountId, str], int] = field(default_factory=dict)
    apart: Ledger = field(default_factory=lambda: Ledger({}, {}, {}))

    def line(self, item: Item) -> Line:
        """Return what became of an item; nothing yet is a line of zeros."""
        return self.lines.get(item, Line())

    def with_line(self, item: Item, line: Line) -> "Profit":
        """Return it with one line put in."""
        return replace(self, lines={**self.lines, item: line})

    def with_trade(self, item: Item, quantity: int, *, cash: int, fee: int) -> "Profit":
        """Book a trade: a signed quantity for so much cash; negative cash is received."""
        line = self.line(item).with_change(quantity, cash)
        done = replace(line, fees=line.fees + fee, traded=line.traded + abs(cash))
        return self.with_line(item, done)

    def without_trade(self, item: Item, quantity: int, *, cash: int, fee: int) -> "Profit":
        """Take a trade back: what it gained in all is gone to the atom."""
        line = self.line(item).without_change(quantity, cash)
        done = replace(line, fees=line.fees - fee, traded=line.traded - abs(cash))
        return self.with_line(item, done)

    def with_gift(self, item: Item, atoms: int) -> "Profit":
        """Book what was received for nothing."""
        line = self.line(item)
        if item.is_cash:
            return self.with_line(item, replace(line, realised=line.realised + atoms))
        return self.with_line(item, line.with_change(atoms, 0))

    def with_brought(self, item: Item, atoms: int) -> "Profit":
        """Book what was moved in or out; cash is worth itself, and the rest waits for its mark."""
        line = replace(self.line(item), unpriced=self.line(item).unpriced + atoms)
        if item.is_cash:
            line = line.with_value(Price(item.base, item.quote, 1, 1))
        return self.with_line(item, line)

    def with_funding(self, account: AccountId, payment: FundingPayment) -> "Profit":
        """Book a settlement of funding."""
        key = Funded(account, payment.instrument, payment.amount.asset)
        return replace(self, funding=_added(self.funding, key, payment.amount.atoms))

    def with_gas(self, account: AccountId, atoms: int, price: Price | None) -> "Profit":
        """Book what a transaction cost, valued at the coin's price, rounded up."""
        paid = replace(self, gas=_added(self.gas, account, atoms))
        if price is None:
            return replace(paid, gas_unvalued=_added(self.gas_unvalued, account, atoms))
        value = price.notional(Amount(price.base, atoms), Rounding.UP)
        valued = _added(self.gas_valued, (account, value.asset), value.atoms)
        return replace(paid, gas_valued=valued)

    def with_transfer(self, account: AccountId, name: str, count: int) -> "Profit":
        """Note what somebody moved in or out."""
        return replace(self, transfers=_added(self.transfers, (account, name), count))


def cash_item(account: AccountId, asset: AssetId) -> Item:
    """Return an asset as its own measure."""
    return Item(account, None, asset, asset)


def _added(before: Mapping[_Key, int], key: _Key, count: int) -> dict[_Key, int]:
    return {**before, key: before.get(key, 0) + count}
