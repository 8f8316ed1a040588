"""The configuration table of a Hyperliquid venue, and the adapter it makes."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from router.domain.error import ConfigError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.units import AccountId, InstrumentId, Pips
from router.port import Clock, VenueSetup
from venues.hyperliquid.adapter import Hyperliquid
from venues.hyperliquid.owner import AccountOwner
from venues.hyperliquid.spec import (
    NOBODY,
    PRICE_AND_SIZE_DECIMALS,
    VENUE,
    HyperliquidConfig,
)
from venues.transport.url import check_url

_NOTIONAL_MIN_UNITS: Final = 10  # the venue's smallest order, in units of the collateral
_NOBODYS_KEY: Final = "0x" + "01" * 32  # of who only watches; it signs nothing
_FOREIGN = re.compile(r"[:/@#]")  # a builder's dex, spot by name, spot by number, an outcome

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")]  # a name, never a key itself


class MarketSettings(BaseModel):
    """One perpetual."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    coin: str
    base: str
    quote: str
    size_decimals: Annotated[int, Field(ge=0, le=PRICE_AND_SIZE_DECIMALS)]
    taker_fee_pips: Annotated[int, Field(ge=0, lt=1_000_000)]
    leverage: Annotated[int, Field(ge=1, le=50)]


class HyperliquidSettings(BaseModel):
    """The table ``[venues.hyperliquid]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: str
    ws_url: str
    plain_hosts: list[str] = []  # of ours, that are spoken to without encryption
    network: Literal["mainnet", "testnet"]
    account: Address | None = None  # nobody's: for whoever only watches
    agent_key_env: Variable
    set_leverage: bool
    sub_account: Address | None = None  # or vault; None trades for the master account itself
    actions_over_stream: bool = False
    dead_mans_switch_s: Annotated[int, Field(ge=0)] = 0
    markets: Annotated[list[MarketSettings], Field(min_length=1)]


def build(
    table: Mapping[str, object],
    *,
    assets: Mapping[str, Asset],
    environment: Mapping[str, str] | None,
    clock: Clock,
    state_dir: Path,
) -> VenueSetup:
    """Make the venue of its configuration table; connects to nothing.

    The agent's highest nonce is kept in `state_dir`. Without an environment there is no agent, and
    the venue only watches.

    Raises
    ------
    ConfigError
        If a market names an asset that is not configured, or the agent's key is not set.
    pydantic.ValidationError
        If the table has not the right keys and types.
    """
    settings = HyperliquidSettings.model_validate(table)
    _check_urls(settings)
    if settings.account is None and environment is not None:
        raise ConfigError("account: missing; add it")
    key = _NOBODYS_KEY if environment is None else environment.get(settings.agent_key_env)
    if not key:
        raise ConfigError(
            f"agent_key_env: environment variable {settings.agent_key_env} is not set; set it to"
            " the private key of an agent the account has approved"
        )
    instruments = tuple(_instrument(settings, market, assets) for market in settings.markets)
    config = HyperliquidConfig(
        base_url=settings.url,
        ws_url=settings.ws_url,
        is_mainnet=settings.network == "mainnet",
        address=(settings.account or NOBODY).lower(),
        agent_key=key,
        instruments=instruments,
        leverage=tuple(
            (i.id, m.leverage) for i, m in zip(instruments, settings.markets, strict=True)
        ),
        set_leverage=settings.set_leverage,
        watch_trades=True,
        sub_account=None if settings.sub_account is None else settings.sub_account.lower(),
        actions_over_stream=settings.actions_over_stream,
        dead_mans_switch_s=settings.dead_mans_switch_s,
        nonce_folder=None if environment is None else state_dir,
        only_watches=environment is None,
    )
    return VenueSetup(
        venue=Hyperliquid(config, clock),
        instruments=instruments,
        native=None,
        approve=None,
        real_money=settings.network == "mainnet",
        owner=partial(AccountOwner, config, clock),
        leverage=dict(config.leverage),
        has_account=settings.account is not None,
    )


def _check_urls(settings: HyperliquidSettings) -> None:
    key = "url"
    try:
        check_url(settings.url, "http", plain_hosts=settings.plain_hosts)
        key = "ws_url"
        check_url(settings.ws_url, "ws", plain_hosts=settings.plain_hosts)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from None


def _instrument(
    settings: HyperliquidSettings, market: MarketSettings, assets: Mapping[str, Asset]
) -> Instrument:
    if _FOREIGN.search(market.coin):
        raise ConfigError(
            f"markets: {market.coin} is a spot market, an outcome or of a builder's dex: only "
            "perpetuals of the venue's own dex are supported; remove it"
        )
    for name in (market.base, market.quote):
        if name not in assets:
            raise ConfigError(f"markets: {name!r} is not in [assets]; add it there or correct it")
    trader = settings.sub_account or settings.account or NOBODY
    base, quote = assets[market.base], assets[market.quote]
    if base.decimals < market.size_decimals:
        raise ConfigError(f"markets: size_decimals of {market.coin} exceed those of {base.id}")
    return Instrument(
        id=InstrumentId(f"{VENUE}:{market.coin}"),
        venue=VENUE,
        symbol=market.coin,
        kind=InstrumentKind.PERP_BOOK,
        base=base,
        quote=quote,
        account=AccountId(f"{VENUE}:{trader.lower()}"),
        lot_atoms=10 ** (base.decimals - market.size_decimals),
        notional_min_atoms=_NOTIONAL_MIN_UNITS * 10**quote.decimals,
        fee_pips=Pips(market.taker_fee_pips),
        tick_decimals=PRICE_AND_SIZE_DECIMALS - market.size_decimals,
    )
