"""A request to execute a quote as it was shown; what the quote says itself, the request may not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from router.domain.error import OrderError
from router.domain.order import ParentOrder
from router.domain.plan import RoutePlan
from router.domain.quote import BoundQuote
from router.domain.units import Pips, QuoteId, TimestampNs, parse_decimal
from router.gateway.order_request import OrderContext, parse_order

QUOTE_ID: Final = "quote_id"
_DRIFT: Final = "drift_max_bps"
REPEATS: Final = "repeats"
_REPEATED: Final = frozenset({"side", "base", "quote", "quantity", "quantity_asset"})
_DRIFT_MAX: Final = 10_000  # bps
_OWN: Final = frozenset(
    {
        QUOTE_ID,
        _DRIFT,
        REPEATS,
        "client_order_id",
        "deadline_s",
        "strategy",
        "allow_similar",
        "by",
        "confirmed_by",
        "client",
        "account",
    }
)
_OF_QUOTE: Final = frozenset({QUOTE_ID, _DRIFT, REPEATS})


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """What was shown, and to which request."""

    id: QuoteId
    request: Mapping[str, str]
    plan: RoutePlan
    problem_digest: str
    expires_at: TimestampNs


def parse_quoted(
    request: Mapping[str, str], shown: ShownQuote, context: OrderContext
) -> ParentOrder:
    """Make the parent order that a quote was shown for, bound to it.

    Parameters
    ----------
    request : Mapping[str, str]
        ``quote_id`` and ``client_order_id``; optional ``drift_max_bps`` (how much dearer the legs
        may have become together; by default the tolerance of every leg), ``deadline_s``,
        ``strategy``, ``allow_similar``, ``by``, ``confirmed_by``,
        ``client``, ``account``, and ``repeats``: a JSON object of what its sender has to say again,
        of ``side``, ``base``, ``quote``, ``quantity`` and ``quantity_asset``, which must be the
        quote's. All else is the quote's.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    for name in sorted(request.keys() - _OWN):
        raise OrderError(f"{name}: is what the quote says; leave it out, or ask for another quote")
    if shown.request.get("client", "") != request.get("client", ""):
        raise OrderError(f"{QUOTE_ID}: no quote {shown.id} was shown here; ask for one")
    own = {name: text for name, text in request.items() if name not in _OF_QUOTE}
    order = parse_order({**shown.request, **own}, context)
    repeated = _repeated(request)
    if repeated:
        _check_same(parse_order({**shown.request, **own, **repeated}, context), order)
    bound = BoundQuote(
        id=shown.id,
        plan=shown.plan,
        problem_digest=shown.problem_digest,
        drift_max_pips=_drift(request, context),
        expires_at=shown.expires_at,
    )
    return replace(order, as_quoted=bound)


def _repeated(request: Mapping[str, str]) -> dict[str, str]:
    try:
        found = orjson.loads(request.get(REPEATS, "{}"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found.keys() <= _REPEATED:
        raise OrderError(f"{REPEATS}: must be a JSON object of {', '.join(sorted(_REPEATED))}")
    if not all(isinstance(text, str) for text in found.values()):
        raise OrderError(f"{REPEATS}: must hold strings")
    return found


# An amount in the other asset than the quote's says nothing of it.
def _check_same(said: ParentOrder, order: ParentOrder) -> None:
    differs = {
        "base": said.base != order.base,
        "quote": said.quote != order.quote,
        "side": said.side is not order.side,
        "quantity": said.quantity.asset == order.quantity.asset and said.quantity != order.quantity,
    }
    for name in (name for name, is_other in differs.items() if is_other):
        raise OrderError(f"{name}: is not what was quoted; repeat it, or ask for another quote")


def _drift(request: Mapping[str, str], context: OrderContext) -> Pips:
    text = request.get(_DRIFT)
    if text is None:
        return context.limits.slippage_tolerance_pips
    try:
        pips = parse_decimal(text, 2)
    except ValueError as error:
        raise OrderError(f"{_DRIFT}: {error}") from None
    if not 0 <= pips <= _DRIFT_MAX * 100:
        raise OrderError(f"{_DRIFT}: must lie between 0 and {_DRIFT_MAX}, was {text}")
    return Pips(pips)
