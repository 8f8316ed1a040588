"""What checkers are shown: the true state of the venues, and the engine's world beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from router.domain.command import Command
from router.domain.event import Event
from router.domain.order import ChildOrder, Fill, SignedChild
from router.domain.units import (
    NATIVE,
    AccountId,
    AssetId,
    ChildId,
    InstrumentId,
    Side,
)
from router.simulation.chain import Chain
from router.simulation.exchange import Exchange
from router.simulation.town import (
    ETH,
    LOT,
    MARGIN,
    MARGIN_CASH,
    PERP,
    USDC,
    WALLET,
    WALLET_BALANCES,
)
from router.state.world import World

Holdings: TypeAlias = dict[tuple[AccountId, str], int]  # atoms of assets, lots of positions


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened at a venue because of bytes of ours.

    Attributes
    ----------
    reference : str
        Of the bytes.
    gas_atoms : int
        Zero at a book.
    """

    child: ChildOrder
    reference: str
    fills: tuple[Fill, ...]
    gas_atoms: int
    is_trade: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """The venues, as they are."""

    chain: Chain
    exchange: Exchange

    def effects(self) -> Iterator[Effect]:
        """Yield all that happened, on the branch of the chain that counts."""
        for mined in self.chain.mined.values():
            is_trade = mined.succeeded and not mined.transaction.is_cancel
            yield Effect(
                mined.transaction.child,
                mined.transaction.hash,
                mined.fills,
                mined.gas.atoms,
                is_trade,
            )
        for order in self.exchange.orders.values():
            yield Effect(order.child, order.name, tuple(order.fills), 0, bool(order.fills))

    def holdings(self) -> Holdings:
        """Return all balances and the position, in atoms and lots."""
        state = self.chain.head.state
        found = {(WALLET, str(asset)): atoms for asset, atoms in state.balances.items()}
        found[MARGIN, str(USDC.id)] = self.exchange.cash
        found[MARGIN, str(PERP.id)] = self.exchange.lots
        return found


def opening() -> Holdings:
    """Return what was held before anything was traded."""
    found = {(WALLET, str(asset)): atoms for asset, atoms in WALLET_BALANCES.items()}
    found[MARGIN, str(USDC.id)] = MARGIN_CASH
    found[MARGIN, str(PERP.id)] = 0
    return found


def add_fill(holdings: Holdings, side: Side, fill: Fill) -> None:
    """Move holdings by one fill, by this room's own bookkeeping."""
    sign = 1 if side is Side.BUY else -1
    account = MARGIN if fill.instrument == PERP.id else WALLET
    holdings[account, str(USDC.id)] -= sign * fill.notional.atoms + fill.fee.atoms
    if account == MARGIN:
        holdings[account, str(PERP.id)] += sign * (fill.quantity.atoms // LOT)
    else:
        holdings[account, str(ETH.id)] += sign * fill.quantity.atoms


def add_gas(holdings: Holdings, atoms: int) -> None:
    """Take gas from the wallet."""
    holdings[WALLET, str(NATIVE)] -= atoms


def ledger_of(world: World) -> Holdings:
    """Return what the engine's ledger says, in the form of `Truth.holdings`."""
    assert world.ledger is not None, "asked for where there is one"
    balances: dict[tuple[AccountId, AssetId], int] = world.ledger.balances
    positions: dict[tuple[AccountId, InstrumentId], int] = world.ledger.positions
    told = {(account, str(asset)): atoms for (account, asset), atoms in balances.items()}
    return told | {(account, str(name)): lots for (account, name), lots in positions.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """One event that is durable, the worlds around it, and what was to be done then."""

    before: World
    event: Event
    after: World
    truth: Truth
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Sending:
    """Bytes that leave the house now, and the newest world that is durable."""

    child: ChildOrder
    signed: SignedChild
    world: World
    is_halted: bool


@dataclass(frozen=True, slots=True)
class End:
    """A run that is over: faults have long stopped.

    Attributes
    ----------
    replayed : World
        What the journal alone adds up to.
    fault : str
        Why it does not replay; empty where it does.
    """

    world: World
    truth: Truth
    replayed: World
    fault: str


class StepCheck(Protocol):
    """Looks at every step."""

    @property
    def name(self) -> str:
        """What is watched over."""
        ...

    def step(self, step: Step) -> str | None:
        """Return what is wrong, or None."""
        ...


class SendingCheck(Protocol):
    """Looks at everything that leaves."""

    @property
    def name(self) -> str:
        """What is watched over."""
        ...

    def sending(self, sending: Sending) -> str | None:
        """Return what is wrong, or None."""
        ...


class EndCheck(Protocol):
    """Looks at how a run ended."""

    @property
    def name(self) -> str:
        """What is watched over."""
        ...

    def end(self, end: End) -> str | None:
        """Return what is wrong, or None."""
        ...


def changed_children(step: Step) -> Iterator[ChildId]:
    """Yield the children that a step made or changed."""
    for name, child in step.after.children.items():
        if step.before.children.get(name) is not child:
            yield name
