"""What there is to trade: universes, margin tables, tokens, dexs, and the venue's own state."""

from typing import Any

from venues.sandbox.hyperliquid.actions.reading import MalformedError
from venues.sandbox.hyperliquid.answers import context, request, text
from venues.sandbox.hyperliquid.answers.request import Request
from venues.sandbox.hyperliquid.config import (
    DEFAULT_DEX,
    CoinConfig,
    DexConfig,
    TokenConfig,
)
from venues.sandbox.hyperliquid.margin import MarginTable
from venues.sandbox.hyperliquid.matching import rules
from venues.sandbox.hyperliquid.number import MICRO
from venues.sandbox.hyperliquid.state import Exchange

_TABLE_IDS_OF_ONE_TIER = 50
"""Smaller ids stand for one tier whose maximum leverage is the id."""
_AUCTION_S = 111_600
_OI_CAP_USD = 1_000_000_000
"""Of a coin without a cap of its own."""


def meta_of(state: Exchange, dex: str) -> dict[str, Any]:
    """Return a dex's universe; a coin's place in it makes its asset id."""
    specs = [market.spec for market in state.perps(dex)]
    tables = {spec.margin_table.table_id: spec.margin_table for spec in specs}
    grows = any(one.name == dex and one.is_growth_mode for one in state.config.builder_dexs)
    return {
        "universe": [_coin(spec, grows=grows) for spec in specs],
        "marginTables": [[number, _table(table)] for number, table in sorted(tables.items())],
        "collateralToken": 0,
    }


