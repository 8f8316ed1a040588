"""Many seeds, on as many processes as there are cores; stops counting at nothing but the end."""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Final

from router.shell import observe
from router.simulation.run import Outcome, simulate

_SEEDS_AT_ONCE: Final = 10
_WAITING_MAX: Final = 2  # batches that are handed out beyond those under way, for each process

Progress = Callable[[Outcome], None]
Enough = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Figures:
    """What many runs came to.

    Attributes
    ----------
    violations : tuple of Outcome
        In the order of their seeds.
    """

    runs: int
    events: int
    sendings: int
    effects: int
    crashes: int
    orders: int
    filled: int
    virtual_s: float
    violations: tuple[Outcome, ...]


NOTHING: Final = Figures(0, 0, 0, 0, 0, 0, 0, 0.0, ())


def added(figures: Figures, outcome: Outcome) -> Figures:
    """Return the figures with one run more."""
    found = (outcome,) if outcome.violation is not None else ()
    return Figures(
        runs=figures.runs + 1,
        events=figures.events + outcome.events_count,
        sendings=figures.sendings + outcome.sendings_count,
        effects=figures.effects + outcome.effects_count,
        crashes=figures.crashes + outcome.lives_count - 1,
        orders=figures.orders + outcome.orders,
        filled=figures.filled + outcome.filled,
        virtual_s=figures.virtual_s + outcome.virtual_s,
        violations=(*figures.violations, *found),
    )


def simulate_many(
    seeds: range,
    *,
    jobs: int,
    told: Progress = lambda _: None,
    enough: Enough = lambda: False,
) -> Figures:
    """Run seeds and add up how they came out.

    Parameters
    ----------
    told : function
        Called with every outcome, in the order of the seeds.
    enough : function
        Asked before seeds are handed out; those that are handed out are run.
    """
    figures = NOTHING
    outcomes = _alone(seeds, enough) if jobs == 1 else _shared(seeds, enough, jobs)
    for outcome in outcomes:
        told(outcome)
        figures = added(figures, outcome)
    return figures


def _alone(seeds: range, enough: Enough) -> Iterator[Outcome]:
    for batch in _batches(seeds):
        if enough():
            return
        yield from _worked(batch)


def _shared(seeds: range, enough: Enough, jobs: int) -> Iterator[Outcome]:
    batches = _batches(seeds)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        first = islice(batches, jobs * _WAITING_MAX)
        waiting: list[Future[tuple[Outcome, ...]]] = [pool.submit(_worked, each) for each in first]
        while waiting:
            yield from waiting.pop(0).result()
            following = None if enough() else next(batches, None)
            if following is not None:
                waiting.append(pool.submit(_worked, following))


def _batches(seeds: range) -> Iterator[range]:
    for start in range(0, len(seeds), _SEEDS_AT_ONCE):
        yield seeds[start : start + _SEEDS_AT_ONCE]


# Cycles are collected between batches: within one, looking for them costs more than it frees.
def _worked(seeds: range) -> tuple[Outcome, ...]:
    observe.be_silent()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return tuple(simulate(seed) for seed in seeds)
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()
