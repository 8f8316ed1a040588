"""Reference prices of coins: mark, oracle, funding.

A context has no time of its own: how old it is can only be told from when it came.
"""

from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.metadata import Metadata, read_meta, read_metadata
from venues.hyperliquid.wire.primitives import (
    Fields,
    items,
    optional_text,
    pair,
    string,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class Context:
    """Reference prices and the hourly funding rate of a coin.

    `premium`, `mid_price` and `impact_prices` are null where the book is thin.
    """

    coin: str
    mark_price: str
    oracle_price: str
    funding_rate: str
    open_interest: str | None = None  # in coins
    previous_day_price: str | None = None
    day_notional_volume: str | None = None
    day_base_volume: str | None = None
    premium: str | None = None
    mid_price: str | None = None
    impact_prices: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class MetadataAndContexts:
    """A whole dex, and the context of each of its coins in the same order."""

    metadata: Metadata
    contexts: tuple[Context, ...]


def read_context(coin: str, value: object) -> Context:
    """Read the context of a coin."""
    fields = table(value, "ctx")
    return Context(
        coin=coin,
        mark_price=text(fields, "markPx"),
        oracle_price=text(fields, "oraclePx"),
        funding_rate=text(fields, "funding"),
        open_interest=optional_text(fields, "openInterest"),
        previous_day_price=optional_text(fields, "prevDayPx"),
        day_notional_volume=optional_text(fields, "dayNtlVlm"),
        day_base_volume=optional_text(fields, "dayBaseVlm"),
        premium=optional_text(fields, "premium"),
        mid_price=optional_text(fields, "midPx"),
        impact_prices=_impact_prices(fields),
    )


def _impact_prices(fields: Fields) -> tuple[str, str] | None:
    if fields.get("impactPxs") is None:
        return None
    bid, ask = pair(fields["impactPxs"], "impactPxs")
    return string(bid, "impactPxs"), string(ask, "impactPxs")


def read_contexts(value: object, coins: frozenset[str]) -> tuple[Context, ...]:
    """Read the contexts of `coins` in `metaAndAssetCtxs`; other coins may be delisted."""
    meta, told = pair(value, "metaAndAssetCtxs")
    names = [coin.coin for coin in read_meta(meta)]
    return tuple(read_context(c, ctx) for c, ctx in _paired(names, told) if c in coins)


def read_metadata_and_contexts(value: object) -> MetadataAndContexts:
    """Read `metaAndAssetCtxs` whole."""
    meta, told = pair(value, "metaAndAssetCtxs")
    metadata = read_metadata(meta)
    names = [coin.coin for coin in metadata.coins]
    contexts = tuple(read_context(coin, ctx) for coin, ctx in _paired(names, told))
    return MetadataAndContexts(metadata, contexts)


def read_pushed_context(value: object) -> Context:
    """Read `activeAssetCtx`."""
    fields = table(value, "activeAssetCtx")
    return read_context(text(fields, "coin"), fields.get("ctx"))


def _paired(coins: list[str], told: object) -> list[tuple[str, object]]:
    contexts = items(told, "contexts")
    if len(coins) != len(contexts):
        raise MalformedDataError(f"{len(contexts)} contexts for {len(coins)} coins")
    return list(zip(coins, contexts, strict=True))