def meta(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `meta`."""
    return meta_of(state, request.dex(state, asked))


def meta_and_contexts(state: Exchange, asked: Request) -> list[Any]:
    """Answer `metaAndAssetCtxs`."""
    dex = request.dex(state, asked)
    return [meta_of(state, dex), contexts_of(state, dex)]


def contexts_of(state: Exchange, dex: str) -> list[dict[str, Any]]:
    """Return the contexts of a dex's coins, in the order of its universe."""
    return [context.perp(market) for market in state.perps(dex)]


def all_perp_metas(state: Exchange, _: Request) -> list[dict[str, Any]]:
    """Answer `allPerpMetas`."""
    return [meta_of(state, dex) for dex in request.dex_names(state)]


def margin_table(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `marginTable`; ids below fifty need not be listed to exist."""
    number = request.integer(asked.get("id"))
    for market in state.markets.values():
        if market.spec.margin_table.table_id == number:
            return _table(market.spec.margin_table)
    if 1 <= number < _TABLE_IDS_OF_ONE_TIER:
        tier = {"lowerBound": text.NONE_MONEY, "maxLeverage": number}
        return {"description": "", "marginTiers": [tier]}
    raise MalformedError


def spot_meta_of(state: Exchange) -> dict[str, Any]:
    """Return the spot tokens, and the pairs with the `index` that makes their asset ids."""
    return {
        "universe": [
            {
                "tokens": [pair.base.index, pair.quote.index],
                "name": pair.name,
                "index": pair.index,
                "isCanonical": pair.canonical_name is not None,
            }
            for pair in state.config.spot_pairs
        ],
        "tokens": [_token(token) for token in state.config.tokens],
    }


def spot_meta(state: Exchange, _: Request) -> dict[str, Any]:
    """Answer `spotMeta`."""
    return spot_meta_of(state)


def spot_contexts(state: Exchange) -> list[dict[str, Any]]:
    """Return the contexts of all spot pairs."""
    return [context.spot(market) for market in state.spot_markets.values()]


def spot_meta_and_contexts(state: Exchange, _: Request) -> list[Any]:
    """Answer `spotMetaAndAssetCtxs`."""
    return [spot_meta_of(state), spot_contexts(state)]


def token_details(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `tokenDetails`."""
    wanted = request.text(asked.get("tokenId"))
    token = next((t for t in state.config.tokens if t.token_id == wanted), None)
    if token is None:
        raise MalformedError
    supply = context.supply_of(token)
    price = _token_price(state, token)
    return {
        "name": token.name,
        "maxSupply": supply,
        "totalSupply": supply,
        "circulatingSupply": supply,
        "szDecimals": token.size_decimals,
        "weiDecimals": token.wei_decimals,
        "midPx": price,
        "markPx": price,
        "prevDayPx": price,
        "genesis": None,
        "deployer": None,
        "deployGas": None,
        "deployTime": None,
        "seededUsdc": text.NONE_MONEY,
        "nonCirculatingUserBalances": [],
        "futureEmissions": text.NONE_MONEY,
    }


def perp_dexs(state: Exchange, _: Request) -> list[dict[str, Any] | None]:
    """Answer `perpDexs`; the venue's own dex is null and has number 0."""
    return [None, *(_dex(dex) for dex in state.config.builder_dexs)]


def perp_dex_limits(state: Exchange, asked: Request) -> dict[str, Any] | None:
    """Answer `perpDexLimits`; the venue's own dex has none."""
    name = request.dex(state, asked)
    if name == DEFAULT_DEX:
        return None
    coins = next(dex.coins for dex in state.config.builder_dexs if dex.name == name)
    caps = [[coin.name, _cap(coin)] for coin in coins]
    return {
        "totalOiCap": text.money(len(coins) * _OI_CAP_USD * MICRO),
        "oiSzCapPerPerp": text.money(_OI_CAP_USD * MICRO),
        "maxTransferNtl": text.money(_OI_CAP_USD * MICRO),
        "coinToOiCap": caps,
    }


def perp_dex_status(state: Exchange, asked: Request) -> dict[str, str]:
    """Answer `perpDexStatus`: what lies on a dex in cash legs and isolated margins together."""
    dex = request.dex(state, asked)
    coins = {market.spec.name for market in state.perps(dex)}
    cash = sum(account.usd.get(dex, 0) for account in state.accounts.values())
    isolated = sum(
        position.isolated_usd or 0
        for account in state.accounts.values()
        for coin, position in account.positions.items()
        if coin in coins
    )
    return {"totalNetDeposit": text.money(cash + isolated)}


def at_open_interest_cap(state: Exchange, asked: Request) -> list[str]:
    """Answer `perpsAtOpenInterestCap`: coins that take no order which opens more."""
    return [
        market.spec.name
        for market in state.perps(request.dex(state, asked))
        if market.spec.name in state.modes.capped
        or (
            market.spec.oi_cap_usd is not None
            and market.open_interest * market.mark() >= market.spec.oi_cap_usd * MICRO
        )
    ]


def max_market_orders(_: Exchange, __: Request) -> list[list[Any]]:
    """Answer `maxMarketOrderNtls`: from which maximum leverage on how much at once."""
    return [[leverage, text.money(usd * MICRO)] for leverage, usd in rules.MARKET_ORDER_VALUE_MAX]


def exchange_status(state: Exchange, _: Request) -> dict[str, Any]:
    """Answer `exchangeStatus`."""
    status = "postOnly" if state.modes.post_only else None
    return {"time": state.now_ms, "specialStatuses": status}


def perp_auction(state: Exchange, _: Request) -> dict[str, Any]:
    """Answer `perpDeployAuctionStatus`: an auction that nobody bids in."""
    start_s = state.now_ms // (_AUCTION_S * 1000) * _AUCTION_S
    return {
        "startTimeSeconds": start_s,
        "durationSeconds": _AUCTION_S,
        "startGas": "500.0",
        "currentGas": "500.0",
        "endGas": None,
    }


def spot_deploy_state(state: Exchange, asked: Request) -> dict[str, Any]:
    """Answer `spotDeployState`: nobody is deploying."""
    request.user(asked)
    return {"states": [], "gasAuction": perp_auction(state, asked)}


def _coin(spec: CoinConfig, *, grows: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "szDecimals": spec.size_decimals,
        "name": spec.name,
        "maxLeverage": spec.max_leverage,
        "marginTableId": spec.margin_table.table_id,
    }
    if spec.is_isolated_only:
        shown["onlyIsolated"] = True
    if spec.is_delisted:
        shown["isDelisted"] = True
    if spec.margin_mode is not None:
        shown["marginMode"] = spec.margin_mode
    if grows:
        shown["growthMode"] = "enabled"
    return shown


def _table(table: MarginTable) -> dict[str, Any]:
    return {
        "description": table.description,
        "marginTiers": [
            {"lowerBound": f"{tier.lower_bound_usd}.0", "maxLeverage": tier.max_leverage}
            for tier in table.tiers
        ],
    }


def _token(token: TokenConfig) -> dict[str, Any]:
    return {
        "name": token.name,
        "szDecimals": token.size_decimals,
        "weiDecimals": token.wei_decimals,
        "index": token.index,
        "tokenId": token.token_id,
        "isCanonical": token.is_canonical,
        "evmContract": None,
        "fullName": token.full_name,
        "deployerTradingFeeShare": text.NONE_MONEY,
    }


def _token_price(state: Exchange, token: TokenConfig) -> str:
    for market in state.spot_markets.values():
        if market.spec.base.index == token.index:
            return text.price(market.mark(), market.spec)
    return "1.0"


def _dex(dex: DexConfig) -> dict[str, Any]:
    return {
        "name": dex.name,
        "fullName": dex.full_name,
        "deployer": dex.deployer,
        "oracleUpdater": None,
        "feeRecipient": dex.deployer,
        "assetToStreamingOiCap": [[coin.name, _cap(coin)] for coin in dex.coins],
        "subDeployers": [],
        "deployerFeeScale": _decimal(dex.fee_scale),
        "lastDeployerFeeScaleChangeTime": "1970-01-01T00:00:00",
        "assetToFundingMultiplier": [
            [coin.name, _decimal(dex.funding_multiplier)] for coin in dex.coins
        ],
        "assetToFundingInterestRate": [[coin.name, coin.interest] for coin in dex.coins],
    }


def _cap(coin: CoinConfig) -> str:
    return text.money((coin.oi_cap_usd or _OI_CAP_USD) * MICRO)


def _decimal(number: str) -> str:
    return number if "." in number else f"{number}.0"
