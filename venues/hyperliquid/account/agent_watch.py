"""How long the agent's approval lasts: warned of a week ahead, and the end of all signing. Pure.

The venue lists named agents with the moment they expire; the unnamed one is not listed and does not
expire by itself. An agent that was listed and is no longer has been deregistered: what it signs
would be refused, and its used nonces may be forgotten, so that old requests could be repeated.
"""

from collections.abc import Sequence
from typing import Final

from router.domain.error import NotSentError
from router.domain.units import NS_PER_S, DurationNs, TimestampNs
from venues.hyperliquid import wire
from venues.hyperliquid.spec import VENUE

CHECK_EVERY: Final = DurationNs(3_600 * NS_PER_S)
WARN_AHEAD: Final = DurationNs(7 * 86_400 * NS_PER_S)
_NS_PER_MS: Final = 1_000_000
_NS_PER_HOUR: Final = 3_600 * NS_PER_S


class AgentWatch:
    """What is known of one agent's approval."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._valid_until: TimestampNs | None = None
        self._was_listed = False
        self._is_gone = False
        self._checked_at: TimestampNs | None = None

    def is_due(self, now: TimestampNs) -> bool:
        """Tell whether the venue should be asked for the account's agents."""
        return self._checked_at is None or now - self._checked_at >= CHECK_EVERY

    def learn(self, agents: Sequence[wire.Agent], *, now: TimestampNs) -> None:
        """Take the account's named agents."""
        self._checked_at = now
        mine = next((a for a in agents if a.address.lower() == self._agent), None)
        self._is_gone = mine is None and self._was_listed
        self._was_listed = self._was_listed or mine is not None
        if mine is not None:
            until = mine.valid_until_ms
            self._valid_until = None if until is None else TimestampNs(until * _NS_PER_MS)

    def require_valid(self, now: TimestampNs) -> None:
        """Require that what the agent signs now is worth sending.

        Raises
        ------
        NotSentError
            If its approval is over.
        """
        if self._is_gone:
            raise NotSentError(
                VENUE, f"the agent {self._agent} was deregistered: approve another one"
            )
        if self._valid_until is not None and now >= self._valid_until:
            raise NotSentError(
                VENUE, f"the approval of the agent {self._agent} has expired: approve a new one"
            )

    def warning(self, now: TimestampNs) -> str | None:
        """Return what somebody should be told, or None while there is time."""
        if self._is_gone:
            return f"the agent {self._agent} was deregistered: approve another one"
        if self._valid_until is None or self._valid_until - now > WARN_AHEAD:
            return None
        hours = max(0, self._valid_until - now) // _NS_PER_HOUR
        return f"the approval of the agent {self._agent} ends in {hours} h: approve a new one"
