from router.gateway.reconciliation_data import reconciliation_data
from router.shell.config_reconciliation import ReconciliationSettings, reconciliation_rules
from tests.unit.engine.scene import MARGIN
from tests.unit.reconciliation.scene import look, planted, started, transfer, venue_order


def test_what_halts_and_what_does_not_are_told_apart_with_what_to_do():
    driver = started()
    gone = {"transfers": (transfer("0xw", -7),), "orders": (venue_order("900"),)}
    look(driver, planted(cash=-7, perp=gone))

    told = reconciliation_data(driver.world)

    (halting,), (noticed,) = told["halting"], told["noticed"]
    assert (halting["kind"], halting["item"], halting["off"]) == ("withdrawal", "0xw", "-7")
    assert halting["account"] == MARGIN
    assert "headrace accept" in halting["remedy"]
    assert (noticed["kind"], noticed["told"]) == ("foreign_order", True)


def test_books_that_agree_have_nothing_to_tell():
    told = reconciliation_data(started().world)

    assert (told["ready"], told["halting"], told["noticed"]) == (True, [], [])


def test_the_table_of_the_configuration_is_in_seconds_and_may_be_left_out():
    rules = reconciliation_rules(ReconciliationSettings(look_every_s=5, patience_s=7))

    assert (rules.look_every, rules.patience) == (5 * 10**9, 7 * 10**9)
    assert reconciliation_rules(None) == reconciliation_rules(ReconciliationSettings())
