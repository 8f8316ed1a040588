"""What clients may ask: the models that check it, and that the API's document is made of.

Form only; whether an asset is configured or a limit holds is the daemon's to say. Who asks, and for
which client, is never in a body: it is who signed.
"""

from typing import Annotated

import orjson
from pydantic import Field

from router.gateway.http.values import (
    AlgoWord,
    AssetName,
    BasketName,
    Bps,
    ClientName,
    Identity,
    Name,
    Number,
    Quantity,
    Query,
    Reason,
    Request,
    ScopeLabel,
    Seconds,
    Share,
    SideWord,
    StateWord,
    TimeInForce,
    WaitSeconds,
    Whole,
)

_LEGS_MAX = 16
_VENUES_MAX = 32
_PAGE_MAX = 500


class OrderTerms(Request):
    """What is to be traded, and how; of each algo only the fields that are its own."""

    side: SideWord
    base: AssetName
    quote: AssetName
    quantity: Quantity
    quantity_asset: AssetName | None = Field(None, description="base or quote; the base if absent")
    limit_price: Quantity | None = Field(None, description="quote units for one base unit")
    slippage_max_bps: Bps | None = None
    holding_hours: Seconds | None = Field(None, description="how long a perp position is kept")
    venues: Annotated[tuple[Name, ...], Field(max_length=_VENUES_MAX, strict=False)] | None = None
    deadline_s: Seconds | None = Field(None, description="counted from when it is taken")
    strategy: Name | None = None
    allow_similar: bool | None = None
    time_in_force: TimeInForce | None = None
    algo: AlgoWord | None = None
    duration_s: Seconds | None = None
    interval_s: Seconds | None = None
    start_in_s: Seconds | None = None
    catch_up: Share | None = None
    participation: Share | None = None
    band: Share | None = None
    aversion: Number | None = None
    volatility_bps_day: Number | None = None
    half_life_s: Seconds | None = None
    display: Share | None = None
    offset_ticks: Whole | None = None
    reprice_ticks: Whole | None = None
    reprices_max: Whole | None = None
    cross_after_s: Seconds | None = None

    def flat(self) -> dict[str, str]:
        """Return the fields that are given as the daemon takes them: all of them strings."""
        return flat(self)


class SubmitOrder(OrderTerms):
    """An order; the same name and the same terms again are the same order."""

    client_order_id: Name
    account: Name | None = Field(None, description="may be absent where the key has only one")


class ExecuteQuote(Request):
    """An order on the terms and the route that a quote showed."""

    client_order_id: Name
    account: Name | None = None
    drift_max_bps: Bps | None = Field(None, description="how much dearer it may have become")
    deadline_s: Seconds | None = None
    strategy: Name | None = None
    allow_similar: bool | None = None


class QuoteOrder(OrderTerms):
    """A dry run: what such an order would come to now; nothing is sent."""

    account: Name | None = None
    curve: bool = Field(default=False, description="slippage against size, too")
    compare: bool = Field(
        default=False, description="against the best single venue and naive splits, too"
    )


class CancelOrder(Request):
    """A cancel; `request` names it, else the header Idempotency-Key does."""

    request: Name | None = None
    wait_s: WaitSeconds | None = Field(None, description="how long what comes of it is waited for")


class AmendOrder(Request):
    """Other terms for an order at work; at least one. The quantity is of the whole order."""

    request: Name | None = None
    wait_s: WaitSeconds | None = None
    quantity: Quantity | None = None
    limit_price: Quantity | None = None
    slippage_max_bps: Bps | None = None
    deadline_s: Seconds | None = None


class CancelMany(Request):
    """A cancel of all orders at work that fit; without a filter, all that the key may cancel."""

    request: Name | None = None
    account: Name | None = None
    base: AssetName | None = None
    quote: AssetName | None = None
    side: SideWord | None = None


class SubmitBasket(Request):
    """Orders that are planned together, taken all or none; each trades another pair."""

    client_order_id: BasketName
    account: Name | None = None
    exposure_max: Quantity | None = Field(
        None, description="how far one side may be ahead of the other, in the quote asset"
    )
    orders: Annotated[
        tuple[OrderTerms, ...], Field(min_length=1, max_length=_LEGS_MAX, strict=False)
    ]

    def flat(self) -> dict[str, str]:
        """Return it as the daemon takes it: the orders as JSON."""
        rows = orjson.dumps([order.flat() for order in self.orders]).decode()
        exposure = {} if self.exposure_max is None else {"exposure_max": self.exposure_max}
        return {"client_order_id": self.client_order_id, "orders": rows, **exposure}


class SetSwitch(Request):
    """What may still be traded, from now on."""

    scope: ScopeLabel = "firm"
    state: StateWord
    reason: Reason


class Halt(Request):
    """The kill switch: nothing new, and what is out is cancelled at once."""

    scope: ScopeLabel = "firm"
    reason: Reason


class Nothing(Request):
    """No fields."""


class Accept(Request):
    """The venues' accounts as they are become the baseline."""

    reason: Reason


class CorrectedFill(Request):
    """What a fill should have been."""

    quantity: Quantity
    notional: Quantity
    fee: Annotated[str, Field(pattern=r"^-?[0-9]{1,30}(\.[0-9]{1,30})?$")]


class BustFill(Request):
    """A fill that is taken back, or corrected."""

    child: Identity
    fill: Identity
    corrected: CorrectedFill | None = None
    reason: Reason


class OrderQuery(Query):
    """Whose order is meant; without it, one of the key's own client."""

    client: ClientName | None = Field(
        None,
        description="another client's; for keys of the whole desk. Empty: the desk's own, and with"
        " the desk's name of an order anybody's",
    )


class PlanQuery(OrderQuery):
    """As of an order."""


class OrdersQuery(Query):
    """Which orders, oldest first, and from where on."""

    ended: bool = Field(default=False, description="those that have ended, too")
    account: Name | None = None
    client: ClientName | None = None
    after: Name | None = Field(None, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=_PAGE_MAX)


class PositionsQuery(Query):
    """Of which trading account."""

    account: Name | None = None


class JournalQuery(Query):
    """Which records, and from where on."""

    after: int = Field(0, ge=0, le=2**53, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=_PAGE_MAX)
    kind: Annotated[str, Field(pattern=r"^[A-Za-z]{1,64}$")] | None = None


class AuditQuery(Query):
    """From where on."""

    after: int = Field(0, ge=0, le=2**53)
    limit: int = Field(100, ge=1, le=_PAGE_MAX)


class BookQuery(Query):
    """Which pair, and how deep."""

    base: AssetName
    quote: AssetName
    depth: int = Field(10, ge=1, le=100)


def flat(model: Request) -> dict[str, str]:
    """Return the fields that are given as strings: lists with commas, yes and no as words."""
    return {
        name: _text(value)
        for name in model.model_fields_set
        if (value := getattr(model, name)) is not None
    }


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)
