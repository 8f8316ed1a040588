"""What a client says on a stream: one JSON object a frame, its kind under ``op``."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field

from router.gateway.http.nesting import is_too_deep
from router.gateway.http.problems import ProblemError
from router.gateway.http.values import AssetName, ClientName, Name, Request
from router.gateway.link import Code

_Count = Annotated[int, Field(ge=-1, le=2**53)]


class Authenticate(Request):
    """Who this is: the headers that the upgrade could have had, signed as its GET."""

    op: Literal["authenticate"]
    id: Name
    headers: Annotated[dict[str, str], Field(max_length=8)]


class Subscribe(Request):
    """What to be told, under a name of the client's own.

    Attributes
    ----------
    after : list of int
        Of reports: the place [sequence, index] of the last one that was taken; of the risk feed
        [sequence], with `feed`. Absent: from now on, of the risk feed the snapshot first.
    journal : str
        The journal that a place of reports is of, as it was said when it was subscribed to.
    """

    op: Literal["subscribe"]
    id: Name
    channel: Literal["reports", "risk", "book", "status"]
    after: Annotated[list[_Count], Field(min_length=1, max_length=2)] | None = None
    journal: Annotated[str, Field(max_length=64)] | None = None
    feed: Annotated[str, Field(max_length=128)] | None = None
    snapshot: bool = False
    account: Name | None = None
    base: AssetName | None = None
    quote: AssetName | None = None
    depth: Annotated[int, Field(ge=1, le=100)] = 10
    every_ms: Annotated[int, Field(ge=50, le=60_000)] = 250


class Unsubscribe(Request):
    """To be told no more."""

    op: Literal["unsubscribe"]
    id: Name


class Ping(Request):
    """To be answered."""

    op: Literal["ping"]
    id: Name


class Entry(Request):
    """An order or a request about one, as it is over HTTP; `order` names the one that is meant."""

    op: Literal["submit", "cancel", "amend", "quote"]
    id: Name
    order: Name | None = None
    client: ClientName | None = None
    body: dict[str, Any] = Field(default_factory=dict)


Message = Authenticate | Subscribe | Unsubscribe | Ping | Entry
_KINDS: Final[Mapping[str, type[Request]]] = {
    "authenticate": Authenticate,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ping": Ping,
    **dict.fromkeys(("submit", "cancel", "amend", "quote"), Entry),
}


def parse(frame: bytes) -> tuple[str, Request]:
    """Return the name of a message, and the message.

    Raises
    ------
    ProblemError, ValidationError
        If it is none.
    """
    if is_too_deep(frame):
        raise ProblemError("malformed", "message: is nested too deep")
    try:
        said = orjson.loads(frame)
    except orjson.JSONDecodeError:
        raise ProblemError("malformed", "message: must be one JSON object") from None
    op = said.get("op") if isinstance(said, dict) else None
    kind = _KINDS.get(op) if isinstance(op, str) else None
    if kind is None:
        told = f"op: must be one of {', '.join(_KINDS)}"
        raise ProblemError(Code.INVALID, told, field="op")
    message = kind.model_validate(said)
    return str(said.get("id", "")), message


def name_in(frame: bytes) -> str:
    """Return the name that a message which cannot be read seems to have, for the answer to it."""
    try:
        said = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return ""
    name = said.get("id") if isinstance(said, dict) else None
    return name[:64] if isinstance(name, str) else ""
