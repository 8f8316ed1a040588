"""What is answered: the shapes that the API's document promises.

The daemon makes the answers; a test holds them against these models. A field may be added at any
time, so clients read what they know.
"""

from typing import Any, Literal

from pydantic import Field

from router.gateway.http.values import Answer, Decimal, Nanoseconds, SideWord, StateWord


class OrderAnswer(Answer):
    """Where an order stands."""

    order: str = Field(description="the desk's name of it")
    client_order_id: str
    side: SideWord
    base: str
    quote: str
    client: str
    account: str
    quantity_asset: str
    status: str
    phase: str
    ordered: Decimal
    cumulative: Decimal
    leaves: Decimal
    average_price: Decimal | None
    algo: str
    deadline_at: Nanoseconds
    pending: str | None = Field(description="the request that is under way")
    strategy: str
    by: str


class SubmittedAnswer(OrderAnswer):
    """An order on record."""

    is_new: bool = Field(description="false where it was known by that name")


class AlteredAnswer(OrderAnswer):
    """An order, and what became of a request about it."""

    request: str
    result: Literal["done", "pending"]
    message: str


class OrdersAnswer(Answer):
    """A page of orders."""

    orders: list[OrderAnswer]
    next: str | None = Field(description="`after` of the next page; null on the last")


class BasketAnswer(Answer):
    """The orders of a basket, on record."""

    is_new: bool
    basket: str
    orders: list[OrderAnswer]


class RefusedCancel(Answer):
    """An order that is not cancelled, and why."""

    order: str
    message: str


class MassCancelAnswer(Answer):
    """What a cancel of many came to."""

    affected: list[str] = Field(description="the desk's names of orders that are being cancelled")
    refused: list[RefusedCancel]


class ReportAnswer(Answer):
    """What an order cost, and why."""

    order: OrderAnswer
    report: dict[str, Any]
    children: list[dict[str, Any]]


class PlanAnswer(Answer):
    """A plan: its legs, its certificate, and the reasons in words."""

    order: str
    index: int
    plans: int
    explanation: list[str]


class BookAnswer(Answer):
    """The liquidity of all venues together."""

    base: str
    quote: str
    missing: list[dict[str, Any]]
    at: Nanoseconds


class PositionsAnswer(Answer):
    """What has filled, net, by trading account."""

    positions: list[dict[str, Any]]
    at: Nanoseconds


class AccountsAnswer(Answer):
    """Balances and positions at the venues."""

    is_known: bool
    balances: list[dict[str, Any]]
    positions: list[dict[str, Any]]


class MarginAnswer(Answer):
    """Equity and margin of every account."""

    at_s: float
    accounts: list[dict[str, Any]]
    unreadable: dict[str, str]


class StressAnswer(Answer):
    """What every scenario comes to."""

    at_s: float
    stress: list[dict[str, Any]]
    unreadable: dict[str, str]


class FundingAnswer(Answer):
    """The funding watch."""

    at_s: float
    funding: list[dict[str, Any]]
    unreadable: dict[str, str]


class VenuesAnswer(Answer):
    """How the venues are."""

    venues: list[dict[str, Any]]


class InstrumentsAnswer(Answer):
    """What can be traded."""

    instruments: list[dict[str, Any]]
    pairs: list[dict[str, str]]
    assets: list[dict[str, Any]]


class AlgosAnswer(Answer):
    """The algos, and the fields of each."""

    algos: list[dict[str, Any]]


class JournalRecord(Answer):
    """One record, its hash chained to the one before."""

    sequence: int
    hash: str
    kind: str


class JournalAnswer(Answer):
    """A page of the journal."""

    records: list[JournalRecord]
    next: int | None


class SwitchAnswer(Answer):
    """A switch as it is on record."""

    scope: str
    state: StateWord
    by: str
    reason: str


class SwitchesAnswer(Answer):
    """What is set to what."""

    switches: list[SwitchAnswer]


class ReloadAnswer(Answer):
    """Which limits have changed."""

    changed: list[str]
    by: str


class ReconcileAnswer(Answer):
    """How the record stands against the venues."""


class AcceptAnswer(Answer):
    """The baseline is on record."""

    accepted: bool
    by: str
    reason: str


class BustAnswer(Answer):
    """The fill is taken back, or corrected, on record."""


class AuditAnswer(Answer):
    """A page of who did what."""

    records: list[dict[str, Any]]
    next: int | None


class SessionAnswer(Answer):
    """Who asks, and what they may do."""

    key: str
    client: str
    roles: list[str]
    permissions: list[str]
    accounts: list[str] | None = Field(description="null: the whole desk")


class StatusAnswer(Answer):
    """How the desk is."""

    journal: str
    is_ready: bool
    halted: str | None = Field(description="why nothing is traded; null where it is")
    degraded: str | None = Field(description="why nothing is recorded; null where it is")


class LiveAnswer(Answer):
    """The gateway runs."""

    live: bool


class ReadyAnswer(Answer):
    """The daemon trades."""

    ready: bool


class ProblemAnswer(Answer):
    """Why something was not done (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="stable; what programs look at")
    detail: str
    field: str | None
    remedy: str
    instance: str = Field(description="the request's id, for those who look into it")
