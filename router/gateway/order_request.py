"""A client's words to a parent order; every fault names the field and the remedy."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from router.domain.algo import Algo, Sweep
from router.domain.error import OrderError
from router.domain.instrument import Asset
from router.domain.limits import Limits
from router.domain.order import ParentOrder, Persistence
from router.domain.units import (
    NS_PER_S,
    Amount,
    ParentId,
    Pips,
    Price,
    Side,
    TimestampNs,
    VenueId,
    parse_decimal,
)
from router.gateway import algo_request

_FIELDS: Final = frozenset(
    {
        "client_order_id",
        "side",
        "quantity",
        "quantity_asset",
        "base",
        "quote",
        "limit_price",
        "slippage_max_bps",
        "holding_hours",
        "venues",
        "deadline_s",
        "strategy",
        "allow_similar",
        "by",
        "confirmed_by",
        "client",
        "account",
        "time_in_force",
        *algo_request.FIELDS,
    }
)
_REQUIRED: Final = frozenset({"client_order_id", "side", "quantity", "base", "quote"})
_CLIENT_ID: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,64}\Z")  # one step of a path
_STRATEGY_DEFAULT: Final = "default"
_STRATEGIES_OF_OURS: Final = frozenset({"deleverage", "unwind"})  # what the engine itself sends
_DEADLINE_S_DEFAULT: Final = "120"
_DEADLINE_S_MAX: Final = 86_400
_HOLDING_HOURS_DEFAULT: Final = "8"
_HOLDING_HOURS_MAX: Final = 24 * 365
_PRICE_DECIMALS: Final = 18
_PARENT_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class OrderContext:
    """What an order is checked against."""

    assets: Mapping[str, Asset]
    venues: tuple[VenueId, ...]
    limits: Limits
    journal_id: str
    now: TimestampNs


def parse_order(request: Mapping[str, str], context: OrderContext) -> ParentOrder:
    """Make a parent order of a flat mapping of strings.

    Parameters
    ----------
    request : Mapping[str, str]
        ``side`` (buy or sell), ``quantity`` with ``quantity_asset`` (base or quote; the base if not
        given), ``base``, ``quote``, ``client_order_id``; optional ``limit_price`` (quote units for
        one base unit), ``slippage_max_bps``, ``holding_hours``, ``venues`` (names with commas),
        ``deadline_s``, ``strategy``, ``allow_similar`` (true or false), ``by`` and ``confirmed_by``
        (who sends it, and the other person who looked at it), ``client`` (whose name of the order
        ``client_order_id`` is), ``account``, ``time_in_force`` (deadline, ioc or fok), ``algo`` and
        what that needs: see `algo_request.parse_algo`.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    _check_fields(request)
    base, quote = _asset(request, "base", context), _asset(request, "quote", context)
    client_order_id = request["client_order_id"]
    if not _CLIENT_ID.match(client_order_id):
        raise OrderError(
            "client_order_id: must be 1 to 64 letters, digits, dots, dashes; not . or .."
        )
    algo = algo_request.parse_algo(request, context.now)
    deadline_at = _deadline(request, algo, context.now)
    algo_request.check_fit(algo, request, deadline_at=deadline_at, now=context.now)
    return ParentOrder(
        id=parent_id(context.journal_id, client_order_id, client=request.get("client", "")),
        client_order_id=client_order_id,
        side=_side(request),
        base=base.id,
        quote=quote.id,
        quantity=_quantity(request, base, quote),
        limit_price=_limit_price(request, base, quote),
        slippage_max_pips=_slippage(request, context),
        holding_horizon_s=_holding(request),
        venues=_venues(request, context),
        deadline_at=deadline_at,
        submitted_at=context.now,
        strategy=_strategy(request),
        allow_similar=_switch(request, "allow_similar"),
        by=_person(request, "by"),
        confirmed_by=_person(request, "confirmed_by"),
        algo=algo,
        client=_person(request, "client"),
        account=_person(request, "account"),
        persistence=_persistence(request, algo),
    )


def parent_id(journal_id: str, client_order_id: str, *, client: str = "") -> ParentId:
    """Derive the parent's id: a client's name of an order stands for one parent of a journal."""
    whose = f"{client}\n" if client else ""
    digest = hashlib.sha256(f"{journal_id}\n{whose}{client_order_id}".encode()).hexdigest()
    return ParentId(digest[:_PARENT_ID_DIGITS])


