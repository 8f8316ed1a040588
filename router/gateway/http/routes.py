"""Every path of the API, once: what serves it, what documents it, and what it needs.

A path that is not here does not exist, and one that is here is in the document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel

from router.gateway.access import Permission
from router.gateway.http import answers, calls, models
from router.gateway.http.calls import Ask, Call
from router.gateway.http.values import NAME_PATTERN, Query, Request
from router.gateway.link import Code
from router.gateway.quote_document import QuoteDocument
from router.gateway.rates import Kind

_P: Final = Permission
PREFIX: Final = "/v1"
STREAM: Final = f"{PREFIX}/stream"
_NUMBER_PATTERN: Final = r"^[0-9]{1,6}$"
_QUOTE_PATTERN: Final = r"^q-[0-9a-f]{16}$"
PARAMETERS: Final[Mapping[str, str]] = {
    "name": NAME_PATTERN,
    "number": _NUMBER_PATTERN,
    "quote": _QUOTE_PATTERN,
}

Make: TypeAlias = Callable[[Call], Ask]
Local: TypeAlias = Literal["session", "audit"]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Attributes
    ----------
    make : function | Local
        Makes of a call what the daemon is asked; or the name of what the gateway knows itself.
    concerns : str | None
        Of whose account the permission must be: of the order that the path names, or of a basket's
        orders, which the daemon looks at itself.
    errors : tuple of str
        Codes beside those that every operation may answer.
    rate : Kind
        Whose bucket it has: who may send no more orders may still end them.
    once : bool
        Whether the gateway remembers what came of an Idempotency-Key; orders, baskets and requests
        about them have names that the daemon remembers for good.
    """

    method: Literal["GET", "POST"]
    path: str
    operation: str
    permission: Permission | None
    make: Make | Local
    answer: type[BaseModel]
    summary: str
    query: type[Query] | None = None
    body: type[Request] | None = None
    concerns: Literal["order", "basket"] | None = None
    errors: tuple[str, ...] = ()
    rate: Kind = Kind.REQUEST
    once: bool = False
    example: Mapping[str, object] = field(default_factory=dict)

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of its good answers, the usual one first."""
        return _STATUSES.get(self.operation, (200,))


_STATUSES: Final[Mapping[str, tuple[int, ...]]] = {
    "submitOrder": (201, 200),
    "executeQuote": (201, 200),
    "submitBasket": (201, 200),
    "cancelOrder": (200, 202),
    "amendOrder": (200, 202),
}
_ORDER: Final = {
    "client_order_id": "desk-17",
    "account": "main",
    "side": "buy",
    "base": "ETH",
    "quote": "USDC",
    "quantity": "1.5",
    "slippage_max_bps": "30",
    "deadline_s": "60",
}
_DRY: Final = {name: text for name, text in _ORDER.items() if name != "client_order_id"}
_LEG: Final = {"side": "sell", "base": "ETH", "quote": "USDC", "quantity": "2"}
_TAKEN: Final = (Code.DUPLICATE, Code.REFUSED, Code.BUSY)
_ALTERED: Final = (Code.UNKNOWN, Code.DUPLICATE, Code.TOO_LATE, Code.PENDING, Code.REFUSED)

_ORDERS: Final = (
    Route(
        *("POST", "/orders", "submitOrder", _P.ORDERS_WRITE, calls.submit),
        answer=answers.SubmittedAnswer,
        summary="Submit an order; answered once it is on record",
        body=models.SubmitOrder,
        errors=_TAKEN,
        example=_ORDER,
    ),
    Route(
        *("GET", "/orders", "listOrders", _P.ORDERS_READ, calls.orders),
        answer=answers.OrdersAnswer,
        summary="List orders, a page at a time",
        query=models.OrdersQuery,
    ),
    Route(
        *("GET", "/orders/{name}", "getOrder", _P.ORDERS_READ, calls.order),
        answer=answers.OrderAnswer,
        summary="Show where an order stands",
        query=models.OrderQuery,
        concerns="order",
        errors=(Code.UNKNOWN,),
    ),
    Route(
        *("GET", "/orders/{name}/report", "getReport", _P.ORDERS_READ, calls.report),
        answer=answers.ReportAnswer,
        summary="Show what an order cost, and why",
        query=models.OrderQuery,
        concerns="order",
        errors=(Code.UNKNOWN, Code.PENDING),
    ),
    Route(
        *("GET", "/orders/{name}/plans/{number}", "getPlan", _P.ORDERS_READ, calls.plan),
        answer=answers.PlanAnswer,
        summary="Show one of an order's plans, its certificate and its reasons",
        query=models.PlanQuery,
        concerns="order",
        errors=(Code.UNKNOWN,),
    ),
    Route(
        *("POST", "/orders/{name}/cancel", "cancelOrder", _P.CANCEL, calls.cancel),
        answer=answers.AlteredAnswer,
        summary="Cancel an order",
        query=models.OrderQuery,
        body=models.CancelOrder,
        concerns="order",
        errors=_ALTERED,
        rate=Kind.CANCEL,
        example={"request": "desk-17-c1"},
    ),
    Route(
        *("POST", "/orders/{name}/amend", "amendOrder", _P.ORDERS_WRITE, calls.amend),
        answer=answers.AlteredAnswer,
        summary="Give an order other terms",
        query=models.OrderQuery,
        body=models.AmendOrder,
        concerns="order",
        errors=_ALTERED,
        example={"request": "desk-17-a1", "quantity": "2"},
    ),
    Route(
        *("POST", "/orders/cancel", "cancelOrders", _P.CANCEL, calls.cancel_many),
        answer=answers.MassCancelAnswer,
        summary="Cancel all orders at work that fit",
        body=models.CancelMany,
        errors=(Code.DUPLICATE,),
        rate=Kind.CANCEL,
        example={"request": "all-1", "base": "ETH"},
    ),
    Route(
        *("POST", "/baskets", "submitBasket", _P.ORDERS_WRITE, calls.basket),
        answer=answers.BasketAnswer,
        summary="Submit orders that are planned together",
        body=models.SubmitBasket,
        errors=_TAKEN,
        example={"client_order_id": "pair-3", "account": "main", "orders": [_LEG]},
    ),
    Route(
        *("POST", "/baskets/{name}/cancel", "cancelBasket", _P.CANCEL, calls.cancel_basket),
        answer=answers.MassCancelAnswer,
        summary="Cancel the orders of a basket",
        body=models.CancelOrder,
        concerns="basket",
        errors=_ALTERED,
        rate=Kind.CANCEL,
        example={"request": "pair-3-c1"},
    ),
    Route(
        *("POST", "/quotes", "quote", _P.QUOTE, calls.quote),
        once=True,
        rate=Kind.QUOTE,
        answer=QuoteDocument,
        summary="Show what an order would come to now; nothing is sent",
        body=models.QuoteOrder,
        errors=(Code.NO_ROUTE, Code.STALE, Code.REFUSED, Code.BUSY),
        example={**_DRY, "compare": True},
    ),
    Route(
        *("POST", "/quotes/{quote}/orders", "executeQuote", _P.ORDERS_WRITE, calls.execute_quote),
        answer=answers.SubmittedAnswer,
        summary="Submit the order that a quote was shown for, on its terms",
        body=models.ExecuteQuote,
        errors=(*_TAKEN, Code.UNKNOWN, Code.TOO_LATE),
        example={"client_order_id": "desk-18", "account": "main"},
    ),
)


def _asked(do: str) -> Make:
    return lambda _call: Ask(do)


_DESK: Final = (
    Route(
        *("GET", "/positions", "listPositions", _P.ORDERS_READ, calls.positions),
        answer=answers.PositionsAnswer,
        summary="Show what has filled, net, by trading account",
        query=models.PositionsQuery,
    ),
    Route(
        *("GET", "/accounts", "listAccounts", _P.MARGIN_READ, _asked("accounts")),
        answer=answers.AccountsAnswer,
        summary="Show balances and positions at the venues",
    ),
    Route(
        *("GET", "/margin", "showMargin", _P.MARGIN_READ, _asked("margin")),
        answer=answers.MarginAnswer,
        summary="Show equity and margin",
    ),
    Route(
        *("GET", "/stress", "showStress", _P.MARGIN_READ, _asked("stress")),
        answer=answers.StressAnswer,
        summary="Show what every scenario comes to",
    ),
    Route(
        *("GET", "/funding", "showFunding", _P.MARGIN_READ, _asked("funding")),
        answer=answers.FundingAnswer,
        summary="Show the funding watch",
    ),
    Route(
        *("GET", "/status", "showStatus", _P.DESK_READ, _asked("status")),
        answer=answers.StatusAnswer,
        summary="Show how the desk is",
    ),
    Route(
        *("GET", "/venues", "listVenues", _P.DESK_READ, _asked("venues")),
        answer=answers.VenuesAnswer,
        summary="Show how the venues are",
    ),
    Route(
        *("GET", "/instruments", "listInstruments", _P.DESK_READ, _asked("instruments")),
        answer=answers.InstrumentsAnswer,
        summary="Show what can be traded",
    ),
    Route(
        *("GET", "/algos", "listAlgos", _P.DESK_READ, _asked("algos")),
        answer=answers.AlgosAnswer,
        summary="Show the algos and their fields",
    ),
    Route(
        *("GET", "/book", "showBook", _P.DESK_READ, calls.book),
        answer=answers.BookAnswer,
        summary="Show the liquidity of all venues together",
        query=models.BookQuery,
        errors=(Code.UNKNOWN, Code.STALE),
    ),
    Route(
        *("GET", "/journal", "readJournal", _P.JOURNAL_READ, calls.journal),
        answer=answers.JournalAnswer,
        summary="Read the journal, a page at a time",
        query=models.JournalQuery,
    ),
    Route(
        *("GET", "/switches", "listSwitches", _P.DESK_READ, _asked("switches")),
        answer=answers.SwitchesAnswer,
        summary="Show what may be traded",
    ),
    Route(
        *("POST", "/switches", "setSwitch", _P.HALT, calls.switch),
        once=True,
        answer=answers.SwitchAnswer,
        summary="Say what may still be traded; any state but halted needs the right to resume",
        body=models.SetSwitch,
        rate=Kind.CANCEL,
        example={"scope": "firm", "state": "reduce_only", "reason": "end of day"},
    ),
    Route(
        *("POST", "/halt", "halt", _P.HALT, calls.halt),
        once=True,
        answer=answers.SwitchAnswer,
        summary="Stop: nothing new, and what is out is cancelled at once",
        body=models.Halt,
        rate=Kind.CANCEL,
        example={"reason": "prices look wrong"},
    ),
    Route(
        *("POST", "/reload", "reload", _P.LIMITS, calls.reload),
        once=True,
        answer=answers.ReloadAnswer,
        summary="Read the limits of the file anew",
        body=models.Nothing,
        errors=(Code.REFUSED,),
    ),
    Route(
        *("POST", "/reconcile", "reconcile", _P.RECONCILE, _asked("reconcile")),
        once=True,
        answer=answers.ReconcileAnswer,
        summary="Compare the record with the venues",
        body=models.Nothing,
    ),
    Route(
        *("POST", "/accept", "accept", _P.ACCEPT, calls.accept),
        once=True,
        answer=answers.AcceptAnswer,
        summary="Take the accounts as they are for the baseline",
        body=models.Accept,
        errors=(Code.REFUSED, Code.PENDING),
        example={"reason": "deposit of 10,000 USDC"},
    ),
    Route(
        *("POST", "/bust", "bust", _P.BUST, calls.bust),
        once=True,
        answer=answers.BustAnswer,
        summary="Take a fill back, or correct it",
        body=models.BustFill,
        errors=(Code.UNKNOWN, Code.DUPLICATE, Code.REFUSED),
        example={"child": "c-1", "fill": "f-1", "reason": "the venue took it back"},
    ),
    Route(
        *("GET", "/audit", "readAudit", _P.AUDIT_READ, "audit"),
        answer=answers.AuditAnswer,
        summary="Read who did what, a page at a time",
        query=models.AuditQuery,
    ),
    Route(
        *("GET", "/session", "whoAmI", None, "session"),
        answer=answers.SessionAnswer,
        summary="Say who asks, and what they may do",
    ),
)
ROUTES: Final = (*_ORDERS, *_DESK)
