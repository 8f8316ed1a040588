"""The optimiser in a process of its own, with a deadline: the event loop never waits for it."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final, Protocol, TypeVar

from router.domain.basket import BasketPlan
from router.domain.error import NoRouteError, SolverError
from router.domain.plan import NoRouteReason, PlannedRoute, RoutePlan, RoutingProblem
from router.domain.schedule import Schedule, ScheduleProblem
from router.domain.units import NS_PER_S, DurationNs
from router.domain.verdict import Refused
from router.domain.weighed import Weighed
from router.shell.clock import SystemClock

_PATIENCE: Final = 0.8  # of the deadline: from then on the best plan so far is taken


P = TypeVar("P")
A = TypeVar("A")


class Solver(Protocol):
    """What plans problems; `SolverPool` is one."""

    async def solve(self, problem: RoutingProblem) -> RoutePlan | Refused:
        """Plan a problem, or say why there is no plan."""
        ...

    async def solve_basket(self, problems: tuple[RoutingProblem, ...]) -> BasketPlan | Refused:
        """Plan problems together, or say why there is no plan."""
        ...

    async def solve_schedule(self, problem: ScheduleProblem) -> Schedule | Refused:
        """Spread an order over time, or say why no schedule keeps to its bounds."""
        ...


class SolverPool:
    """One solver process; started again if it dies or overruns its deadline.

    The process knows the deadline too: when most of it is gone, it answers with the best plan that
    it has a proof for, whatever the gap. Only if it has none is it ended.

    Parameters
    ----------
    warm : bool
        Compile all usual programmes at the start: right for a process that stays, a waste for one
        that plans a single order.
    niceness : int
        How far others go first; for plans that nobody trades on.
    """

    def __init__(self, deadline: DurationNs, *, warm: bool, niceness: int = 0) -> None:
        self._deadline = deadline
        self._patience = DurationNs(int(deadline * _PATIENCE))
        self._first = _warm_up if warm else _import
        self._niceness = niceness
        self._pool, self._ready = _start(self._first, niceness)
        self._is_closed = False

    async def solve(self, problem: RoutingProblem) -> RoutePlan | Refused:
        """Plan a problem, or say why there is no plan: also for want of time or a process.

        The deadline counts from when the process is ready, which takes a second or two.
        """
        return await self._asked(_solve, problem)

    async def solve_basket(self, problems: tuple[RoutingProblem, ...]) -> BasketPlan | Refused:
        """Plan problems together, or say why there is no plan: also for want of time."""
        return await self._asked(_solve_basket, problems)

    async def solve_schedule(self, problem: ScheduleProblem) -> Schedule | Refused:
        """Spread an order over time, or say why it cannot be: also for want of time."""
        return await self._asked(_solve_schedule, problem)

    async def weigh(self, planned: PlannedRoute) -> Weighed | Refused:
        """Cost the naive splits of a planned order, and the plan in every scenario."""
        return await self._asked(_weigh, planned)

    async def _asked(self, work: Callable[[P, DurationNs], A | Refused], problem: P) -> A | Refused:
        pool = self._pool
        try:
            await asyncio.shield(asyncio.wrap_future(self._ready))
            async with asyncio.timeout(self._deadline / NS_PER_S):
                return await asyncio.wrap_future(pool.submit(work, problem, self._patience))
        except TimeoutError:
            self._restart(pool)
            seconds = self._deadline / NS_PER_S
            message = f"no plan within {seconds:g} s; send it again, or allow more time"
            return Refused(NoRouteReason.SOLVER, message)
        except asyncio.CancelledError:
            # Work that waited in a pool that was ended is cancelled with it, and whoever waits is
            # not.
            task = asyncio.current_task()
            if not self._has_ended(pool) or (task is not None and task.cancelling()):
                raise
        except (RuntimeError, KeyboardInterrupt):  # the process died, or the pool was ended
            self._restart(pool)
        if self._is_closed:
            return Refused(NoRouteReason.SOLVER, "the solver was ended; send the order again")
        message = "the solver process died and was started again; send the order again"
        return Refused(NoRouteReason.SOLVER, message)

    def close(self) -> None:
        """End the process; what is asked of it, now or later, is refused."""
        self._is_closed = True
        _end(self._pool)

    def _has_ended(self, pool: ProcessPoolExecutor) -> bool:
        return self._is_closed or pool is not self._pool

    # Once: others may have waited for the same process.
    def _restart(self, pool: ProcessPoolExecutor) -> None:
        if not self._has_ended(pool):
            _end(pool)
            self._pool, self._ready = _start(self._first, self._niceness)


def _start(first: Callable[[], None], niceness: int) -> tuple[ProcessPoolExecutor, "Future[None]"]:
    # spawn, not fork: the parent has threads and sockets that a child must not inherit.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(niceness,))
    return pool, pool.submit(first)


def _end(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - no public way to end a task
    for process in processes:
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def _begin(niceness: int) -> None:
    # An interrupt typed at the terminal is for the parent, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    _die_with_parent()


def _die_with_parent() -> None:
    # A parent that was killed cannot end its child, which would wait for work for ever.
    def watch() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None, "only a child watches"
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _import() -> None:
    import router.optimiser.solve  # noqa: F401, PLC0415 - numpy and the rest, once


def _warm_up() -> None:
    from router.optimiser.solve import warm_up  # noqa: PLC0415 - cvxpy only in the solver process

    warm_up()


def _solve(problem: RoutingProblem, patience: DurationNs) -> RoutePlan | Refused:
    from router.optimiser.solve import solve  # noqa: PLC0415 - cvxpy only in the solver process

    clock = SystemClock()
    late = clock.now() + patience
    return _answered(lambda: solve(problem, is_late=lambda: clock.now() > late))


def _solve_basket(
    problems: tuple[RoutingProblem, ...], patience: DurationNs
) -> BasketPlan | Refused:
    from router.optimiser.basket import solve_basket  # noqa: PLC0415 - as above

    clock = SystemClock()
    late = clock.now() + patience
    return _answered(lambda: solve_basket(problems, is_late=lambda: clock.now() > late))


def _solve_schedule(problem: ScheduleProblem, _patience: DurationNs) -> Schedule | Refused:
    from router.optimiser.schedule import solve_schedule  # noqa: PLC0415 - as above

    return _answered(lambda: solve_schedule(problem))


def _weigh(planned: PlannedRoute, _patience: DurationNs) -> Weighed | Refused:
    from router.optimiser.weigh import weigh  # noqa: PLC0415 - as above

    return _answered(lambda: weigh(planned))


def _answered(solve: Callable[[], A]) -> A | Refused:
    try:
        return solve()
    except NoRouteError as error:
        return Refused(error.reason, str(error))
    except SolverError as error:
        return Refused(NoRouteReason.SOLVER, str(error))
    except Exception as error:  # noqa: BLE001 - a fault of the optimiser must not end the desk
        said = f"{type(error).__name__}: {error}"
        message = f"the optimiser failed on this order ({said}); this is a bug, please report it"
        return Refused(NoRouteReason.SOLVER, message)
