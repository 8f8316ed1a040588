"""Why something was not done, as the API says it: RFC 9457, one stable code for each reason.

The one place where a code becomes a status. What a peer is told never carries a trace of the stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import ValidationError

from router.custody.redaction import redact
from router.domain.error import RouterError
from router.gateway.link import Code, LinkError

CONTENT_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:headrace:problem:"
_RETRY_S: Final = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One reason: its status, its name, and what may be done about it."""

    status: int
    title: str
    remedy: str
    retry_after_s: int | None = None


KINDS: Final[Mapping[str, Kind]] = {
    "malformed": Kind(400, "The request cannot be read", "send one JSON object, in UTF-8"),
    "unauthenticated": Kind(401, "Who asks is not known", "sign the request with a key"),
    "forbidden": Kind(403, "The key may not do that", "use a key that has the permission"),
    "not_found": Kind(404, "There is no such path", "see /openapi.json"),
    Code.UNKNOWN: Kind(404, "There is no such thing", "check the name"),
    "method_not_allowed": Kind(405, "The path has no such method", "use one of the header Allow"),
    "timeout": Kind(408, "The body did not come in time", "send it again"),
    Code.DUPLICATE: Kind(
        409, "The name stands for something else", "choose a new name, or send the same again"
    ),
    Code.TOO_LATE: Kind(409, "It has ended", "look at the order"),
    Code.PENDING: Kind(409, "Another request is under way", "wait for it, then send this again"),
    Code.LOST: Kind(410, "The place is lost", "begin again from the snapshot"),
    "too_large": Kind(413, "The request is too large", "send less at a time"),
    "unsupported_media": Kind(415, "The body is not JSON", "send application/json, not encoded"),
    Code.INVALID: Kind(422, "A field is wrong", "correct the field"),
    Code.REFUSED: Kind(422, "A limit, a control or a switch says no", "ask for less, or the desk"),
    Code.NO_ROUTE: Kind(422, "No plan satisfies it", "ask for less, or allow more"),
    "throttled": Kind(429, "Too many requests", "wait, then send it again", _RETRY_S),
    Code.INTERNAL: Kind(500, "A fault of ours", "tell the desk the instance"),
    Code.BUSY: Kind(503, "Too much waits", "send it again later", _RETRY_S),
    Code.STALE: Kind(503, "A venue has no fresh state", "send it again later", _RETRY_S),
    Code.DEGRADED: Kind(503, "The desk cannot take it now", "send it again later", _RETRY_S),
    "not_ready": Kind(503, "The desk is not ready", "ask again later", _RETRY_S),
    Code.AWAY: Kind(504, "What became of it is not known", "ask again by the same name"),
}


class ProblemError(RouterError):
    """Something is not done.

    Attributes
    ----------
    code : str
        One of `KINDS`.
    field : str | None
        What of the request is wrong, where one field is.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        retry_after_s: int | None = None,
        allow: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field
        self.kind = KINDS[code]
        self.retry_after_s = self.kind.retry_after_s if retry_after_s is None else retry_after_s
        self.allow = allow

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    @property
    def headers(self) -> dict[str, str]:
        """What the answer's head says of it."""
        told = {}
        if self.retry_after_s is not None:
            told["Retry-After"] = str(self.retry_after_s)
        if self.allow is not None:
            told["Allow"] = self.allow
        if self.status == KINDS["unauthenticated"].status:
            told["WWW-Authenticate"] = "Headrace-Signature"
        return told

    def data(self, instance: str) -> dict[str, object]:
        """Return the body, for a request of that id."""
        return {
            "type": _TYPE + self.code,
            "title": self.kind.title,
            "status": self.status,
            "code": self.code,
            "detail": redact(printable(str(self))),
            "field": None if self.field is None else printable(self.field),
            "remedy": self.kind.remedy,
            "instance": instance,
        }

    def body(self, instance: str) -> bytes:
        """Return the body as JSON."""
        return orjson.dumps(self.data(instance))


def printable(text: str) -> str:
    """Return a text that can be told: what is not UTF-8 comes in, too, in paths and in headers."""
    return text.encode(errors="replace").decode()


def of_link(error: LinkError) -> ProblemError:
    """Return what the daemon said; a word of it that is not known is a fault of ours."""
    code = error.code if error.code in KINDS else Code.INTERNAL
    return ProblemError(code, str(error), field=error.field)


def of_model(error: ValidationError) -> ProblemError:
    """Return the first thing that is wrong with a request; what it was is not repeated."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return ProblemError("malformed", f"body: {first['msg']}")
    field = ".".join(str(part) for part in first["loc"]) or None
    said = {"extra_forbidden": "unknown field; leave it out", "missing": "missing; add it"}.get(
        first["type"], first["msg"]
    )
    return ProblemError(Code.INVALID, f"{field or 'body'}: {said}", field=field)
