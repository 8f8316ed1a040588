"""What the shell and the venues satisfy: protocols, no behaviour."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from router.domain.account import AccountSnapshot
from router.domain.funding import FundingSample
from router.domain.instrument import Instrument
from router.domain.market import MarketEvent
from router.domain.order import (
    ChildOrder,
    Fill,
    GasPaid,
    OrderStatus,
    Replacement,
    SignedChild,
    TransactionState,
)
from router.domain.price import SourcePrice
from router.domain.units import (
    AccountId,
    Amount,
    AssetId,
    DurationNs,
    InstrumentId,
    TimestampNs,
    VenueId,
)

# Raises BrokenPoolError where a pool's state does not follow: the stream sends a snapshot of it.
Emit: TypeAlias = Callable[[MarketEvent], None]
Approve: TypeAlias = Callable[[Amount], Awaitable[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a contract may take of an asset until that is changed.

    Attributes
    ----------
    spender : str
        Whose routers take it, by the names of the configuration.
    address : str
        The contract's.
    """

    asset: AssetId
    spender: str
    address: str
    atoms: int


ReadAllowances: TypeAlias = Callable[[], Awaitable[tuple[Allowance, ...]]]


@dataclass(frozen=True, slots=True)
class Discovered:
    """A pool nobody configured, as the table of its family that would configure it."""

    family: str
    table: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the logs of factories told, and how many of them could not be read."""

    pools: tuple[Discovered, ...]
    unreadable_count: int


Discover: TypeAlias = Callable[[int], Awaitable[Discovery]]


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> TimestampNs:
        """Return the time since the Unix epoch."""
        ...

    async def sleep(self, duration: DurationNs) -> None:
        """Return after `duration`."""
        ...


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a venue says of a child now.

    Attributes
    ----------
    status : OrderStatus
        Terminal; NEW or PARTIALLY_FILLED while it works; IN_DOUBT where the venue cannot tell.
    fills : tuple of Fill
        All of the child so far; repeating them is harmless.
    gas : GasPaid | None
        Of a mined transaction.
    reason : str
        The venue's words, for a status that has a reason.
    progress : TransactionState | None
        Chains only: where a transaction stands that has not ended.
    wanted : Replacement | None
        Chains only: it should be replaced, or it may hold up those behind it.
    """

    status: OrderStatus
    fills: tuple[Fill, ...]
    gas: GasPaid | None
    reason: str
    progress: TransactionState | None = None
    wanted: Replacement | None = None


