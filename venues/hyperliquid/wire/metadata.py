"""What is traded: coins and their margin tables, spot tokens and pairs, builders' dexs.

Refuses to resolve one against another; an index stays the venue's number.
"""

from dataclasses import dataclass

from venues.hyperliquid.wire.primitives import (
    Fields,
    boolean,
    flag,
    integer,
    items,
    many,
    optional,
    optional_integer,
    optional_text,
    pair,
    string,
    table,
    text,
    texts_by_name,
    whole,
)


@dataclass(frozen=True, slots=True)
class CoinMeta:
    """A perpetual; `asset` is its position in the dex, and on the first dex its number in actions.

    Attributes
    ----------
    margin_table : int or None
        Below 50 a single tier of that leverage, which `Metadata.margin_tables` may leave out.
    margin_mode : str or None
        "strictIsolated" or "noCross"; None where nothing is restricted.
    """

    coin: str
    asset: int
    size_decimals: int
    leverage_max: int
    is_delisted: bool
    is_isolated_only: bool
    margin_table: int | None = None
    margin_mode: str | None = None
    growth_mode: str | None = None
    growth_mode_changed: str | None = None


@dataclass(frozen=True, slots=True)
class MarginTier:
    """From this notional on, leverage is at most so much."""

    notional_from: str
    leverage_max: int


