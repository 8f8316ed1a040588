"""The books compared when somebody asks: by the daemon, or from what the journal says."""

import orjson

from router.cli import reconcile  # noqa: F401 - the verb under test, driven through the command
from tests.integration.cli.test_accept import pay_coin_in


def test_the_journals_last_word_names_what_halts_and_exits_1_until_it_is_accepted(desk):
    bought = ("buy", "1", "ETH", "--json", "--id")
    assert desk.headrace("order", *bought, "before").exit_code == 0
    clean = desk.headrace("reconcile", "--json")

    pay_coin_in(desk, 10**15)
    desk.headrace("order", *bought, "halted")
    halted = desk.headrace("reconcile", "--json")
    shown = desk.headrace("reconcile")
    desk.headrace("accept", "--reason", "known", "--json")
    after = desk.headrace("reconcile", "--json")

    assert clean.exit_code == 0, clean.output
    assert orjson.loads(clean.stdout)["halting"] == []
    assert halted.exit_code == 1
    (found,) = orjson.loads(halted.stdout)["halting"]
    assert (found["kind"], found["off"]) == ("gas", str(10**15))
    assert shown.exit_code == 1
    assert "gas" in shown.stdout
    assert after.exit_code == 0, after.output