class Venue(Protocol):
    """One venue and the account that trades there."""

    @property
    def id(self) -> VenueId:
        """Name of the venue."""
        ...

    @property
    def account(self) -> AccountId:
        """The account whose cash or margin is used."""
        ...

    async def start(self) -> None:
        """Connect once and check identity: chain id, account, instruments.

        Raises
        ------
        ConfigError
            If the venue is not the one the configuration names, or cannot be reached.
        """
        ...

    async def stream(self, emit: Emit) -> None:
        """Emit snapshots, then changes, reconnecting and going on until cancelled.

        Where `emit` raises BrokenPoolError, it sends a new snapshot of that pool.
        """
        ...

    async def read_account(self) -> AccountSnapshot:
        """Return balances, positions and margin now.

        Raises
        ------
        VenueError
            If the venue did not answer in time.
        """
        ...

    async def sign(self, child: ChildOrder) -> SignedChild:
        """Make the bytes of a child; sends nothing that could have an effect.

        Raises
        ------
        NotSentError
            If the child cannot be signed: it would revert, breaks a venue rule, lacks a permit.
        """
        ...

    async def submit(self, child: ChildOrder, signed: SignedChild) -> None:
        """Send the bytes and return once the venue has them.

        Raises
        ------
        NotSentError
            If the request cannot have arrived.
        RejectedError
            If the venue said no.
        InDoubtError
            If the outcome is unknown.
        """
        ...

    async def resolve(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> Resolution:
        """Ask what became of a child; send the same bytes again if the venue never got them.

        Waits a bounded while for a terminal status or other news, and returns what is known then.
        At most one of the attempts can have taken effect.

        Raises
        ------
        VenueError
            If the venue could not be asked; the outcome stays unknown.
        """
        ...

    async def replace(
        self, child: ChildOrder, attempts: tuple[SignedChild, ...], replacement: Replacement
    ) -> SignedChild:
        """Sign another transaction of the child's nonce; sends nothing.

        Raises
        ------
        NotSentError
            If there is nothing to replace here, or no price within the limits would do it.
        """
        ...

    async def cancel(self, child: ChildOrder, attempts: tuple[SignedChild, ...]) -> None:
        """Have a book cancel what waits of a child; doing it twice is harmless.

        What became of the child is told by `resolve`, as ever.

        Raises
        ------
        RejectedError
            If the venue will not: it has ended, or was never there.
        VenueError
            If the outcome is unknown; it may be asked again.
        """
        ...

    async def close(self) -> None:
        """Release connections; idempotent."""
        ...


class Gate(Protocol):
    """What the kill switch lets a venue do by itself; asked each time, never remembered."""

    def may_send(self, child: ChildOrder) -> bool:
        """Tell whether bytes of a child may go out now, also a second time."""
        ...

    def is_stopped(self, venue: VenueId, account: AccountId) -> bool:
        """Tell whether nothing new may be done with an account at a venue, whoever asks."""
        ...


@runtime_checkable
class Obedient(Protocol):
    """A venue that does things by itself, and asks before."""

    def obey(self, gate: Gate) -> None:
        """Ask `gate` from now on before sending anything that could trade."""
        ...


@runtime_checkable
class TellsFunding(Protocol):
    """A venue, or anybody else, that tells what is paid of funding."""

    @property
    def id(self) -> VenueId:
        """Who tells it."""
        ...

    async def read_funding(self) -> tuple[FundingSample, ...]:
        """Return what is predicted now, and what was settled since the last call.

        Only of the desk's own assets. The first call goes back seven days, as far as it can.

        Raises
        ------
        VenueError
            If it did not answer in time, or not in a way that can be read.
        """
        ...


class TellsPrices(Protocol):
    """Somebody who is no market here and tells what assets are worth."""

    @property
    def name(self) -> str:
        """Who tells it: one voice, whatever it is made of."""
        ...

    async def read_prices(self) -> tuple[SourcePrice, ...]:
        """Return its prices, each with the time it is of.

        Raises
        ------
        MarketDataError
            If there are none that can be read.
        """
        ...


class Owner(Protocol):
    """What the owner of a perp account does by hand, with the account's own key.

    Both return a sentence that says what was done.
    """

    async def approve_agent(self, *, days: int) -> str:
        """Let the configured agent trade for the account, for so many days.

        Raises
        ------
        VenueError
            If the venue refuses, or did not answer.
        """
        ...

    async def move_collateral(self, amount: Amount, *, to_perp: bool) -> str:
        """Move collateral between the account's spot and perpetual balances.

        Raises
        ------
        VenueError
            If the venue refuses, or did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class VenueSetup:
    """What a venue's part of the configuration amounts to; nothing is connected yet.

    Attributes
    ----------
    approve : Approve | None
        Chain venues: lets the venue's contracts take up to so many atoms of an asset, once, and
        returns the transactions it took.
    native : AssetId | None
        Chain venues: the asset whose price is that of the coin gas is paid in.
    real_money : bool
        Whether trades there cost anybody anything; such venues need a second permission.
    discover : Discover | None
        Chain venues: finds pools of configured tokens made since a block.
    owner : callable of str to Owner | None
        Perp venues: takes the account's own key, which trading never sees.
    allowances : ReadAllowances | None
        Chain venues: reads what the venue's contracts may take of every configured token.
    leverage : Mapping[InstrumentId, int]
        Perp venues: what each instrument is to be held at.
    has_account : bool
        Whether the configuration names an account; without one it can only be watched.
    """

    venue: Venue
    instruments: tuple[Instrument, ...]
    native: AssetId | None
    approve: Approve | None
    real_money: bool
    discover: Discover | None = None
    owner: Callable[[str], Owner] | None = None
    allowances: ReadAllowances | None = None
    leverage: Mapping[InstrumentId, int] = field(default_factory=dict)
    has_account: bool = True