def _deadline(request: Mapping[str, str], algo: Algo, now: TimestampNs) -> TimestampNs:
    least = algo_request.deadline_after(algo)
    if "deadline_s" not in request and least is not None:
        deadline_at = least
    else:
        thousandths = _number(request, "deadline_s", _DEADLINE_S_DEFAULT, decimals=3)
        deadline_at = TimestampNs(now + thousandths * (NS_PER_S // 1_000))
    if not 0 < deadline_at - now <= _DEADLINE_S_MAX * NS_PER_S:
        if "deadline_s" in request or least is None:
            raise OrderError(f"deadline_s: must lie between 0 and {_DEADLINE_S_MAX}")
        raise OrderError(
            f"{algo_request.lasting_field(algo)}: must lie between 0 and {_DEADLINE_S_MAX}, a later"
            f" start and {algo_request.MARGIN_S} s for what is out at its end included"
        )
    return deadline_at


def _check_fields(request: Mapping[str, str]) -> None:
    for name in sorted(request.keys() - _FIELDS):
        raise OrderError(f"{name}: unknown field; use {', '.join(sorted(_FIELDS))}")
    for name in sorted(_REQUIRED - request.keys()):
        raise OrderError(f"{name}: missing; add it")


def _strategy(request: Mapping[str, str]) -> str:
    name = request.get("strategy", _STRATEGY_DEFAULT)
    if not _CLIENT_ID.match(name):
        raise OrderError("strategy: must be 1 to 64 letters, digits, dots, dashes")
    if name in _STRATEGIES_OF_OURS:
        raise OrderError(f"strategy: {name} is what the engine itself sends; choose another name")
    return name


def _person(request: Mapping[str, str], field: str) -> str:
    name = request.get(field, "")
    if name and not _CLIENT_ID.match(name):
        raise OrderError(f"{field}: must be 1 to 64 letters, digits, dots, dashes")
    if field == "confirmed_by" and name:
        if not request.get("by"):
            raise OrderError("by: missing; say who sends what somebody else confirmed")
        if name == request["by"]:
            raise OrderError("confirmed_by: must be another person than by")
    return name


def _persistence(request: Mapping[str, str], algo: Algo) -> Persistence:
    text = request.get("time_in_force", Persistence.DEADLINE.value)
    try:
        persistence = Persistence(text)
    except ValueError:
        known = ", ".join(each.value for each in Persistence)
        raise OrderError(f"time_in_force: must be one of {known}, was {text!r}") from None
    if persistence is not Persistence.DEADLINE and not isinstance(algo, Sweep):
        raise OrderError(f"time_in_force: {text} is for orders without an algo; leave one out")
    return persistence


def _switch(request: Mapping[str, str], field: str) -> bool:
    text = request.get(field, "false")
    if text not in {"true", "false"}:
        raise OrderError(f"{field}: must be true or false, was {text!r}")
    return text == "true"


def _side(request: Mapping[str, str]) -> Side:
    try:
        return Side(request["side"].lower())
    except ValueError:
        raise OrderError(f"side: must be buy or sell, was {request['side']!r}") from None


def _asset(request: Mapping[str, str], field: str, context: OrderContext) -> Asset:
    asset = context.assets.get(request[field])
    if asset is None:
        known = ", ".join(context.assets)
        raise OrderError(f"{field}: {request[field]!r} is not configured; use one of {known}")
    return asset


def _number(request: Mapping[str, str], field: str, default: str, *, decimals: int) -> int:
    text = request.get(field, default)
    try:
        return parse_decimal(text, decimals)
    except ValueError as error:
        raise OrderError(f"{field}: {error}") from None


def _quantity(request: Mapping[str, str], base: Asset, quote: Asset) -> Amount:
    name = request.get("quantity_asset", base.id)
    asset = next((a for a in (base, quote) if a.id == name), None)
    if asset is None:
        raise OrderError(f"quantity_asset: must be {base.id} or {quote.id}, was {name!r}")
    atoms = _number(request, "quantity", "", decimals=asset.decimals)
    if atoms <= 0:
        raise OrderError(f"quantity: must be positive, was {request['quantity']}")
    return Amount(asset.id, atoms)


def _limit_price(request: Mapping[str, str], base: Asset, quote: Asset) -> Price | None:
    if "limit_price" not in request:
        return None
    scaled = _number(request, "limit_price", "", decimals=_PRICE_DECIMALS)
    if scaled <= 0:
        raise OrderError(f"limit_price: must be positive, was {request['limit_price']}")
    scale = 10**_PRICE_DECIMALS
    return Price(base.id, quote.id, scaled * 10**quote.decimals, scale * 10**base.decimals)


def _slippage(request: Mapping[str, str], context: OrderContext) -> Pips:
    if "slippage_max_bps" not in request:
        return context.limits.slippage_max_pips
    pips = _number(request, "slippage_max_bps", "", decimals=2)
    if pips < 0:
        raise OrderError(f"slippage_max_bps: must not be negative, was {pips / 100:g}")
    return Pips(pips)


def _holding(request: Mapping[str, str]) -> int:
    thousandths = _number(request, "holding_hours", _HOLDING_HOURS_DEFAULT, decimals=3)
    if not 0 <= thousandths <= _HOLDING_HOURS_MAX * 1_000:
        raise OrderError(f"holding_hours: must lie between 0 and {_HOLDING_HOURS_MAX}")
    return thousandths * 3_600 // 1_000


def _venues(request: Mapping[str, str], context: OrderContext) -> tuple[VenueId, ...]:
    names = [n.strip() for n in request.get("venues", "").split(",") if n.strip()]
    for name in names:
        if VenueId(name) not in context.venues:
            known = ", ".join(context.venues)
            raise OrderError(f"venues: {name!r} is not configured; use one of {known}")
    return tuple(VenueId(name) for name in names)
