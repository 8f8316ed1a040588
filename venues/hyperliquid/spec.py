"""What Hyperliquid is, what of it is supported, and what a connection to it must be told.

Refuses: spot markets, builder-deployed dexs, isolated margin, and unified and portfolio-margin
accounts (their perp account state is not meaningful). Children are plain limit orders, which wait
where they say so; the trader of `trading` knows every kind of order.

The whole book comes with up to 20 levels and may be five seconds old; the best prices come whenever
they change. Where they are newer they are laid over the book (`top_of_book`), which keeps the age
of its depth, so that a limit on the age of books still means what it says.

Sources, with the date they were read:

* the venue's documentation pages (API, margin, fees), 22 Aug 2026;
* hyperliquid-python-sdk 0.24.0, ``utils/signing.py``, ``exchange.py``, ``info.py``, 22 Nov 2026;
* JKorf/HyperLiquid.Net issue 46 and hyperliquid-python-sdk issue 141 (what ``sz`` of an order that
  ended means), 22 Nov 2026.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from router.domain.error import ConfigError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.units import NS_PER_S, AccountId, DurationNs, InstrumentId, VenueId

VENUE: Final = VenueId("hyperliquid")
MAINNET_URL: Final = "https://api.hyperliquid.xyz"
MAINNET_WS_URL: Final = "wss://api.hyperliquid.xyz/ws"
TESTNET_URL: Final = "https://api.hyperliquid-testnet.xyz"
TESTNET_WS_URL: Final = "wss://api.hyperliquid-testnet.xyz/ws"

COLLATERAL_DECIMALS: Final = 6  # the venue keeps cash in millionths of a USDC
PRICE_AND_SIZE_DECIMALS: Final = 6  # of a perpetual: price decimals + size decimals
SIGNIFICANT_FIGURES_MAX: Final = 5  # of a price that is not a whole number

# Funding settled longer ago is not told with an account: a desk that was away for longer finds its
# cash changed without a reason. The venue answers with at most 500 settlements, one an hour a coin.
FUNDING_WINDOW: Final = DurationNs(48 * 3_600 * NS_PER_S)

RESTING_WAIT: Final = DurationNs(30 * NS_PER_S)

_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")
NOBODY: Final = "0x" + "00" * 20  # the account of a configuration that names none


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take; `PUBLIC_TIMING` suits the public servers.

    Attributes
    ----------
    ping_every : DurationNs
        The server closes a connection to which it sent nothing for 60 s; an answered ping counts.
    refresh_after, context_refresh_after : DurationNs
        A book, or a context, that was not told for so long is asked for. The question for contexts
        weighs ten times as much as that for a book.
    silence_max : DurationNs
        A book or context that is neither told nor answered for so long breaks the stream.
    resolve_wait : DurationNs
        How long `resolve` waits for an order to end and for all its fills to be reported.
    resolve_poll : DurationNs
        How often it asks meanwhile, unless the stream says something about the order first.
    resting_wait : DurationNs
        How long `resolve` waits for news of an order that waits at the book.
    expiry_margin : DurationNs
        An order the venue does not know so long after its deadline has not happened: allows for
        the venue's clock and for blocks that are still being read.
    """

    request_timeout: DurationNs
    ping_every: DurationNs
    refresh_after: DurationNs
    context_refresh_after: DurationNs
    silence_max: DurationNs
    resolve_wait: DurationNs
    resolve_poll: DurationNs
    expiry_margin: DurationNs
    reconnect_first: DurationNs
    reconnect_longest: DurationNs
    resting_wait: DurationNs = RESTING_WAIT


