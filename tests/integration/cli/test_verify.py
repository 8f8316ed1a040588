"""The proofs of real plans, from a quote and from a journal."""

import orjson
import pytest


@pytest.mark.parametrize(
    "words",
    [
        ("buy", "250", "ETH"),
        ("sell", "40", "ETH"),
        ("buy", "100000", "ETH", "--cash"),
        ("sell", "5", "ETH", "--venues", "hyperliquid"),
    ],
    ids=" ".join,
)
def test_a_saved_quote_is_proved_without_a_solver(desk, words):
    path = desk.folder / "plan.json"
    quoted = desk.headrace("quote", *words, "--save", str(path), "--json")
    assert quoted.exit_code == 0, quoted.stderr

    ended = desk.on_file("verify", path, "--json")

    (told,) = orjson.loads(ended.stdout)["plans"]
    assert [c for c in told["checks"] if not c["holds"]] == []
    assert ended.exit_code == 0
    certificate = orjson.loads(quoted.stdout)["plan"]["certificate"]
    assert told["rounded_cost_bps"] == certificate["rounded_cost_bps"]
    assert told["lower_bound_with_gas_bps"] <= told["rounded_cost_bps"]


def test_every_plan_of_a_journal_is_proved(desk):
    assert desk.headrace("order", "buy", "3", "ETH", "--id", "one", "--json").exit_code == 0

    ended = desk.on_file("verify", desk.journal, "--json")

    assert ended.exit_code == 0, ended.stdout
    assert len(orjson.loads(ended.stdout)["plans"]) >= 1
