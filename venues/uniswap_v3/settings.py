"""The configuration table of a Uniswap V3 venue, and the adapter it makes."""

from collections.abc import Awaitable, Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from router.domain.error import ConfigError
from router.domain.instrument import Asset, Instrument, InstrumentKind
from router.domain.units import AccountId, Amount, AssetId, DurationNs, InstrumentId, Pips
from router.port import Approve, Clock, VenueSetup
from venues.transport.contract import Approval, approve
from venues.uniswap_v3.adapter import UniswapV3
from venues.uniswap_v3.spec import NAME, TokenContract, UniswapV3Config

_NS_PER_MS: Final = 1_000_000
_WEI_PER_GWEI: Final = 10**9
# Local development nodes, Sepolia, Base Sepolia, Arbitrum Sepolia; every other chain is real money.
_PLAY_MONEY_CHAINS: Final = frozenset({1337, 31337, 11155111, 84532, 421614})

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")]  # a name, never a key itself
PositiveMs = Annotated[int, Field(gt=0)]


class PoolSettings(BaseModel):
    """One pool, seen from the pair that is traded."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    address: Address
    base: str
    quote: str
    fee_pips: Annotated[int, Field(ge=0, lt=1_000_000)]


class UniswapV3Settings(BaseModel):
    """The table ``[venues.uniswap_v3]``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    chain_id: Annotated[int, Field(gt=0)]
    ws_url: str
    account: Address
    signing_key_env: Variable
    universal_router: Address
    permit2: Address
    multicall: Address
    native_asset: str
    fee_cap_gwei: Annotated[int, Field(gt=0)]
    request_timeout_ms: PositiveMs
    receipt_timeout_ms: PositiveMs
    silence_max_ms: PositiveMs
    tokens: Annotated[dict[str, Address], Field(min_length=2)]
    pools: Annotated[list[PoolSettings], Field(min_length=1)]


def build(
    table: Mapping[str, object],
    *,
    assets: Mapping[str, Asset],
    environment: Mapping[str, str],
    clock: Clock,
) -> VenueSetup:
    """Make the venue of its configuration table; connects to nothing.

    Raises
    ------
    ConfigError
        If a pool or token names an asset that is not configured, or the key is not set.
    pydantic.ValidationError
        If the table has not the right keys and types.
    """
    settings = UniswapV3Settings.model_validate(table)
    key = environment.get(settings.signing_key_env)
    if not key:
        raise ConfigError(
            f"signing_key_env: environment variable {settings.signing_key_env} is not set; set it"
            " to the account's private key"
        )
    tokens = {
        AssetId(name): TokenContract(address.lower(), _asset(assets, name, "tokens").decimals)
        for name, address in settings.tokens.items()
    }
    _asset(assets, settings.native_asset, "native_asset")
    instruments = tuple(_instrument(settings, pool, assets) for pool in settings.pools)
    config = UniswapV3Config(
        chain_id=settings.chain_id,
        ws_url=settings.ws_url,
        account=_account(settings),
        address=settings.account.lower(),
        signing_key=key,
        universal_router=settings.universal_router.lower(),
        permit2=settings.permit2.lower(),
        multicall=settings.multicall.lower(),
        tokens=tokens,
        pools=instruments,
        fee_cap_wei=settings.fee_cap_gwei * _WEI_PER_GWEI,
        request_timeout=DurationNs(settings.request_timeout_ms * _NS_PER_MS),
        receipt_timeout=DurationNs(settings.receipt_timeout_ms * _NS_PER_MS),
        silence_max=DurationNs(settings.silence_max_ms * _NS_PER_MS),
    )
    return VenueSetup(
        venue=UniswapV3(config, clock),
        instruments=instruments,
        native=AssetId(settings.native_asset),
        approve=_approver(config),
        real_money=settings.chain_id not in _PLAY_MONEY_CHAINS,
    )


def _approver(config: UniswapV3Config) -> Approve:
    def to_permit2(amount: Amount) -> Awaitable[tuple[str, ...]]:
        token = config.tokens.get(amount.asset)
        if token is None:
            known = ", ".join(config.tokens)
            raise ConfigError(f"tokens: {amount.asset} has no address; use one of {known}")
        approval = Approval(
            ws_url=config.ws_url,
            chain_id=config.chain_id,
            token=token.address,
            spender=config.permit2,
            amount_atoms=amount.atoms,
            signing_key=config.signing_key,
        )
        return approve(approval, within=config.receipt_timeout)

    return to_permit2


def _account(settings: UniswapV3Settings) -> AccountId:
    return AccountId(f"evm:{settings.chain_id}:{settings.account.lower()}")


def _asset(assets: Mapping[str, Asset], name: str, key: str) -> Asset:
    if name not in assets:
        raise ConfigError(f"{key}: {name!r} is not in [assets]; add it there or correct it")
    return assets[name]


def _instrument(
    settings: UniswapV3Settings, pool: PoolSettings, assets: Mapping[str, Asset]
) -> Instrument:
    for name in (pool.base, pool.quote):
        if name not in settings.tokens:
            raise ConfigError(f"pools: {name!r} has no address in tokens; add it")
    base, quote = (int(settings.tokens[name], 16) for name in (pool.base, pool.quote))
    return Instrument(
        id=InstrumentId(f"{NAME}:{pool.base}/{pool.quote}:{pool.fee_pips}"),
        venue=NAME,
        symbol=pool.address.lower(),
        kind=InstrumentKind.SPOT_POOL,
        base=_asset(assets, pool.base, "pools"),
        quote=_asset(assets, pool.quote, "pools"),
        account=_account(settings),
        lot_atoms=1,
        notional_min_atoms=0,
        fee_pips=Pips(pool.fee_pips),
        base_is_token0=base < quote,
    )
