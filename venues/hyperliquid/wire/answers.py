"""What `/exchange` says to signed actions, one answer for every item that was asked for.

Refuses to say whether an action may have happened when there is no answer; see `reply`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from router.domain.error import MalformedDataError
from venues.hyperliquid.wire.primitives import (
    Fields,
    integer,
    items,
    optional_text,
    string,
    table,
    text,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order exists: it traded `size_filled`, or rests (None)."""

    oid: int
    size_filled: str | None
    average_price: str | None = None
    cloid: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The order exists and is not in the book: for its parent's fill, or for its trigger."""

    for_trigger: bool


@dataclass(frozen=True, slots=True)
class OrderError:
    """The venue processed the request and refused the order."""

    text: str


@dataclass(frozen=True, slots=True)
class RequestError:
    """The venue refused the request as a whole."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked for has been done."""


@dataclass(frozen=True, slots=True)
class TwapStarted:
    """A TWAP order runs under this number."""

    twap_id: int


Answer: TypeAlias = Accepted | OrderError | RequestError
PlacedAnswer: TypeAlias = Accepted | Waiting | OrderError | RequestError
DoneAnswer: TypeAlias = Done | OrderError | RequestError
TwapAnswer: TypeAlias = TwapStarted | OrderError | RequestError


def read_answer(value: object) -> Answer:
    """Read what `/exchange` says to an action with one order that cannot wait."""
    (answer,) = read_order_statuses(value, count=1)
    if isinstance(answer, Waiting):
        raise MalformedDataError("status of an order without a trigger says that it waits")
    return answer


def read_order_statuses(value: object, *, count: int) -> tuple[PlacedAnswer, ...]:
    """Read the answer to `order` or `batchModify` with `count` orders, in their order.

    An error that concerns the whole batch is told once and is the answer to every order.
    """
    return _each(value, _placed, count)


def read_cancel_statuses(value: object, *, count: int) -> tuple[DoneAnswer, ...]:
    """Read the answer to `cancel` or `cancelByCloid` of `count` orders, in their order."""
    return _each(value, _done, count)


def read_modified(value: object) -> PlacedAnswer | Done:
    """Read the answer to `modify`, which does not always name the new order."""
    response = _response(value)
    if isinstance(response, RequestError):
        return response
    if text(response, "type") == "default":
        return Done()
    (answer,) = read_order_statuses(value, count=1)
    return answer


def read_twap_started(value: object) -> TwapAnswer:
    """Read the answer to `twapOrder`."""
    status = _single_status(value)
    if isinstance(status, RequestError):
        return status
    fields = table(status, "status")
    if "error" in fields:
        return OrderError(text(fields, "error"))
    return TwapStarted(integer(table(fields.get("running"), "running"), "twapId"))


def read_twap_canceled(value: object) -> DoneAnswer:
    """Read the answer to `twapCancel`."""
    status = _single_status(value)
    return status if isinstance(status, RequestError) else _done(status)


def read_created(value: object) -> str | RequestError:
    """Read the answer to `createSubAccount` or `createVault`: the new address."""
    response = _response(value)
    return response if isinstance(response, RequestError) else text(response, "data")


def read_done(value: object) -> RequestError | None:
    """Read what `/exchange` says to an action without orders; None where it was done."""
    response = _response(value)
    return response if isinstance(response, RequestError) else None


def _response(value: object) -> Fields | RequestError:
    fields = table(value, "answer")
    status = text(fields, "status")
    if status == "err":
        return RequestError(text(fields, "response"))
    if status != "ok":
        raise MalformedDataError(f"status must be ok or err, was {status!r:.80}")
    return table(fields.get("response"), "response")


def _each(value: object, read: Callable[[object], T], count: int) -> tuple[T | RequestError, ...]:
    response = _response(value)
    if isinstance(response, RequestError):
        return (response,) * count
    statuses = items(table(response.get("data"), "data").get("statuses"), "statuses")
    if len(statuses) == 1 and _is_error(statuses[0]):
        return (read(statuses[0]),) * count
    if len(statuses) != count:
        raise MalformedDataError(f"{len(statuses)} statuses for {count} items")
    return tuple(read(status) for status in statuses)


def _is_error(status: object) -> bool:
    return isinstance(status, dict) and "error" in status


def _single_status(value: object) -> object | RequestError:
    response = _response(value)
    if isinstance(response, RequestError):
        return response
    return table(response.get("data"), "data").get("status")


def _placed(status: object) -> Accepted | Waiting | OrderError:
    if status in ("waitingForFill", "waitingForTrigger"):
        return Waiting(for_trigger=status == "waitingForTrigger")
    fields = table(status, "status")
    if "error" in fields:
        return OrderError(text(fields, "error"))
    if "filled" in fields:
        filled = table(fields["filled"], "filled")
        return Accepted(
            oid=integer(filled, "oid"),
            size_filled=text(filled, "totalSz"),
            average_price=optional_text(filled, "avgPx"),
            cloid=optional_text(filled, "cloid"),
        )
    resting = table(fields.get("resting"), "resting")
    return Accepted(integer(resting, "oid"), None, cloid=optional_text(resting, "cloid"))


def _done(status: object) -> Done | OrderError:
    if isinstance(status, dict):
        return OrderError(text(status, "error"))
    if string(status, "status") != "success":
        raise MalformedDataError(f"status must be success or an error, was {status!r:.80}")
    return Done()
