"""The dead man's switch: the venue cancels every open order unless we move the moment on. Pure.

Armed for as long as the stream runs, orders or not: an order in doubt may rest without our knowing,
and moving the moment costs one request in half its span. A switch that goes off counts against ten
a day; one that is moved does not. Refuses to send: it says what to send, and takes what came of it.
"""

from enum import Enum
from typing import Final

from router.domain.error import ConfigError
from router.domain.units import NS_PER_S, DurationNs, TimestampNs

SPAN_MIN_S: Final = 10  # the venue takes no moment closer than 5 s, and half the span must do
_RETRIES_PER_SPAN: Final = 8
_NS_PER_MS: Final = 1_000_000
_TOO_LITTLE_VOLUME: Final = "enough volume traded"


class SwitchState(Enum):
    """Where the switch stands."""

    OFF = "off"  # not configured
    ARMED = "armed"
    UNARMED = "unarmed"  # not yet, or the last attempt failed
    UNAVAILABLE = "unavailable"  # the account has not traded enough for it


class DeadMansSwitch:
    """When to arm it again.

    Parameters
    ----------
    span_s : int
        From arming to the moment at which every open order is cancelled; zero for none.

    Raises
    ------
    ConfigError
        If the span is too short to be renewed in time.
    """

    def __init__(self, span_s: int) -> None:
        if span_s != 0 and span_s < SPAN_MIN_S:
            raise ConfigError(
                f"dead_mans_switch_s must be 0 (off) or at least {SPAN_MIN_S}, was {span_s}"
            )
        self._span = DurationNs(span_s * NS_PER_S)
        self._state = SwitchState.OFF if span_s == 0 else SwitchState.UNARMED
        self._next_at: TimestampNs | None = None  # None: at once

    @property
    def state(self) -> SwitchState:
        """Where it stands, as far as the last answer told."""
        return self._state

    def due(self, now: TimestampNs) -> int | None:
        """Return the moment to set now, [ms], or None where nothing is due."""
        if self._state in {SwitchState.OFF, SwitchState.UNAVAILABLE}:
            return None
        if self._next_at is not None and now < self._next_at:
            return None
        self._next_at = TimestampNs(now + self._span // _RETRIES_PER_SPAN)  # unless it is taken
        return (now + self._span) // _NS_PER_MS

    def armed(self, at_ms: int) -> None:
        """Take that the venue has set the moment."""
        self._state = SwitchState.ARMED
        self._next_at = TimestampNs(at_ms * _NS_PER_MS - self._span // 2)

    def refused(self, text: str) -> str | None:
        """Take a refusal; return what somebody should be told, once."""
        if _TOO_LITTLE_VOLUME in text:
            self._state = SwitchState.UNAVAILABLE
            return f"the dead man's switch cannot be armed: {text}"
        was = self._state
        self._state = SwitchState.UNARMED
        return f"the dead man's switch was refused: {text}" if was is SwitchState.ARMED else None

    def must_disarm(self) -> bool:
        """Tell whether the venue has, or may have, a moment set that a clean end takes back."""
        return self._state in {SwitchState.ARMED, SwitchState.UNARMED} and self._next_at is not None

    def disarmed(self) -> None:
        """Take that the venue has no moment set any more."""
        self._state, self._next_at = SwitchState.UNARMED, None
