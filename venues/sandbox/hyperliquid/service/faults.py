"""What is broken at the moment, and whether it strikes now.

Two kinds: failures of requests (by place: info, exchange, ws) and mangling of WebSocket frames (by
channel). Each is ordered with a count, or a chance in percent that a seeded generator decides, or
simply until it is switched off. Nothing fails that was not asked for.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

ALL_CHANNELS = "*"
_CERTAIN_PERCENT = 100


class ReplyLoss(StrEnum):
    """What a client sees instead of a swallowed reply."""

    DROP = "drop"
    """The connection is closed."""
    HANG = "hang"
    """The connection stays open and nothing ever comes."""


class Place(StrEnum):
    """Where a request fails."""

    INFO = "info"
    EXCHANGE = "exchange"
    WS = "ws"


class Failure(StrEnum):
    """How a request fails."""

    DELAY = "delay"
    """It is served late; at `ws`, frames are."""
    ERROR = "error"
    """It is answered with an HTTP status and not served."""
    HANG = "hang"
    """It is neither served nor answered."""
    LIMIT = "limit"
    """It is answered with HTTP 429 and not served."""
    SWALLOW = "swallow"
    """An action is applied and not answered."""


class Mangling(StrEnum):
    """What happens to a frame on its way to the client."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    """It changes places with the next one."""


@dataclass(slots=True)
class Rule:
    """One fault that is on."""

    left: int | None = None
    """How often it strikes yet; None for no end."""
    chance_percent: int = _CERTAIN_PERCENT
    delay_ms: int = 0
    status: int = 500

    def strikes(self, random: Random) -> bool:
        """Tell whether it strikes, and use it up by one if it does."""
        if self.left == 0:
            return False
        if self.chance_percent < _CERTAIN_PERCENT and (
            random.randrange(_CERTAIN_PERCENT) >= self.chance_percent
        ):
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def described(self) -> dict[str, Any]:
        """Return the rule as data."""
        return {"count": self.left, "chance_percent": self.chance_percent}


@dataclass(slots=True)
class Faults:
    """All that is broken. The first five are the ones tests in the same process set by hand."""

    replies_to_swallow: int = 0
    """Exchange actions that will be applied and not answered."""
    reply_loss: ReplyLoss = ReplyLoss.DROP
    actions_to_refuse: int = 0
    """Exchange requests that will be answered with HTTP 500 and not applied."""
    streams_muted: bool = False
    """WebSockets stay open and carry nothing, not even pongs."""
    publishing_stopped: bool = False
    """WebSockets answer, but no data channel speaks; events meanwhile are never told."""
    requests: dict[tuple[Failure, Place], Rule] = field(default_factory=dict)
    frames: dict[tuple[Mangling, str], Rule] = field(default_factory=dict)
    """By channel, or `ALL_CHANNELS`."""
    market: dict[str, Any] = field(default_factory=dict)
    """What was ordered of the venue itself, by command and coin; only to be listed."""
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - a seed, not a secret

    def takes_refusal(self) -> bool:
        """Use up one refusal, if one is left."""
        taken = self.actions_to_refuse > 0
        self.actions_to_refuse -= taken
        return taken

    def takes_swallow(self) -> bool:
        """Tell whether the reply to an action that was applied gets lost."""
        if self.replies_to_swallow > 0:
            self.replies_to_swallow -= 1
            return True
        return self.strikes(Failure.SWALLOW, Place.EXCHANGE) is not None

    def strikes(self, failure: Failure, place: Place) -> Rule | None:
        """Return the rule by which a request fails so, used up by one; None if it does not."""
        rule = self.requests.get((failure, place))
        return rule if rule is not None and rule.strikes(self.random) else None

    def mangles(self, mangling: Mangling, scopes: tuple[str, ...]) -> bool:
        """Tell whether a frame is dropped, doubled or swapped by a rule of one of the scopes."""
        for scope in scopes:
            rule = self.frames.get((mangling, scope))
            if rule is not None and rule.strikes(self.random):
                return True
        return False

    def clear(self) -> None:
        """Repair everything that is broken between the venue and its clients."""
        self.replies_to_swallow = 0
        self.actions_to_refuse = 0
        self.streams_muted = False
        self.publishing_stopped = False
        self.requests.clear()
        self.frames.clear()

    def described(self) -> dict[str, Any]:
        """Return what is on, as data."""
        return {
            "swallow_replies": self.replies_to_swallow,
            "refuse_actions": self.actions_to_refuse,
            "mute_streams": self.streams_muted,
            "stop_publishing": self.publishing_stopped,
            "requests": [
                {"failure": failure.value, "at": place.value, **rule.described()}
                for (failure, place), rule in self.requests.items()
                if rule.left != 0
            ],
            "frames": [
                {"mangling": mangling.value, "channel": channel, **rule.described()}
                for (mangling, channel), rule in self.frames.items()
                if rule.left != 0
            ],
            "market": dict(self.market),
        }
