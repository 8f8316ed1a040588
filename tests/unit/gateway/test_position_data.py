from router.domain.order import Fill
from router.domain.units import Amount, Side, TimestampNs
from router.gateway.position_data import position_data
from router.state.traded import Traded
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, USDC

ASSETS = {ETH.id: ETH, USDC.id: USDC}
KEY = ("acme", "main", ETH.id, USDC.id)


def fill(ethers, dollars, fee=0):
    return Fill(
        id="f",
        child="c",
        instrument="i",
        quantity=Amount(ETH.id, ethers * ETHER),
        notional=Amount(USDC.id, dollars * DOLLAR),
        fee=Amount(USDC.id, fee * DOLLAR),
        at_venue=TimestampNs(1),
    )


def test_what_was_bought_and_sold_comes_to_a_net_and_two_average_prices():
    traded = (
        Traded().with_fill(Side.BUY, fill(3, 9_001, 4)).with_fill(Side.SELL, fill(1, 3_100, -1))
    )

    told = position_data(KEY, traded, ASSETS)

    assert (told["bought"], told["sold"], told["net"]) == ("3", "1", "2")
    assert (told["paid"], told["received"], told["net_cash"]) == ("9001", "3100", "-5901")
    assert (told["average_bought"], told["average_sold"]) == ("3000.33333334", "3100")
    assert told["fees"] == {"USDC": "3"}


def test_a_fill_that_is_taken_back_leaves_nothing():
    told = Traded().with_fill(Side.BUY, fill(3, 9_001, 4))

    none = told.with_fill(Side.BUY, fill(3, 9_001, 4), sign=-1)

    assert position_data(KEY, none, ASSETS) | {"fees": {}} == position_data(KEY, Traded(), ASSETS)
    assert set(none.fees.values()) == {0}
