"""What a request means to the daemon: what to do, and the fields of it. Pure.

Who asks is taken from the principal alone. Of an order that exists the account is checked with the
daemon's answer, so what needs that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from router.gateway.access import Permission, Principal
from router.gateway.http.models import (
    Accept,
    AmendOrder,
    BookQuery,
    BustFill,
    CancelMany,
    CancelOrder,
    ExecuteQuote,
    Halt,
    JournalQuery,
    OrderQuery,
    OrdersQuery,
    PositionsQuery,
    QuoteOrder,
    SetSwitch,
    SubmitBasket,
    SubmitOrder,
    flat,
)
from router.gateway.http.problems import ProblemError
from router.gateway.http.values import Query, Request
from router.gateway.link import Code

_Model = TypeVar("_Model")

_TERMS: Final = frozenset({"quantity", "limit_price", "slippage_max_bps", "deadline_s"})
_BESIDES: Final = frozenset({"curve", "compare"})  # what a dry run tells, not what is traded
_QUOTED: Final = "quote"  # the name of an order that is never sent


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was read and may be made.

    Attributes
    ----------
    path : mapping
        What stands in the path for the names in braces.
    key : str | None
        Of the header Idempotency-Key.
    """

    principal: Principal
    path: Mapping[str, str] = field(default_factory=dict)
    query: Query | None = None
    body: Request | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What the daemon is asked."""

    do: str
    fields: Mapping[str, object] = field(default_factory=dict)


def submit(call: Call) -> Ask:
    """Ask for an order."""
    body = _of(call.body, SubmitOrder)
    return Ask("submit", {"order": {**body.flat(), **_who(call, body.account)}})


def execute_quote(call: Call) -> Ask:
    """Ask for an order on a quote's terms."""
    body = _of(call.body, ExecuteQuote)
    order = {**flat(body), **_who(call, body.account), "quote_id": call.path["quote"]}
    return Ask("submit", {"order": order})


def quote(call: Call) -> Ask:
    """Ask for a dry run."""
    body = _of(call.body, QuoteOrder)
    terms = {name: text for name, text in body.flat().items() if name not in _BESIDES}
    who = _who(call, body.account, permission=Permission.QUOTE)
    return Ask(
        "quote",
        {
            "order": {**terms, **who, "client_order_id": _QUOTED},
            "curve": body.curve,
            "compare": body.compare,
            "margin": call.principal.permits(Permission.MARGIN_READ),
        },
    )


def order(call: Call) -> Ask:
    """Ask for an order as it stands."""
    return Ask("order", _named(call))


def report(call: Call) -> Ask:
    """Ask for what an order cost."""
    return Ask("report", _named(call))


def plan(call: Call) -> Ask:
    """Ask for one of an order's plans."""
    return Ask("plan", {**_named(call), "index": int(call.path["number"])})


def orders(call: Call) -> Ask:
    """Ask for a page of orders."""
    query = _of(call.query, OrdersQuery)
    after = {} if query.after is None else {"after": query.after}
    whose = {} if query.client is None else {"client": _client(call, query.client)}
    scope = _scope(call, query.account, permission=Permission.ORDERS_READ)
    page = {"ended": query.ended, "limit": query.limit, **after}
    return Ask("orders", {**whose, **scope, **page})


def positions(call: Call) -> Ask:
    """Ask for what has filled, net."""
    query = _of(call.query, PositionsQuery)
    return Ask("positions", _scope(call, query.account, permission=Permission.ORDERS_READ))


def cancel(call: Call) -> Ask:
    """Ask for a cancel of one order."""
    body = _of(call.body, CancelOrder)
    return Ask("cancel", {**_named(call), **_request(call, body.request), **_wait(body.wait_s)})


def amend(call: Call) -> Ask:
    """Ask for other terms for one order."""
    body = _of(call.body, AmendOrder)
    terms = {name: text for name, text in flat(body).items() if name in _TERMS}
    named = {**_named(call), **_request(call, body.request), **_wait(body.wait_s)}
    return Ask("amend", {**named, "terms": terms})


def cancel_many(call: Call) -> Ask:
    """Ask for a cancel of all that fit."""
    body = _of(call.body, CancelMany)
    filters = {"base": body.base, "quote": body.quote, "side": body.side}
    given = {name: text for name, text in filters.items() if text is not None}
    scope = _scope(call, body.account, permission=Permission.CANCEL)
    return Ask("mass_cancel", {**scope, **given, **_request(call, body.request)})


