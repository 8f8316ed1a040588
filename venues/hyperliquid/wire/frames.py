"""What comes over the WebSocket that an info answer does not have: acknowledgements and pushes.

`orderUpdates` and user events do not name the user; one connection is for one account. Books, best
prices, trades and contexts are read by the modules of those nouns.
"""

from dataclasses import dataclass

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.account import Account, read_account
from venues.hyperliquid.wire.fills import Execution, TwapSlice, read_executions, read_twap_slices
from venues.hyperliquid.wire.funding import Funding, read_pushed_fundings
from venues.hyperliquid.wire.primitives import (
    Fields,
    decode,
    flag,
    integer,
    many,
    optional,
    optional_integer,
    optional_text,
    string,
    table,
    text,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame by its channel; a pong has no data."""

    channel: str
    data: object


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The venue took a subscription, or ended it ("unsubscribe")."""

    method: str
    subscription: Fields


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a posted request.

    Attributes
    ----------
    kind : str
        "info", "action" or "error".
    payload : object
        What HTTP would have answered; of an error its text.
    """

    id: int
    kind: str
    payload: object


@dataclass(frozen=True, slots=True)
class PushedFills:
    """Fills of an account; a snapshot repeats the latest ones after every subscription."""

    address: str
    is_snapshot: bool
    executions: tuple[Execution, ...]


@dataclass(frozen=True, slots=True)
class PushedFundings:
    """Settlements of an account; a snapshot repeats the latest ones."""

    address: str
    is_snapshot: bool
    fundings: tuple[Funding, ...]


@dataclass(frozen=True, slots=True)
class PushedAccount:
    """The state of an account on a dex, "" being the first."""

    dex: str
    address: str
    account: Account


@dataclass(frozen=True, slots=True)
class EventFunding:
    """A settlement as a user event has it; the time is not always told."""

    coin: str
    amount: str
    size: str
    rate: str
    samples: int | None
    time_ms: int | None


@dataclass(frozen=True, slots=True)
class LiquidationNotice:
    """A liquidation that an account had a part in, as either side."""

    id: int
    liquidator: str
    liquidated: str
    notional: str
    account_value: str


@dataclass(frozen=True, slots=True)
class NonUserCancel:
    """An order that the venue canceled by itself."""

    coin: str
    oid: int


@dataclass(frozen=True, slots=True)
class UserEvent:
    """What happened to the account of the connection; one of these, and the others are empty."""

    executions: tuple[Execution, ...] = ()
    twap_slices: tuple[TwapSlice, ...] = ()
    funding: EventFunding | None = None
    liquidation: LiquidationNotice | None = None
    cancels: tuple[NonUserCancel, ...] = ()


def read_frame(raw: bytes) -> Frame:
    """Read a frame; the greeting is none."""
    fields = table(decode(raw), "frame")
    return Frame(text(fields, "channel"), fields.get("data"))


def read_subscribed(value: object) -> Subscribed:
    """Read `subscriptionResponse`."""
    fields = table(value, "subscriptionResponse")
    return Subscribed(text(fields, "method"), table(fields.get("subscription"), "subscription"))


def read_complaint(value: object) -> str:
    """Read `error`."""
    return string(value, "error")


def read_posted(value: object) -> Posted:
    """Read `post`."""
    fields = table(value, "post")
    response = table(fields.get("response"), "response")
    kind = text(response, "type")
    if kind not in {"info", "action", "error"}:
        raise MalformedDataError(
            f"type of a response must be info, action or error, was {kind!r:.80}"
        )
    return Posted(integer(fields, "id"), kind, response.get("payload"))


def read_posted_info(posted: Posted, kind: str) -> object:
    """Return the answer within a posted answer to a question of `kind`."""
    payload = table(posted.payload, "payload")
    told = text(payload, "type")
    if told != kind:
        raise MalformedDataError(f"the answer to {kind} is one to {told:.80}")
    return payload.get("data")


def read_pushed_fills(value: object) -> PushedFills:
    """Read `userFills`."""
    fields = table(value, "userFills")
    executions = read_executions(fields.get("fills"))
    return PushedFills(text(fields, "user"), flag(fields, "isSnapshot"), executions)


def read_user_fundings(value: object) -> PushedFundings:
    """Read `userFundings`."""
    fields = table(value, "userFundings")
    fundings = read_pushed_fundings(fields.get("fundings"))
    return PushedFundings(text(fields, "user"), flag(fields, "isSnapshot"), fundings)


def read_pushed_account(value: object) -> PushedAccount:
    """Read `clearinghouseState` as it is pushed."""
    fields = table(value, "clearinghouseState")
    account = read_account(fields.get("clearinghouseState"))
    return PushedAccount(optional_text(fields, "dex") or "", text(fields, "user"), account)


def read_user_event(value: object) -> UserEvent:
    """Read `user`, the channel of `userEvents`; an event of another kind is an empty one."""
    fields = table(value, "user")
    fills, slices = fields.get("fills"), fields.get("twapSliceFills")
    cancels = fields.get("nonUserCancel")
    return UserEvent(
        executions=() if fills is None else read_executions(fills),
        twap_slices=() if slices is None else read_twap_slices(slices),
        funding=optional(fields.get("funding"), _event_funding),
        liquidation=optional(fields.get("liquidation"), _liquidation_notice),
        cancels=() if cancels is None else many(cancels, "nonUserCancel", _non_user_cancel),
    )


def _event_funding(value: object) -> EventFunding:
    fields = table(value, "funding")
    return EventFunding(
        coin=text(fields, "coin"),
        amount=text(fields, "usdc"),
        size=text(fields, "szi"),
        rate=text(fields, "fundingRate"),
        samples=optional_integer(fields, "nSamples"),
        time_ms=optional_integer(fields, "time"),
    )


def _liquidation_notice(value: object) -> LiquidationNotice:
    fields = table(value, "liquidation")
    return LiquidationNotice(
        id=integer(fields, "lid"),
        liquidator=text(fields, "liquidator"),
        liquidated=text(fields, "liquidated_user"),
        notional=text(fields, "liquidated_ntl_pos"),
        account_value=text(fields, "liquidated_account_value"),
    )


def _non_user_cancel(value: object) -> NonUserCancel:
    fields = table(value, "nonUserCancel")
    return NonUserCancel(text(fields, "coin"), integer(fields, "oid"))