@dataclass(frozen=True, slots=True)
class MarginTable:
    """Tiers by rising notional."""

    id: int
    description: str
    tiers: tuple[MarginTier, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """A whole dex; `collateral_token` is a spot token's number."""

    coins: tuple[CoinMeta, ...]
    margin_tables: tuple[MarginTable, ...]
    collateral_token: int | None


@dataclass(frozen=True, slots=True)
class SpotToken:
    """A token of the spot ledger."""

    name: str
    index: int
    token_id: str
    size_decimals: int
    wei_decimals: int
    is_canonical: bool
    full_name: str | None = None
    deployer_fee_share: str | None = None
    evm_address: str | None = None
    evm_extra_wei_decimals: int | None = None  # may be negative


@dataclass(frozen=True, slots=True)
class SpotPair:
    """A pair of the spot book; `index` is its number, which is not its position."""

    name: str
    index: int
    tokens: tuple[int, int]
    is_canonical: bool


@dataclass(frozen=True, slots=True)
class SpotMetadata:
    """All tokens and pairs."""

    tokens: tuple[SpotToken, ...]
    pairs: tuple[SpotPair, ...]


@dataclass(frozen=True, slots=True)
class PerpDex:
    """A dex that a builder deployed."""

    name: str
    full_name: str
    deployer: str
    oracle_updater: str | None = None
    fee_recipient: str | None = None
    open_interest_caps: tuple[tuple[str, str], ...] = ()
    funding_multipliers: tuple[tuple[str, str], ...] = ()
    funding_interest_rates: tuple[tuple[str, str], ...] = ()
    sub_deployers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    deployer_fee_scale: str | None = None
    deployer_fee_scale_changed: str | None = None


def read_meta(value: object) -> tuple[CoinMeta, ...]:
    """Read the coins of `meta`."""
    universe = items(table(value, "meta").get("universe"), "universe")
    return tuple(_coin_meta(table(v, "universe"), asset) for asset, v in enumerate(universe))


def _coin_meta(fields: Fields, asset: int) -> CoinMeta:
    margin_mode = optional_text(fields, "marginMode")
    return CoinMeta(
        coin=text(fields, "name"),
        asset=asset,
        size_decimals=integer(fields, "szDecimals"),
        leverage_max=integer(fields, "maxLeverage"),
        is_delisted=flag(fields, "isDelisted"),
        is_isolated_only=flag(fields, "onlyIsolated") or bool(margin_mode),
        margin_table=optional_integer(fields, "marginTableId"),
        margin_mode=margin_mode,
        growth_mode=optional_text(fields, "growthMode"),
        growth_mode_changed=optional_text(fields, "lastGrowthModeChangeTime"),
    )


def read_metadata(value: object) -> Metadata:
    """Read `meta`; answers of 2023 have coins only."""
    fields = table(value, "meta")
    tables = fields.get("marginTables")
    return Metadata(
        coins=read_meta(value),
        margin_tables=() if tables is None else many(tables, "marginTables", _margin_table),
        collateral_token=optional_integer(fields, "collateralToken"),
    )


def _margin_table(value: object) -> MarginTable:
    number, body = pair(value, "marginTables")
    fields = table(body, "marginTables")
    tiers = many(fields.get("marginTiers"), "marginTiers", _margin_tier)
    return MarginTable(whole(number, "marginTables"), text(fields, "description"), tiers)


def _margin_tier(value: object) -> MarginTier:
    fields = table(value, "marginTiers")
    return MarginTier(text(fields, "lowerBound"), integer(fields, "maxLeverage"))


def read_spot_metadata(value: object) -> SpotMetadata:
    """Read `spotMeta`."""
    fields = table(value, "spotMeta")
    return SpotMetadata(
        tokens=many(fields.get("tokens"), "tokens", _spot_token),
        pairs=many(fields.get("universe"), "universe", _spot_pair),
    )


def _spot_token(value: object) -> SpotToken:
    fields = table(value, "tokens")
    contract = optional(fields.get("evmContract"), lambda told: table(told, "evmContract"))
    return SpotToken(
        name=text(fields, "name"),
        index=integer(fields, "index"),
        token_id=text(fields, "tokenId"),
        size_decimals=integer(fields, "szDecimals"),
        wei_decimals=integer(fields, "weiDecimals"),
        is_canonical=boolean(fields, "isCanonical"),
        full_name=optional_text(fields, "fullName"),
        deployer_fee_share=optional_text(fields, "deployerTradingFeeShare"),
        evm_address=None if contract is None else text(contract, "address"),
        evm_extra_wei_decimals=None if contract is None else _extra_decimals(contract),
    )


# The only whole number here that may be negative.
def _extra_decimals(contract: Fields) -> int:
    told = contract.get("evm_extra_wei_decimals")
    if type(told) is int and told < 0:
        return told
    return whole(told, "evm_extra_wei_decimals")


def _spot_pair(value: object) -> SpotPair:
    fields = table(value, "universe")
    base, quote = pair(fields.get("tokens"), "tokens")
    return SpotPair(
        name=text(fields, "name"),
        index=integer(fields, "index"),
        tokens=(whole(base, "tokens"), whole(quote, "tokens")),
        is_canonical=boolean(fields, "isCanonical"),
    )


def read_perp_dexs(value: object) -> tuple[PerpDex | None, ...]:
    """Read `perpDexs`; the position is the dex's number, and the first, None, the venue's own."""
    return many(value, "perpDexs", lambda told: optional(told, _perp_dex))


def _perp_dex(value: object) -> PerpDex:
    fields = table(value, "perpDexs")
    sub_deployers = fields.get("subDeployers")
    return PerpDex(
        name=text(fields, "name"),
        full_name=text(fields, "fullName"),
        deployer=text(fields, "deployer"),
        oracle_updater=optional_text(fields, "oracleUpdater"),
        fee_recipient=optional_text(fields, "feeRecipient"),
        open_interest_caps=_by_coin(fields, "assetToStreamingOiCap"),
        funding_multipliers=_by_coin(fields, "assetToFundingMultiplier"),
        funding_interest_rates=_by_coin(fields, "assetToFundingInterestRate"),
        sub_deployers=()
        if sub_deployers is None
        else many(sub_deployers, "subDeployers", _sub_deployer),
        deployer_fee_scale=optional_text(fields, "deployerFeeScale"),
        deployer_fee_scale_changed=optional_text(fields, "lastDeployerFeeScaleChangeTime"),
    )


def _by_coin(fields: Fields, key: str) -> tuple[tuple[str, str], ...]:
    return () if fields.get(key) is None else texts_by_name(fields.get(key), key)


def _sub_deployer(value: object) -> tuple[str, tuple[str, ...]]:
    function, executors = pair(value, "subDeployers")
    names = many(executors, "subDeployers", lambda told: string(told, "subDeployers"))
    return string(function, "subDeployers"), names
