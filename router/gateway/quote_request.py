"""A request to execute a quote as it was shown; what the quote says itself, the request may not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from router.domain.error import OrderError
from router.domain.order import ParentOrder
from router.domain.plan import RoutePlan
from router.domain.quote import BoundQuote
from router.domain.units import Pips, QuoteId, TimestampNs, parse_decimal
from router.gateway.order_request import OrderContext, parse_order

QUOTE_ID: Final = "quote_id"
_DRIFT: Final = "drift_max_bps"
_DRIFT_MAX: Final = 10_000  # bps
_OWN: Final = frozenset(
    {
        QUOTE_ID,
        _DRIFT,
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
        ``client``, ``account``. All else is the quote's.

    Raises
    ------
    OrderError
        Naming the field and the remedy.
    """
    for name in sorted(request.keys() - _OWN):
        raise OrderError(f"{name}: is what the quote says; leave it out, or ask for another quote")
    if shown.request.get("client", "") != request.get("client", ""):
        raise OrderError(f"{QUOTE_ID}: no quote {shown.id} was shown here; ask for one")
    own = {name: text for name, text in request.items() if name not in {QUOTE_ID, _DRIFT}}
    order = parse_order({**shown.request, **own}, context)
    bound = BoundQuote(
        id=shown.id,
        plan=shown.plan,
        problem_digest=shown.problem_digest,
        drift_max_pips=_drift(request, context),
        expires_at=shown.expires_at,
    )
    return replace(order, as_quoted=bound)


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
