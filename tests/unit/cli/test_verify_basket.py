"""A saved basket is checked from the command line like a plan of one order."""

import orjson
import pytest
from typer.testing import CliRunner

from router.cli.main import app
from router.compose import plans
from router.domain.basket import PlannedBasket
from router.optimiser.basket import solve_basket
from tests.unit.optimiser.test_basket import hedge


@pytest.fixture
def saved(tmp_path):
    orders = tuple(hedge(40_000.0))
    path = tmp_path / "basket.json"
    plans.save(path, PlannedBasket(orders, solve_basket(orders)))
    return path


def verified(path, *options):
    return CliRunner().invoke(app, ["verify", str(path), *options])


def test_a_basket_that_holds_says_so_and_names_its_orders(saved):
    ended = verified(saved)

    assert ended.exit_code == 0, ended.output
    assert "long + short: costs" in ended.output
    assert "FAILS" not in ended.output


def test_a_basket_that_lies_is_a_fault_that_names_the_check(saved):
    data = orjson.loads(saved.read_bytes())
    data["PlannedBasket"]["plan"]["cost"]["impact"] -= 10**6
    saved.write_bytes(orjson.dumps(data))

    ended = verified(saved, "--json")

    assert ended.exit_code == 2
    (told,) = orjson.loads(ended.stdout)["plans"]
    assert told["parent"] == "long + short"
    assert [c["name"] for c in told["checks"] if not c["holds"]] == ["order"]