def basket(call: Call) -> Ask:
    """Ask for orders that are planned together."""
    body = _of(call.body, SubmitBasket)
    return Ask("basket", {"basket": body.flat(), **_who(call, body.account)})


def cancel_basket(call: Call) -> Ask:
    """Ask for a cancel of a basket's orders."""
    body = _of(call.body, CancelOrder)
    named = {**call.principal.scope, "basket": call.path["name"], "client": call.principal.client}
    return Ask("cancel_basket", {**named, **_request(call, body.request), **_wait(body.wait_s)})


def book(call: Call) -> Ask:
    """Ask for consolidated liquidity."""
    query = _of(call.query, BookQuery)
    return Ask("book", {"base": query.base, "quote": query.quote, "depth": query.depth})


def journal(call: Call) -> Ask:
    """Ask for a page of the journal."""
    query = _of(call.query, JournalQuery)
    kind = {} if query.kind is None else {"kind": query.kind}
    return Ask("journal", {"after": query.after, "limit": query.limit, **kind})


def switch(call: Call) -> Ask:
    """Ask for a setting of the kill switch."""
    body = _of(call.body, SetSwitch)
    said = {"scope": body.scope, "state": body.state, "reason": body.reason}
    return Ask("switch", {**said, "by": call.principal.key})


def halt(call: Call) -> Ask:
    """Ask for the kill switch."""
    body = _of(call.body, Halt)
    said = {"scope": body.scope, "state": "halted", "reason": body.reason}
    return Ask("switch", {**said, "by": call.principal.key})


def reload(call: Call) -> Ask:
    """Ask for the limits of the file, read anew."""
    return Ask("reload", {"by": call.principal.key})


def accept(call: Call) -> Ask:
    """Ask for the accounts as they are."""
    return Ask("accept", {"reason": _of(call.body, Accept).reason, "by": call.principal.key})


def bust(call: Call) -> Ask:
    """Ask for a fill that is taken back, or corrected."""
    body = _of(call.body, BustFill)
    corrected = {} if body.corrected is None else {"corrected": body.corrected.model_dump()}
    said = {"child": body.child, "fill": body.fill, "reason": body.reason}
    return Ask("bust", {**said, **corrected, "by": call.principal.key})


def _who(
    call: Call, account: str | None, *, permission: Permission = Permission.ORDERS_WRITE
) -> dict[str, str]:
    principal = call.principal
    account = account or principal.only_account
    if account is None and principal.accounts is not None:
        known = ", ".join(principal.accounts)
        told = f"account: missing; this key has {known}: say for which"
        raise ProblemError(Code.INVALID, told, field="account")
    if account is not None:
        principal.require(permission, account)
    named = {"client": principal.client, "account": account, "by": principal.key}
    return {name: text for name, text in named.items() if text}


def _scope(call: Call, account: str | None, *, permission: Permission) -> dict[str, object]:
    if account is None:
        return call.principal.scope
    call.principal.require(permission, account)
    return {**call.principal.scope, "accounts": [account]}


def _named(call: Call) -> dict[str, str]:
    given = call.query.client if isinstance(call.query, OrderQuery) else None
    return {"order": call.path["name"], "client": _client(call, given)}


def _client(call: Call, given: str | None) -> str:
    principal = call.principal
    if given is None or given == principal.client:
        return principal.client
    if principal.accounts is not None:
        told = "client: is for keys of the whole desk; leave it out"
        raise ProblemError("forbidden", told, field="client")
    return given


def _request(call: Call, given: str | None) -> dict[str, str]:
    name = given or call.key
    if name is None:
        told = "request: missing; name it, here or in the header Idempotency-Key"
        raise ProblemError(Code.INVALID, told, field="request")
    if given is not None and call.key is not None and given != call.key:
        told = "request: is another name than the header Idempotency-Key; leave one out"
        raise ProblemError(Code.INVALID, told, field="request")
    return {"request": name, "by": call.principal.key}


def _wait(wait_s: str | None) -> dict[str, str]:
    return {} if wait_s is None else {"wait_s": wait_s}


def _of(model: object, kind: type[_Model]) -> _Model:
    assert isinstance(model, kind), "the table of routes gives each call its own models"
    return model
