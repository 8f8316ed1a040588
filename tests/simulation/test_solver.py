"""The simulated solver's plans pass the gate, on every problem that the runs make."""

from random import Random

from router.domain.plan import RoutePlan
from router.domain.verdict import Approved, Refused
from router.risk.limits import approve
from router.shell import observe
from router.simulation import solver
from router.simulation.run import simulate


def test_every_plan_passes_the_gate_and_is_the_same_for_the_same_draw(monkeypatch):
    observe.be_silent()
    seen, planned = [], solver.planned

    def watched(problem, rng):
        state = rng.getstate()
        seen.append((problem, state, planned(problem, rng)))
        return seen[-1][2]

    monkeypatch.setattr(solver, "planned", watched)
    for seed in range(12):
        assert simulate(seed).violation is None

    plans = [each for each in seen if isinstance(each[2], RoutePlan)]
    assert len(plans) > 20
    for problem, state, plan in plans:
        again = Random()
        again.setstate(state)
        assert isinstance(approve(problem, plan, problem.quantity), Approved)
        assert planned(problem, again) == plan
    assert any(isinstance(told, Refused) for _, _, told in seen) or len(plans) == len(seen)