PUBLIC_TIMING: Final = Timing(
    request_timeout=DurationNs(5 * NS_PER_S),
    ping_every=DurationNs(15 * NS_PER_S),
    refresh_after=DurationNs(NS_PER_S),
    context_refresh_after=DurationNs(5 * NS_PER_S),
    silence_max=DurationNs(10 * NS_PER_S),
    resolve_wait=DurationNs(5 * NS_PER_S),
    resolve_poll=DurationNs(NS_PER_S // 4),
    expiry_margin=DurationNs(5 * NS_PER_S),
    reconnect_first=DurationNs(2 * NS_PER_S),  # at most 30 new connections a minute
    reconnect_longest=DurationNs(30 * NS_PER_S),
)


@dataclass(frozen=True, slots=True)
class HyperliquidConfig:
    """One account at one deployment of the venue.

    Attributes
    ----------
    is_mainnet : bool
        Which network signatures are made for; the wrong one recovers to a stranger's address.
    address : str
        The master account, lower-case hex; never the agent's address.
    agent_key : str
        Private key of the approved agent, 32 bytes in hex. Never shown or logged.
    instruments : tuple of Instrument
        Perpetuals; the symbol is the venue's coin name.
    leverage : tuple of (InstrumentId, int)
        Leverage each instrument is to be held at, cross margin.
    set_leverage : bool
        Whether `start` may change the account's leverage to the configured one; if not, a
        difference stops the start.
    sub_account : str | None
        The sub-account or vault traded for, lower-case hex; None for the master account itself.
    watch_trades : bool
        Whether the stream subscribes to public trades too.
    actions_over_stream : bool
        Whether actions go over the stream's connection while it is there.
    dead_mans_switch_s : int
        After how many seconds without us the venue cancels every open order; zero for never.
    nonce_folder : Path | None
        Where the agent's highest nonce is kept over restarts, in a file of its own.
    only_watches : bool
        Nothing is signed, and nothing changed at the venue: the key is nobody's.
    """

    base_url: str
    ws_url: str
    is_mainnet: bool
    address: str
    agent_key: str = field(repr=False)
    instruments: tuple[Instrument, ...]
    leverage: tuple[tuple[InstrumentId, int], ...]
    set_leverage: bool
    timing: Timing = PUBLIC_TIMING
    sub_account: str | None = None
    watch_trades: bool = False
    actions_over_stream: bool = False
    dead_mans_switch_s: int = 0
    nonce_folder: Path | None = None
    only_watches: bool = False

    def __post_init__(self) -> None:
        _check_address("address", self.address)
        if self.sub_account is not None:
            _check_address("sub_account", self.sub_account)
        for url, network in ((MAINNET_URL, True), (TESTNET_URL, False)):
            if self.base_url.rstrip("/") == url and self.is_mainnet is not network:
                raise ConfigError(
                    f"is_mainnet is {self.is_mainnet} but base_url is {url}: make them agree"
                )
        if not self.instruments:
            raise ConfigError("instruments is empty: name at least one perpetual")
        for instrument in self.instruments:
            _check_instrument(instrument, self.account)
        if len({i.symbol for i in self.instruments}) != len(self.instruments):
            raise ConfigError("instruments name the same symbol twice: keep one of them")
        if {i for i, _ in self.leverage} != {i.id for i in self.instruments}:
            raise ConfigError("leverage must be given exactly once for every instrument")

    @property
    def account(self) -> AccountId:
        """The account whose margin is used."""
        return AccountId(f"{VENUE}:{self.trading_address}")

    @property
    def trading_address(self) -> str:
        """Where orders, fills and positions are: the sub-account, or the master account."""
        return self.sub_account or self.address

    @property
    def collateral(self) -> Asset:
        """The asset cash and margin are kept in."""
        return self.instruments[0].quote

    def leverage_of(self, instrument: InstrumentId) -> int:
        """Return the configured leverage."""
        return dict(self.leverage)[instrument]


def size_decimals(instrument: Instrument) -> int:
    """Return the decimals of a size: how many the price grid leaves."""
    return PRICE_AND_SIZE_DECIMALS - instrument.tick_decimals


def _check_address(name: str, address: str) -> None:
    if not _ADDRESS.match(address):
        raise ConfigError(f"{name} must be 0x and 40 lower-case hex digits, was {address!r}")


def _check_instrument(instrument: Instrument, account: AccountId) -> None:
    name = f"instrument {instrument.id}"
    if instrument.venue != VENUE or instrument.kind is not InstrumentKind.PERP_BOOK:
        raise ConfigError(f"{name}: must be a perp_book at {VENUE}")
    if instrument.account != account:
        raise ConfigError(f"{name}: account must be {account}, was {instrument.account}")
    if instrument.quote.decimals != COLLATERAL_DECIMALS:
        raise ConfigError(
            f"{name}: quote decimals must be {COLLATERAL_DECIMALS}, was {instrument.quote.decimals}"
        )
    if not 0 <= instrument.tick_decimals <= PRICE_AND_SIZE_DECIMALS:
        raise ConfigError(
            f"{name}: tick_decimals must be 0 to {PRICE_AND_SIZE_DECIMALS}, "
            f"was {instrument.tick_decimals}"
        )
    decimals = size_decimals(instrument)
    if instrument.base.decimals < decimals:
        raise ConfigError(f"{name}: base decimals must be at least {decimals}")
    lot = 10 ** (instrument.base.decimals - decimals)
    if instrument.lot_atoms != lot:
        raise ConfigError(f"{name}: lot_atoms must be {lot}, was {instrument.lot_atoms}")
