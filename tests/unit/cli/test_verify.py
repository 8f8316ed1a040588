"""A saved plan, and every plan of a journal, checked from the command line."""

import orjson
import pytest
from typer.testing import CliRunner

from router.cli import verify
from router.cli.main import app
from router.compose import plans
from router.domain.error import JournalError
from router.domain.plan import PlannedRoute
from router.optimiser.solve import solve
from tests.unit.engine.scene import order
from tests.unit.optimiser.world import book, pool, problem
from tests.unit.shell.floor import Floor, run, work


@pytest.fixture(scope="module")
def planned():
    made = problem(quantity=300.0, pools=(pool(),), books=(book(),), equity=20_000.0)
    return PlannedRoute(made, solve(made))


@pytest.fixture
def saved(planned, tmp_path):
    path = tmp_path / "plan.json"
    plans.save(path, planned)
    return path


def test_what_cannot_be_read_is_raised_by_the_verb_itself(tmp_path):
    with pytest.raises(JournalError, match="nowhere"):
        verify.run(tmp_path / "nowhere", as_json=False)


def verified(path, *options):
    return CliRunner().invoke(app, ["verify", str(path), *options])


def test_a_saved_plan_comes_back_as_it_was(saved, planned):
    assert plans.load(saved) == (planned,)


def test_a_plan_that_holds_says_so_check_by_check(saved):
    ended = verified(saved)

    assert ended.exit_code == 0, ended.output
    assert "FAILS" not in ended.output
    for name in ("legs", "order", "upper bound", "lower bound"):
        assert f"{name} holds" in ended.output


def test_a_plan_that_lies_is_a_fault_that_names_the_check(saved):
    data = orjson.loads(saved.read_bytes())
    data["PlannedRoute"]["plan"]["certificate"]["lower_bound"] += 10**6
    saved.write_bytes(orjson.dumps(data))

    ended = verified(saved, "--json")

    assert ended.exit_code == 2
    (told,) = orjson.loads(ended.stdout)["plans"]
    assert told["holds"] is False
    assert [c["name"] for c in told["checks"] if not c["holds"]] == ["lower bound"]


def test_every_plan_of_a_journal_is_looked_at_and_one_that_nobody_solved_is_found_out(tmp_path):
    path = tmp_path / "desk.journal"
    run(work(Floor(), path, order(name="client-one")))

    ended = verified(path, "--json")

    told = orjson.loads(ended.stdout)["plans"]
    assert [plan["parent"] for plan in told] == ["parent-client-one"] * 2
    assert ended.exit_code == 2  # the plans of this floor are made up, with an empty certificate
    assert not any(plan["holds"] for plan in told)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        (b"", "not JSON"),
        (b"{}", "one key"),
        (b'{"RoutePlan": {}}', "PlannedRoute"),
        (b'{"PlannedRoute": {"problem": {}}}', "cannot decode"),
    ],
)
def test_a_file_that_is_neither_is_refused_in_one_line(tmp_path, content, said):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)

    ended = verified(path)

    assert ended.exit_code == 2
    (line,) = ended.stderr.strip().splitlines()
    assert said in line
