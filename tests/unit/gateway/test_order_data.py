from router.gateway.order_data import order_data
from tests.unit.engine.altered import started
from tests.unit.engine.scene import ETH, USDC, order

ASSETS = {ETH.id: ETH, USDC.id: USDC}


def test_an_order_is_told_with_its_quantities_and_how_far_it_is():
    desk = started()
    child = desk.out()
    desk.trade(child, 2.5, name="f")
    desk.cancel("stop")

    told = order_data(desk.world, desk.parent, ASSETS)

    assert (told["status"], told["phase"], told["pending"]) == (
        "pending_cancel",
        "executing",
        "stop",
    )
    assert (told["ordered"], told["cumulative"], told["leaves"]) == ("10", "2.5", "7.5")
    assert (told["average_price"], told["quantity_asset"]) == ("3000", "ETH")
    assert (told["algo"], told["slices"], told["released"]) == ("sweep", 1, "10")
    assert (told["open_children"], told["client_order_id"]) == (1, order().client_order_id)


def test_what_has_not_filled_has_no_price_and_what_is_not_configured_is_in_atoms():
    desk = started()
    desk.submit(order())

    told = order_data(desk.world, desk.parent, {})

    assert told["average_price"] is None
    assert (told["released"], told["wake_at"]) == (None, None)
    assert told["ordered"] == str(10 * 10**18)
