"""The venue's JSON as typed structs, and the requests asked of it.

Numbers that the venue writes as decimal strings stay strings here; `translate` gives them a unit.
Unknown keys are ignored, because the venue adds some now and then; a missing or mistyped one is a
`MalformedDataError` that names it. Refuses to give any field a meaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import orjson

from router.domain.error import MalformedDataError

T = TypeVar("T")
Fields: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CoinMeta:
    """A perpetual; `asset` is its number in actions."""

    coin: str
    asset: int
    size_decimals: int
    leverage_max: int
    is_delisted: bool
    is_isolated_only: bool


@dataclass(frozen=True, slots=True)
class Book:
    """A whole book: (price, size) levels, best first."""

    coin: str
    time_ms: int
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Reference prices and the hourly funding rate of a coin."""

    coin: str
    mark_price: str
    oracle_price: str
    funding_rate: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the venue remembers it; `size_left` as of the status, `size` as asked for."""

    coin: str
    oid: int
    cloid: str | None
    size: str
    size_left: str
    status: str
    placed_ms: int


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill of ours; (time, coin, trade id) identifies it."""

    coin: str
    price: str
    size: str
    is_buy: bool
    time_ms: int
    oid: int
    trade_id: int
    fee: str
    fee_currency: str


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position with the leverage it is held at."""

    coin: str
    size: str
    leverage: int
    is_cross: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The cross-margin bucket of an account, and all its positions."""

    cash: str
    value: str
    margin_used: str
    withdrawable: str
    positions: tuple[HeldPosition, ...]
    time_ms: int


@dataclass(frozen=True, slots=True)
class Funding:
    """One settlement of funding; a negative amount was paid."""

    time_ms: int
    coin: str
    amount: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order exists: it traded `size_filled`, or rests (None)."""

    oid: int
    size_filled: str | None


@dataclass(frozen=True, slots=True)
class OrderError:
    """The venue processed the request and refused the order."""

    text: str


@dataclass(frozen=True, slots=True)
class RequestError:
    """The venue refused the request as a whole."""

    text: str


Answer: TypeAlias = Accepted | OrderError | RequestError


def decode(raw: bytes) -> object:
    """Parse JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedDataError(f"not JSON: {error}") from error


def encode(value: Fields) -> bytes:
    """Write JSON; keys keep their order, which signed actions depend on."""
    return orjson.dumps(value)


def envelope(
    action: Fields, signature: Fields, *, nonce: int, expires_after_ms: int | None
) -> bytes:
    """Write the body of a signed request on the signer's own behalf."""
    return encode(
        {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": None,
            "expiresAfter": expires_after_ms,
        }
    )


def table(value: object, name: str) -> Fields:
    """Return a JSON object."""
    return _typed(value, dict, name)


def items(value: object, name: str) -> list[object]:
    """Return a JSON array."""
    return _typed(value, list, name)


def read_fields(value: object) -> Fields:
    """Read an answer that is an object."""
    return table(value, "answer")


def read_list(value: object) -> list[object]:
    """Read an answer that is an array."""
    return items(value, "answer")


def text(fields: Fields, key: str) -> str:
    """Return a string field."""
    return _typed(fields.get(key), str, key)


def integer(fields: Fields, key: str) -> int:
    """Return a field that is a non-negative integer."""
    value = fields.get(key)
    if type(value) is not int or value < 0:  # a bool is an int to isinstance
        raise MalformedDataError(f"{key} must be a non-negative integer, was {value!r}")
    return value


