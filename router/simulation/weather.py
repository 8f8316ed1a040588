"""What goes wrong in one run, and how often: drawn from the seed, and over before the run ends."""

from dataclasses import dataclass
from random import Random
from typing import Final

from router.domain.units import NS_PER_S, DurationNs

_LATENCY_S: Final = 0.03
_SKEW_MAX_S: Final = 1.5  # what venues allow for between their clock and ours


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each fault is, each time it could happen.

    Attributes
    ----------
    latency_s : float
        Mean of one way; each takes its own, so that messages overtake each other.
    slow, slow_s : float
        A message that takes up to so long.
    silence, silence_s : float
        A venue that hears and says nothing for up to so long.
    stale : float
        An answer from a node, or a replica, that is behind.
    reorg, drop, exclude : float
        By block: up to three blocks are replaced; by waiting transaction: it is forgotten, it is
        left out.
    overtaken : float
        By block and pool, by second and book: others trade and the price moves.
    disk_s : float
        Longest a commit takes.
    solver_slow, solver_fails : float
    """

    latency_s: float = _LATENCY_S
    unreachable: float = 0.0
    lose_request: float = 0.0
    lose_reply: float = 0.0
    duplicate: float = 0.0
    slow: float = 0.0
    slow_s: float = 0.0
    silence: float = 0.0
    silence_s: float = 0.0
    stale: float = 0.0
    reorg: float = 0.0
    drop: float = 0.0
    exclude: float = 0.05
    overtaken: float = 0.2
    stream_loss: float = 0.0
    disk_s: float = 0.004
    solver_slow: float = 0.0
    solver_fails: float = 0.0


CALM: Final = Weather()


def drawn(rng: Random) -> Weather:
    """Return the weather of a run: each kind of fault is absent, rare or frequent."""

    def rate(most: float) -> float:
        return rng.choice((0.0, 0.3, 1.0)) * most

    return Weather(
        latency_s=rng.choice((0.005, _LATENCY_S, 0.2)),
        unreachable=rate(0.1),
        lose_request=rate(0.15),
        lose_reply=rate(0.2),
        duplicate=rate(0.2),
        slow=rate(0.15),
        slow_s=rng.choice((0.5, 3.0, 9.0)),
        silence=rate(0.05),
        silence_s=rng.choice((1.0, 5.0)),
        stale=rate(0.3),
        reorg=rate(0.25),
        drop=rate(0.15),
        exclude=rng.choice((0.05, 0.3)),
        overtaken=rng.choice((0.1, 0.5)),
        stream_loss=rate(0.05),
        disk_s=rng.choice((0.002, 0.05, 0.5)),
        solver_slow=rate(0.3),
        solver_fails=rate(0.15),
    )


def skew(rng: Random) -> DurationNs:
    """Return how far our clock is ahead in one life of the process."""
    return DurationNs(round(rng.uniform(-_SKEW_MAX_S, _SKEW_MAX_S) * NS_PER_S))
