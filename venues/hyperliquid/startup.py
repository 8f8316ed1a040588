"""What `start` makes and asks: the clients, and whether this is the venue that was meant.

Every difference between the configuration and the venue is a `ConfigError` that names the field;
only leverage is put right, where the configuration allows it. Refuses to guess what the venue does
not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.error import ConfigError, RejectedError
from router.domain.margin import MarginTier
from router.domain.units import DurationNs, InstrumentId
from router.port import Clock
from venues.hyperliquid.account import identity
from venues.hyperliquid.account.agent_watch import AgentWatch
from venues.hyperliquid.account.reader import AccountReader
from venues.hyperliquid.account.tiers import margin_tiers, require_tiers
from venues.hyperliquid.actions.market import Market, perpetual
from venues.hyperliquid.clients.budget import Budget
from venues.hyperliquid.clients.exchange import Channel, ExchangeClient, over_http, over_socket
from venues.hyperliquid.clients.info import InfoClient
from venues.hyperliquid.clients.nonces import NonceSource
from venues.hyperliquid.clients.open_orders import OpenOrders
from venues.hyperliquid.feed.stream import Stream
from venues.hyperliquid.signing import AgentSigner
from venues.hyperliquid.spec import NOBODY, HyperliquidConfig, size_decimals
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.orders import Orders
from venues.hyperliquid.trading.trader import Account, Trader
from venues.hyperliquid.translate import NS_PER_MS
from venues.transport.http import HttpClient, HttpReply

_SINCE_BEFORE_MS: Final = 60_000  # the venue's clock and ours need not agree


@dataclass(frozen=True, slots=True)
class Tools:
    """What one account's access shares, connected or not."""

    config: HyperliquidConfig
    clock: Clock
    signer: AgentSigner
    nonces: NonceSource
    budget: Budget
    agent: AgentWatch
    stream: Stream
    seen: Ledger


@dataclass(frozen=True, slots=True)
class Access:
    """The clients of a venue that was found to be the right one."""

    channel: Channel
    info: InfoClient
    exchange: ExchangeClient
    trader: Trader
    reader: AccountReader
    opened: OpenOrders
    markets: Mapping[InstrumentId, Market]
    tiers: Mapping[InstrumentId, tuple[MarginTier, ...]]


async def connect(tools: Tools, http: HttpClient) -> Access:
    """Make the clients after checking that venue, account and agent are those configured.

    Raises
    ------
    ConfigError
        If they are not.
    VenueError
        If the venue did not answer.
    """
    config, clock = tools.config, tools.clock
    if not config.only_watches:
        await tools.nonces.wait_until_free()
    within = config.timing.request_timeout
    info = InfoClient(http, within=within, spend=tools.budget.ask, owe=tools.budget.owe)
    channel = _Channel(tools, http, within)
    exchange = ExchangeClient(
        channel,
        signer=tools.signer,
        nonces=tools.nonces,
        budget=tools.budget,
        clock=clock,
        vault=config.sub_account,
    )
    metadata = await info.meta()
    assets = identity.assets(metadata.coins, config)
    markets = {
        i.id: perpetual(
            assets[i.id],
            size_decimals=size_decimals(i),
            leverage_max=metadata.coins[assets[i.id]].leverage_max,
        )
        for i in config.instruments
    }
    tiers = margin_tiers(metadata)
    await _check_account(tools, info)
    await _check_leverage(tools, info, exchange=exchange, markets=markets)
    whose = Account(
        address=config.trading_address,
        coins={coin.asset: coin.coin for coin in metadata.coins},
        since_ms=clock.now() // NS_PER_MS - _SINCE_BEFORE_MS,
    )
    trader = Trader(whose, exchange=exchange, info=info, orders=Orders(), clock=clock)
    opened = OpenOrders(config.trading_address, info=info, budget=tools.budget, clock=clock)
    reader = AccountReader(
        config,
        info=info,
        budget=tools.budget,
        ledger=tools.seen,
        clock=clock,
        tiers=tiers,
        sizes={coin.coin: coin.size_decimals for coin in metadata.coins},
        opened=opened,
        is_live=lambda: tools.stream.is_live,
    )
    own = {i.id: require_tiers(tiers, i.symbol) for i in config.instruments}
    return Access(channel, info, exchange, trader, reader, opened, markets, own)


class _Channel:
    """Actions over the stream where that is wanted and there, and over HTTP where not.

    Nothing is sent that an agent signed whose approval is over.
    """

    def __init__(self, tools: Tools, http: HttpClient, within: DurationNs) -> None:
        self._prefers_stream = tools.config.actions_over_stream
        self._tools = tools
        self._over_stream = over_socket(tools.stream.post)
        self._over_http = over_http(http, within=within)

    async def __call__(self, body: bytes, /) -> HttpReply:
        self._tools.agent.require_valid(self._tools.clock.now())
        if self._prefers_stream and self._tools.stream.is_live:
            return await self._over_stream(body)
        return await self._over_http(body)


async def _check_account(tools: Tools, info: InfoClient) -> None:
    config = tools.config
    if config.address == NOBODY:
        return
    identity.check_account(await info.role(config.address), config)
    if config.sub_account is not None:
        identity.check_sub_account(await info.role(config.sub_account), config)
    if not config.only_watches:
        await _check_agent(tools, info)
    identity.check_fee((await info.fees(config.trading_address)).taker, config)
    identity.check_abstraction(await info.abstraction(config.trading_address))


async def _check_agent(tools: Tools, info: InfoClient) -> None:
    config, agent = tools.config, tools.signer.address
    now, agents = tools.clock.now(), await info.agents(config.address)
    tools.agent.learn(agents, now=now)
    tools.agent.require_valid(now)
    if agent not in {listed.address.lower() for listed in agents}:  # the unnamed one is not listed
        identity.check_agent(await info.role(agent), config, agent=agent)


async def _check_leverage(
    tools: Tools,
    info: InfoClient,
    *,
    exchange: ExchangeClient,
    markets: Mapping[InstrumentId, Market],
) -> None:
    config = tools.config
    if config.address == NOBODY:
        return
    for instrument in config.instruments:
        wanted = config.leverage_of(instrument.id)
        told = (await info.trade_limits(config.trading_address, instrument.symbol)).leverage
        if (told.value, told.is_cross) == (wanted, True):
            continue
        if not config.set_leverage:
            raise ConfigError(
                f"leverage of {instrument.id} must be {wanted} cross, but the account has "
                f"{told.value} {'cross' if told.is_cross else 'isolated'}: set set_leverage, or "
                "set it at the venue"
            )
        if config.only_watches:
            continue  # a desk that trades sets it when it starts, and plans with it
        try:
            await exchange.update_leverage(markets[instrument.id], leverage=wanted, is_cross=True)
        except RejectedError as error:
            raise ConfigError(f"leverage of {instrument.id}: the venue refuses: {error}") from error