def _typed(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        raise MalformedDataError(f"{name} must be a {kind.__name__}, was {value!r:.80}")
    return value


def _many(value: object, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
    return tuple(read(item) for item in items(value, name))


def read_meta(value: object) -> tuple[CoinMeta, ...]:
    """Read `meta`."""
    universe = items(table(value, "meta").get("universe"), "universe")
    return tuple(_coin_meta(table(v, "universe"), asset) for asset, v in enumerate(universe))


def _coin_meta(fields: Fields, asset: int) -> CoinMeta:
    return CoinMeta(
        coin=text(fields, "name"),
        asset=asset,
        size_decimals=integer(fields, "szDecimals"),
        leverage_max=integer(fields, "maxLeverage"),
        is_delisted=fields.get("isDelisted") is True,
        is_isolated_only=fields.get("onlyIsolated") is True or bool(fields.get("marginMode")),
    )


def read_book(value: object) -> Book:
    """Read `l2Book`."""
    fields = table(value, "l2Book")
    sides = items(fields.get("levels"), "levels")
    if len(sides) != 2:  # noqa: PLR2004 - bids and asks
        raise MalformedDataError(f"levels must be bids and asks, was {len(sides)} sides")
    bids, asks = (_many(side, "levels", _level) for side in sides)
    return Book(text(fields, "coin"), integer(fields, "time"), bids, asks)


def _level(value: object) -> tuple[str, str]:
    fields = table(value, "level")
    return text(fields, "px"), text(fields, "sz")


def read_context(coin: str, value: object) -> Context:
    """Read the context of a coin."""
    fields = table(value, "ctx")
    return Context(coin, text(fields, "markPx"), text(fields, "oraclePx"), text(fields, "funding"))


def read_contexts(value: object, coins: frozenset[str]) -> tuple[Context, ...]:
    """Read the contexts of `coins` in `metaAndAssetCtxs`; other coins may be delisted."""
    parts = items(value, "metaAndAssetCtxs")
    if len(parts) != 2:  # noqa: PLR2004 - meta and contexts
        raise MalformedDataError("metaAndAssetCtxs must be a pair")
    metas = read_meta(parts[0])
    contexts = items(parts[1], "contexts")
    if len(metas) != len(contexts):
        raise MalformedDataError(f"{len(contexts)} contexts for {len(metas)} coins")
    pairs = zip(metas, contexts, strict=True)
    return tuple(read_context(meta.coin, ctx) for meta, ctx in pairs if meta.coin in coins)


def read_order_status(value: object) -> Order | None:
    """Read `orderStatus`; None where the venue does not know the order."""
    fields = table(value, "orderStatus")
    status = text(fields, "status")
    if status == "unknownOid":
        return None
    if status != "order":
        raise MalformedDataError(f"status must be order or unknownOid, was {status!r}")
    return read_order(fields.get("order"))


def read_order(value: object) -> Order:
    """Read an order with its status, as `orderStatus` and `orderUpdates` have it."""
    outer = table(value, "order")
    fields = table(outer.get("order"), "order")
    cloid = fields.get("cloid")
    return Order(
        coin=text(fields, "coin"),
        oid=integer(fields, "oid"),
        cloid=None if cloid is None else _typed(cloid, str, "cloid"),
        size=text(fields, "origSz"),
        size_left=text(fields, "sz"),
        status=text(outer, "status"),
        placed_ms=integer(fields, "timestamp"),
    )


def read_executions(value: object) -> tuple[Execution, ...]:
    """Read `userFills`."""
    return _many(value, "fills", _execution)


def _execution(value: object) -> Execution:
    fields = table(value, "fill")
    side = text(fields, "side")
    if side not in {"A", "B"}:
        raise MalformedDataError(f"side must be A or B, was {side!r}")
    return Execution(
        coin=text(fields, "coin"),
        price=text(fields, "px"),
        size=text(fields, "sz"),
        is_buy=side == "B",
        time_ms=integer(fields, "time"),
        oid=integer(fields, "oid"),
        trade_id=integer(fields, "tid"),
        fee=text(fields, "fee"),
        fee_currency=text(fields, "feeToken"),
    )


def read_account(value: object) -> Account:
    """Read `clearinghouseState`."""
    fields = table(value, "clearinghouseState")
    cross = table(fields.get("crossMarginSummary"), "crossMarginSummary")
    return Account(
        cash=text(cross, "totalRawUsd"),
        value=text(cross, "accountValue"),
        margin_used=text(cross, "totalMarginUsed"),
        withdrawable=text(fields, "withdrawable"),
        positions=_many(fields.get("assetPositions"), "assetPositions", _position),
        time_ms=integer(fields, "time"),
    )


def read_fundings(value: object) -> tuple[Funding, ...]:
    """Read `userFunding`."""
    return _many(value, "userFunding", _funding)


def _funding(value: object) -> Funding:
    fields = table(value, "userFunding")
    delta = table(fields.get("delta"), "delta")
    return Funding(integer(fields, "time"), text(delta, "coin"), text(delta, "usdc"))


def _position(value: object) -> HeldPosition:
    fields = table(table(value, "assetPositions").get("position"), "position")
    leverage, is_cross = read_leverage(fields)
    return HeldPosition(text(fields, "coin"), text(fields, "szi"), leverage, is_cross)


def read_leverage(fields: Fields) -> tuple[int, bool]:
    """Return the leverage of a position or of `activeAssetData`, and whether it is cross."""
    leverage = table(fields.get("leverage"), "leverage")
    return integer(leverage, "value"), text(leverage, "type") == "cross"


def read_answer(value: object) -> Answer:
    """Read what `/exchange` says to an action with one order."""
    fields = table(value, "answer")
    status = text(fields, "status")
    if status == "err":
        return RequestError(text(fields, "response"))
    response = table(fields.get("response"), "response")
    statuses = items(table(response.get("data"), "data").get("statuses"), "statuses")
    if status != "ok" or len(statuses) != 1:
        raise MalformedDataError(f"{len(statuses)} statuses {status!r} for one order")
    outcome = table(statuses[0], "status")
    if "error" in outcome:
        return OrderError(text(outcome, "error"))
    if "filled" in outcome:
        filled = table(outcome["filled"], "filled")
        return Accepted(integer(filled, "oid"), text(filled, "totalSz"))
    return Accepted(integer(table(outcome.get("resting"), "resting"), "oid"), None)


def read_done(value: object) -> RequestError | None:
    """Read what `/exchange` says to an action without orders; None where it was done."""
    fields = table(value, "answer")
    status = text(fields, "status")
    if status == "ok":
        return None
    return RequestError(text(fields, "response"))
