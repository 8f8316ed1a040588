"""The configuration table of a chain, and the venue it makes.

The tables of its pool families lie inside it; each family reads its own.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from router.domain.error import ConfigError, MalformedDataError, VenueError
from router.domain.instrument import Asset
from router.domain.units import AccountId, Amount, AssetId, DurationNs, VenueId
from router.port import Approve, Clock, Discover, Discovery, VenueSetup
from venues.evm.allowances import read_allowances
from venues.evm.chain_venue import ChainVenue
from venues.evm.discovery import discover
from venues.evm.nodes.endpoints import Endpoints
from venues.evm.pools.family import NATIVE_COIN, ChainFacts, Family, PoolSetup, TokenContract
from venues.evm.routers.calldata import spenders
from venues.evm.spec import IN_FLIGHT_MAX, ChainConfig, DataFee, RouterVersion
from venues.transport.contract import Approval, approve
from venues.transport.error import TransportError
from venues.transport.json_rpc import JsonRpcError
from venues.transport.url import check_url

_NS_PER_MS: Final = 1_000_000
_WEI_PER_GWEI: Final = 10**9
# Local development nodes, Sepolia, Base Sepolia, Arbitrum Sepolia; every other chain is real money.
_PLAY_MONEY_CHAINS: Final = frozenset({1337, 31337, 11155111, 84532, 421614})

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")]  # a name, never a key itself
Url = Annotated[str, Field(min_length=1)]
PositiveMs = Annotated[int, Field(gt=0)]


class ChainSettings(BaseModel):
    """The table ``[chains.<name>]`` without those of its pool families."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    chain_id: Annotated[int, Field(gt=0)]
    ws_urls: Annotated[list[Url], Field(min_length=1)]
    relay_urls: list[Url] = []
    plain_hosts: list[str] = []  # of ours, that are spoken to without encryption
    account: Address | None = None  # nobody's: for whoever only watches
    signing_key_env: Variable
    routers: Annotated[dict[str, Address], Field(min_length=1)]
    router_version: Annotated[RouterVersion, Field(strict=False)]
    permit2: Address
    multicall: Address
    native_asset: str
    fee_cap_gwei: Annotated[int, Field(gt=0)]
    confirmations: Annotated[int, Field(ge=1, le=64)]
    replace_after_blocks: Annotated[int, Field(ge=1)]
    replacements_max: Annotated[int, Field(ge=0)]
    in_flight_max: Annotated[int, Field(ge=1, le=IN_FLIGHT_MAX)]
    data_fee: Annotated[DataFee, Field(strict=False)]
    request_timeout_ms: PositiveMs
    receipt_timeout_ms: PositiveMs
    silence_max_ms: PositiveMs
    head_lag_max: Annotated[int, Field(ge=0)]
    tokens: Annotated[dict[str, Address], Field(min_length=2)]
    unverified_tokens: list[str] = []


@dataclass(frozen=True, slots=True)
class ChainTable:
    """A chain's own table, checked, and what the families' tables may refer to."""

    settings: ChainSettings
    facts: ChainFacts


def read_table(
    name: str, table: Mapping[str, object], *, assets: Mapping[str, Asset]
) -> ChainTable:
    """Check the chain's own table, which must not hold those of its families any more.

    Raises
    ------
    ConfigError
        If a token names an asset that is not configured, or stands for two.
    pydantic.ValidationError
        If the table has not the right keys and types.
    """
    settings = ChainSettings.model_validate(table)
    _check_urls(settings)
    _asset(assets, settings.native_asset, "native_asset")
    if settings.native_asset not in settings.tokens:
        raise ConfigError(
            f"native_asset: {settings.native_asset!r} has no address in tokens; add the token that"
            " wraps the coin"
        )
    facts = ChainFacts(
        venue=VenueId(name),
        account=AccountId(f"evm:{settings.chain_id}:{_address(settings)}"),
        assets=assets,
        tokens={
            AssetId(asset): TokenContract(address.lower(), _asset(assets, asset, "tokens").decimals)
            for asset, address in settings.tokens.items()
        },
        routers={router: address.lower() for router, address in settings.routers.items()},
        native=AssetId(settings.native_asset),
    )
    _check_tokens(settings)
    return ChainTable(settings, facts)


def _check_urls(settings: ChainSettings) -> None:
    key = "ws_urls"
    try:
        for url in settings.ws_urls:
            check_url(url, "ws", plain_hosts=settings.plain_hosts)
        key = "relay_urls"
        for url in settings.relay_urls:
            check_url(url, "http", plain_hosts=settings.plain_hosts)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from None


def check_pools(pools: Sequence[PoolSetup]) -> None:
    """Refuse a pool that is there twice, in the tables of two families.

    Raises
    ------
    ConfigError
        Naming the pool; its liquidity would be counted twice.
    """
    family_of: dict[str, str] = {}
    for pool in pools:
        family = pool.instrument.protocol
        for name in {pool.instrument.symbol, pool.emitter}:
            if family_of.setdefault(name, family) != family:
                raise ConfigError(
                    f"{family}.pools: {name} is in the pools of {family_of[name]}, too; remove it"
                    " where it does not belong"
                )


