"""What of a chain's transfers is in a baseline, where several blocks are of one second."""

from tests.unit.engine.scene import CHAIN, ETH, ETHER
from tests.unit.reconciliation.scene import kinds, look, planted, started, transfer


def test_a_transfer_of_the_baselines_own_second_but_of_a_later_block_is_news_and_told_once():
    driver = started()
    first = transfer("0x1:0", ETHER, asset=ETH.id, at=10)
    second = transfer("0x2:0", 2 * ETHER, asset=ETH.id, at=10)
    look(driver, planted(eth=ETHER, chain={"transfers": (first,)}))

    told = look(driver, planted(eth=3 * ETHER, chain={"transfers": (first, second)}))
    again = look(driver, planted(eth=3 * ETHER, chain={"transfers": (first, second)}))

    assert len(told) == 1
    assert "0x2:0" in told[0]
    assert again == []
    assert kinds(driver) == []
    assert driver.world.ledger.balances[CHAIN, ETH.id] == 103 * ETHER
