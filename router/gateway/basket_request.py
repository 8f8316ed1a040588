"""Several orders as one request: planned together, taken in all or none.

Two orders of one pair are refused: what they trade together is their net, and no venue is asked to
trade against itself. Whoever wants the net sends it as one order.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from router.domain.basket import Basket
from router.domain.error import OrderError
from router.domain.instrument import Asset
from router.domain.order import ParentOrder, Persistence
from router.domain.units import Amount, AssetId, BasketId, ParentId, parse_decimal
from router.gateway.order_request import OrderContext, parent_id, parse_order

_FIELDS: Final = frozenset({"client_order_id", "orders", "exposure_max"})
ORDERS_MAX: Final = 16
_NAMED_BY_BASKET: Final = "client_order_id"
_SLIPPAGE: Final = "slippage_max_bps"
_NAME: Final = re.compile(
    r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,61}\Z"
)  # with its place an order's, of at most 64


@dataclass(frozen=True, slots=True)
class BasketOrder:
    """A basket with its orders, in the order in which they were given.

    Attributes
    ----------
    tolerant : frozenset of ParentId
        Those that did not say how much slippage they allow: the limits did.
    """

    basket: Basket
    orders: tuple[ParentOrder, ...]
    tolerant: frozenset[ParentId] = frozenset()


def parse_basket(
    request: Mapping[str, str], context: OrderContext, *, whose: Mapping[str, str] | None = None
) -> BasketOrder:
    """Make a basket of a flat mapping of strings.

    Parameters
    ----------
    request : Mapping[str, str]
        ``client_order_id`` of the whole; ``orders``, a JSON array of orders as `parse_order` takes
        them, without a ``client_order_id``; optional ``exposure_max``, in the quote asset: how far
        one side may be ahead of the other.
    whose : Mapping[str, str] | None
        What a gateway says of all of its orders, beside what they say: ``client``, ``account``,
        ``by``. Its clients may name their orders themselves.

    Raises
    ------
    OrderError
        Naming the order by its place, the field and the remedy.
    """
    for name in sorted(request.keys() - _FIELDS):
        raise OrderError(f"{name}: unknown field; use {', '.join(sorted(_FIELDS))}")
    if not request.get(_NAMED_BY_BASKET):
        raise OrderError("client_order_id: missing; name the basket")
    name = request[_NAMED_BY_BASKET]
    if not _NAME.match(name):
        raise OrderError(
            "client_order_id: must be 1 to 61 letters, digits, dots, dashes; not . or .."
        )
    rows = _rows(request)
    orders = tuple(
        _order({**each, **(whose or {})}, place, name=own, context=context)
        for place, (each, own) in enumerate(_named(rows, name, whose), 1)
    )
    _check_together(orders)
    basket = basket_id(context.journal_id, name, client=(whose or {}).get("client", ""))
    quote = context.assets[orders[0].quote]
    return BasketOrder(
        Basket(basket, tuple(order.id for order in orders), _exposure(request, quote)),
        tuple(replace(order, basket=basket) for order in orders),
        frozenset(o.id for o, row in zip(orders, rows, strict=True) if _SLIPPAGE not in row),
    )


def _check_together(orders: tuple[ParentOrder, ...]) -> None:
    if len({order.id for order in orders}) < len(orders):
        raise OrderError("client_order_id: two orders have the same; name each once")
    for place, order in enumerate(orders, 1):
        if order.persistence is not Persistence.DEADLINE:
            raise OrderError(f"order {place}: time_in_force: a basket's orders have none")
    pairs = [(order.base, order.quote) for order in orders]
    for pair in pairs:
        if pairs.count(pair) > 1:
            raise OrderError(f"orders: two trade {'/'.join(pair)}; send their net as one order")


def basket_id(journal_id: str, name: str, *, client: str = "") -> BasketId:
    """Derive a basket's id: the same request to the same journal is the same basket."""
    return BasketId(parent_id(journal_id, f"basket {name}", client=client))


def _rows(request: Mapping[str, str]) -> list[dict[str, str]]:
    try:
        rows = orjson.loads(request.get("orders", ""))
    except ValueError:
        raise OrderError("orders: must be a JSON array of orders") from None
    if (
        not isinstance(rows, list)
        or not 0 < len(rows) <= ORDERS_MAX
        or not all(isinstance(row, dict) for row in rows)
        or not all(isinstance(text, str) for row in rows for text in row.values())
    ):
        raise OrderError(
            f"orders: must be a JSON array of 1 to {ORDERS_MAX} orders whose values are strings"
        )
    return rows


# By the basket and their places; by their own names where a gateway's client gives them some.
def _named(
    rows: list[dict[str, str]], name: str, whose: Mapping[str, str] | None
) -> Iterator[tuple[dict[str, str], str]]:
    for place, row in enumerate(rows, 1):
        own = row.get(_NAMED_BY_BASKET)
        if own is not None and whose is None:
            raise OrderError(f"order {place}: client_order_id: the basket names its orders")
        yield row, own or f"{name}.{place}"


def _order(row: dict[str, str], place: int, *, name: str, context: OrderContext) -> ParentOrder:
    try:
        return parse_order({**row, _NAMED_BY_BASKET: name}, context)
    except OrderError as error:
        raise OrderError(f"order {place}: {error}") from None


def _exposure(request: Mapping[str, str], quote: Asset) -> Amount | None:
    text = request.get("exposure_max")
    if text is None:
        return None
    try:
        atoms = parse_decimal(text, quote.decimals)
    except ValueError as error:
        raise OrderError(f"exposure_max: {error}") from None
    if atoms <= 0:
        raise OrderError(f"exposure_max: must be positive, in {quote.id}; was {text}")
    return Amount(AssetId(quote.id), atoms)
