import asyncio
import multiprocessing
import os
import signal

import pytest

from router.domain.plan import NoRouteReason, PlannedRoute, RoutePlan
from router.domain.units import PICO_PER_UNIT, DurationNs
from router.domain.verdict import Refused
from router.shell.solver_pool import SolverPool
from tests.unit.optimiser.world import book, pool, problem
from tests.unit.shell.floor import run

PATIENT = DurationNs(60 * 10**9)
PROBLEM = problem(pools=(pool(),), books=(book(),), quantity=50.0)
HOPELESS = problem(pools=(pool(),), quantity=50.0, limit=-0.05)


def pids():
    return {p.pid for p in multiprocessing.active_children()}


@pytest.fixture(scope="module")
def strangers():
    """Return the children that were here before, of other tests."""
    return pids()


@pytest.fixture(scope="module")
def solver(strangers):  # noqa: ARG001 - counted before it is made
    made = SolverPool(PATIENT, warm=False)
    yield made
    made.close()


def test_a_plan_comes_from_another_process_with_its_proof(solver):
    plan = run(solver.solve(PROBLEM))

    assert isinstance(plan, RoutePlan)
    assert sum(leg.quantity.atoms for leg in plan.legs) == PROBLEM.quantity.atoms
    assert plan.certificate.lower_bound <= plan.certificate.upper_bound


def test_a_problem_without_a_plan_is_refused_with_the_reason(solver):
    refused = run(solver.solve(HOPELESS))

    assert isinstance(refused, Refused)
    assert refused.reason is NoRouteReason.LIMIT_PRICE
    assert refused.message


def test_a_solver_that_dies_is_a_refusal_and_the_next_order_is_planned(solver, strangers):
    run(solver.solve(PROBLEM))
    (process,) = (p for p in multiprocessing.active_children() if p.pid not in strangers)
    os.kill(process.pid, signal.SIGKILL)
    process.join()

    refused = run(solver.solve(PROBLEM))
    plan = run(solver.solve(PROBLEM))

    assert isinstance(refused, Refused)
    assert refused.reason is NoRouteReason.SOLVER
    assert "the solver process died" in refused.message
    assert isinstance(plan, RoutePlan)


def test_a_solver_that_overruns_its_deadline_is_a_refusal_and_is_started_over(solver):
    run(solver.solve(PROBLEM))
    hasty = SolverPool(DurationNs(1_000), warm=False)
    try:
        before = pids()
        refused = run(hasty.solve(PROBLEM))
        after = pids()
    finally:
        hasty.close()

    assert isinstance(refused, Refused)
    assert refused.reason is NoRouteReason.SOLVER
    assert "no plan within 1e-06 s" in refused.message
    assert len(before) == len(after)
    assert len(before - after) == len(after - before) == 1


def test_a_closed_pool_leaves_no_process_behind():
    before = pids()
    made = SolverPool(PATIENT, warm=False)

    made.close()

    assert pids() == before


def test_what_a_plan_is_held_against_comes_from_the_same_process(solver):
    planned = PlannedRoute(PROBLEM, run(solver.solve(PROBLEM)))

    weighed = run(solver.weigh(planned))

    assert {one.method for one in weighed.naive} >= {"best single venue", "equal parts"}
    assert sum(o.weight for o in weighed.outcomes) == PICO_PER_UNIT


def test_a_solver_for_what_nobody_trades_on_lets_others_go_first(strangers):  # noqa: ARG001
    before = pids()
    made = SolverPool(PATIENT, warm=False, niceness=5)
    try:
        assert isinstance(run(made.solve(PROBLEM)), RoutePlan)
        (pid,) = pids() - before
        assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + 5
    finally:
        made.close()


def test_a_pool_that_is_closed_while_it_plans_refuses_and_starts_no_process_again():
    before = pids()

    async def closed_meanwhile():
        made = SolverPool(PATIENT, warm=False)
        asked = [asyncio.ensure_future(made.solve(PROBLEM)) for _ in range(4)]
        await asyncio.sleep(0)
        made.close()
        return [*await asyncio.gather(*asked), await made.solve(PROBLEM)]

    answers = run(closed_meanwhile())

    assert [type(one) for one in answers] == [Refused] * 5
    assert {one.message for one in answers} == {"the solver was ended; send the order again"}
    assert pids() == before


def test_a_process_that_dies_is_started_over_once_for_all_who_waited_for_it(strangers):  # noqa: ARG001
    before = pids()

    async def killed():
        made = SolverPool(PATIENT, warm=False)
        try:
            await made.solve(PROBLEM)
            (pid,) = pids() - before
            asked = [asyncio.ensure_future(made.solve(PROBLEM)) for _ in range(5)]
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGKILL)
            lost = await asyncio.gather(*asked)
            return lost, await made.solve(PROBLEM)
        finally:
            made.close()

    lost, plan = run(killed())

    assert any(isinstance(one, Refused) for one in lost)
    assert all(isinstance(one, RoutePlan) or "died" in one.message for one in lost)
    assert isinstance(plan, RoutePlan)
    assert pids() == before
