"""What a client is told instead of an answer.

Either nothing was done, and the error says why; or nobody knows, and the same request may be asked
again under the same name.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final


class ClientError(Exception):
    """Any failure of a request."""


class OutcomeUnknownError(ClientError):
    """No answer came: it may have been done. Ask again by the same name, or look it up."""


class UnreachableError(ClientError):
    """Nobody listens there, or the connection was refused: nothing was done."""


class ProtocolError(ClientError):
    """The other side does not speak as this client does."""


class RefusedError(ClientError):
    """The door or the desk said no: nothing was done.

    Attributes
    ----------
    code : str
        Stable; what programs look at.
    field : str | None
        What of the request is wrong, where one field is.
    http_status : int
    retry_after_s : float | None
        When it may be asked again, where the door said so.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        http_status: int,
        field: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.http_status = http_status
        self.retry_after_s = retry_after_s


class InvalidError(RefusedError):
    """A field is wrong."""


class DuplicateError(RefusedError):
    """The name stands for something else already."""


class UnknownError(RefusedError):
    """There is no such order, quote or instrument."""


class TooLateError(RefusedError):
    """It has ended, or trades no more."""


class PendingError(RefusedError):
    """Another request of the same order is under way."""


class LimitError(RefusedError):
    """A limit, a control or a switch says no."""


class NoRouteError(RefusedError):
    """No plan satisfies it."""


class StaleError(RefusedError):
    """There is no fresh state of a venue."""


class BusyError(RefusedError):
    """Too much waits; ask again later."""


class DegradedError(RefusedError):
    """The journal cannot be written, or the desk is being opened."""


class UnauthenticatedError(RefusedError):
    """The key, the signature or the moment is wrong."""


class ForbiddenError(RefusedError):
    """The key may not do that."""


class ThrottledError(RefusedError):
    """More was asked than the key may."""


class LostError(RefusedError):
    """A follower's place is known no more; begin again from the snapshot."""


BY_CODE: Final[Mapping[str, type[RefusedError]]] = {
    "invalid": InvalidError,
    "duplicate": DuplicateError,
    "unknown": UnknownError,
    "too_late": TooLateError,
    "pending": PendingError,
    "refused": LimitError,
    "no_route": NoRouteError,
    "stale": StaleError,
    "busy": BusyError,
    "degraded": DegradedError,
    "not_ready": DegradedError,
    "unauthenticated": UnauthenticatedError,
    "forbidden": ForbiddenError,
    "throttled": ThrottledError,
    "lost": LostError,
}
_UNKNOWN_OUTCOMES: Final = frozenset({"away", "internal"})


def from_problem(
    problem: Mapping[str, Any], *, http_status: int, retry_after_s: float | None = None
) -> ClientError:
    """Return the error that a problem document stands for."""
    code = str(problem.get("code", "internal"))
    message = str(problem.get("detail") or problem.get("title") or code)
    if code in _UNKNOWN_OUTCOMES:
        return OutcomeUnknownError(message)
    field = problem.get("field")
    kind = BY_CODE.get(code, RefusedError)
    if http_status == HTTPStatus.UNAUTHORIZED:
        kind = UnauthenticatedError  # whatever is wrong with the signature
    return kind(
        message,
        code=code,
        http_status=http_status,
        field=None if field is None else str(field),
        retry_after_s=retry_after_s,
    )
