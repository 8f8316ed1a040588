"""What the gateway's own parts refuse, as the API says it."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from router.gateway.access import AccessError
from router.gateway.audit import AuditError
from router.gateway.http.problems import ProblemError, of_link, of_model
from router.gateway.link import Code, LinkError
from router.gateway.rates import ThrottledError
from router.gateway.signing import AuthenticationError, Why

REFUSALS: Final = (
    ProblemError,
    LinkError,
    ValidationError,
    AccessError,
    AuthenticationError,
    ThrottledError,
    AuditError,
    TimeoutError,
)
# The two that pass: whoever waits and signs anew is let in, so a client may do so by itself.
_OF_WHY: Final[Mapping[str, str]] = {Why.BUSY: "throttled", Why.FORGOTTEN: "not_ready"}
_LATE: Final = "the daemon did not answer in time; ask again by the same name"


def problem(error: Exception) -> ProblemError:
    """Return what a client is told of one of `REFUSALS`."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, AccessError | AuthenticationError | ThrottledError):
        return _of_door(error)
    match error:
        case LinkError():
            return of_link(error)
        case ValidationError():
            return of_model(error)
        case AuditError():
            return ProblemError(Code.DEGRADED, str(error))
        case _:
            return ProblemError(Code.AWAY, _LATE)


def _of_door(error: AccessError | AuthenticationError | ThrottledError) -> ProblemError:
    match error:
        case AccessError():
            field = None if error.account is None else "account"
            return ProblemError("forbidden", str(error), field=field)
        case AuthenticationError():
            return ProblemError(_OF_WHY.get(error.code, "unauthenticated"), str(error))
        case ThrottledError():
            return ProblemError("throttled", str(error), retry_after_s=error.wait_s)