def build(
    table: ChainTable,
    pools: tuple[PoolSetup, ...],
    *,
    families: Mapping[str, Family],
    environment: Mapping[str, str] | None,
    clock: Clock,
) -> VenueSetup:
    """Make the venue of its table and its pools; connects to nothing.

    Without an environment it has no key, and only watches.

    Raises
    ------
    ConfigError
        If the key is not set, or values contradict each other.
    """
    config = _config(table, pools, environment)
    for pool in pools:
        if pool.instrument.router not in config.routers:
            raise ConfigError(
                f"routers: {pool.instrument.router} has no address, needed by {pool.instrument.id}"
            )
    return VenueSetup(
        venue=ChainVenue(config, families, clock),
        instruments=tuple(pool.instrument for pool in pools),
        native=config.native,
        approve=_approver(config),
        real_money=config.chain_id not in _PLAY_MONEY_CHAINS,
        discover=_discoverer(config, families, facts=table.facts, clock=clock),
        allowances=partial(read_allowances, config, clock),
        has_account=table.settings.account is not None,
    )


def _config(
    table: ChainTable, pools: tuple[PoolSetup, ...], environment: Mapping[str, str] | None
) -> ChainConfig:
    settings, facts = table.settings, table.facts
    if settings.account is None and environment is not None:
        raise ConfigError("account: missing; add it")
    key = "" if environment is None else environment.get(settings.signing_key_env)
    if not key and environment is not None:
        raise ConfigError(
            f"signing_key_env: environment variable {settings.signing_key_env} is not set; set it"
            " to the account's private key"
        )
    return ChainConfig(
        venue=facts.venue,
        chain_id=settings.chain_id,
        ws_urls=tuple(settings.ws_urls),
        relay_urls=tuple(settings.relay_urls),
        account=facts.account,
        address=_address(settings),
        signing_key=key or "",
        routers=facts.routers,
        router_version=settings.router_version,
        permit2=settings.permit2.lower(),
        multicall=settings.multicall.lower(),
        tokens=facts.tokens,
        native=facts.native,
        pools=pools,
        fee_cap_wei=settings.fee_cap_gwei * _WEI_PER_GWEI,
        confirmations=settings.confirmations,
        replace_after_blocks=settings.replace_after_blocks,
        replacements_max=settings.replacements_max,
        in_flight_max=settings.in_flight_max,
        data_fee=settings.data_fee,
        request_timeout=DurationNs(settings.request_timeout_ms * _NS_PER_MS),
        receipt_timeout=DurationNs(settings.receipt_timeout_ms * _NS_PER_MS),
        silence_max=DurationNs(settings.silence_max_ms * _NS_PER_MS),
        head_lag_max=settings.head_lag_max,
        unverified_tokens=frozenset(AssetId(name) for name in settings.unverified_tokens),
    )


def _address(settings: ChainSettings) -> str:
    return (settings.account or NATIVE_COIN).lower()


def _approver(config: ChainConfig) -> Approve:
    def to_every_spender(amount: Amount) -> Awaitable[tuple[str, ...]]:
        token = config.tokens.get(amount.asset)
        if token is None:
            known = ", ".join(config.tokens)
            raise ConfigError(f"tokens: {amount.asset} has no address; use one of {known}")
        return _approve_all(config, token.address, amount.atoms)

    return to_every_spender


def _discoverer(
    config: ChainConfig, families: Mapping[str, Family], *, facts: ChainFacts, clock: Clock
) -> Discover:
    async def since(first_block: int) -> Discovery:
        endpoints = Endpoints(config, clock)
        try:
            chain = await endpoints.connected()
            return await discover(chain, config, families, facts=facts, first_block=first_block)
        except (TransportError, JsonRpcError, MalformedDataError) as error:
            raise VenueError(config.venue, f"discover: {error}") from error
        finally:
            await endpoints.close()

    return since


async def _approve_all(config: ChainConfig, token: str, atoms: int) -> tuple[str, ...]:
    hashes: list[str] = []
    for spender in dict.fromkeys(spenders(config).values()):
        approval = Approval(
            ws_url=config.ws_urls[0],
            chain_id=config.chain_id,
            token=token,
            spender=spender,
            amount_atoms=atoms,
            signing_key=config.signing_key,
        )
        hashes += await approve(approval, within=config.receipt_timeout)
    return tuple(hashes)


# One token under two names would be counted twice, and booked under one of them.
def _check_tokens(settings: ChainSettings) -> None:
    asset_of: dict[str, str] = {}
    for asset, given in settings.tokens.items():
        address = given.lower()
        if address == NATIVE_COIN:
            raise ConfigError(
                f"tokens.{asset}: the zero address is no token; give that of the token, which for"
                " the chain's coin is the one that wraps it"
            )
        other = asset_of.setdefault(address, asset)
        if other != asset:
            raise ConfigError(
                f"tokens.{asset}: {given} is {other}'s token, too; remove one of the two"
            )
    for asset in settings.unverified_tokens:
        if asset not in settings.tokens:
            raise ConfigError(
                f"unverified_tokens: {asset!r} has no address in tokens; add it there or correct it"
            )


def _asset(assets: Mapping[str, Asset], name: str, key: str) -> Asset:
    if name not in assets:
        raise ConfigError(f"{key}: {name!r} is not in [assets]; add it there or correct it")
    return assets[name]
