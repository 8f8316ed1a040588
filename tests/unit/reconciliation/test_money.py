"""What moves an account without a trade of ours."""

from dataclasses import replace

import pytest

from router.domain.account import ForcedFill, ForcedKind, FundingPayment
from router.domain.event import BaselineAccepted
from router.domain.units import Amount, TimestampNs
from tests.unit.engine.scene import CHAIN, DOLLAR, ETH, ETHER, MARGIN, PERP, T0, USDC
from tests.unit.reconciliation.scene import (
    GAS,
    kinds,
    look,
    open_child,
    planted,
    started,
    traded_on_chain,
    transfer,
)

HALF = 500 * DOLLAR


def test_a_deposit_is_booked_and_told_once_and_nothing_halts():
    driver = started()
    moved = {"transfers": (transfer("0xd", HALF),)}

    first = look(driver, planted(cash=HALF, perp=moved))
    second = look(driver, planted(cash=HALF, perp=moved, later=20))

    assert len(first) == 1
    assert first[0].startswith("deposit")
    assert "0xd" in first[0]
    assert second == []
    assert kinds(driver) == []
    assert driver.world.ledger.balances[MARGIN, USDC.id] == 500_500 * DOLLAR


def test_a_deposit_is_told_once_though_it_is_counted_from_one_baseline_for_long():
    driver = started()
    open_child(driver)  # its fill has not come: the position is off, and nothing is concluded
    moved = {"transfers": (transfer("0xd", HALF),)}
    read = planted(cash=HALF, lots=1, perp=moved)

    told = [line for _ in range(5) for line in look(driver, read)]

    assert [line.split(":")[0] for line in told] == ["deposit"]


def test_a_transfer_of_the_account_to_itself_is_booked_either_way():
    for atoms in (HALF, -HALF):
        driver = started()
        moved = {"transfers": (transfer("0xt", atoms, detail="to spot", is_own=True),)}

        told = look(driver, planted(cash=atoms, perp=moved))

        assert told[0].startswith("own transfer")
        assert kinds(driver) == []


def test_a_withdrawal_halts_until_it_is_accepted_and_is_the_only_difference():
    driver = started()
    read = planted(cash=-HALF, perp={"transfers": (transfer("0xw", -HALF, detail="withdraw"),)})

    told = look(driver, read)
    assert kinds(driver) == ["withdrawal"]
    assert "0xw" in told[0]
    driver.feed(BaselineAccepted("mine", driver.tick()))
    look(driver, read)

    assert kinds(driver) == []
    assert driver.world.ledger.balances[MARGIN, USDC.id] == 499_500 * DOLLAR


def test_a_withdrawal_still_halts_after_a_restart():
    driver = started()
    read = planted(cash=-HALF, perp={"transfers": (transfer("0xw", -HALF),)})
    look(driver, read)

    driver.feed(replace(driver.history[0], at=driver.tick()))
    told = look(driver, read)

    assert kinds(driver) == ["withdrawal"]
    assert told == [], "it was told"


def test_tokens_that_come_in_on_chain_are_booked():
    driver = started()

    told = look(
        driver,
        planted(eth=ETHER, chain={"transfers": (transfer("0xabc:4", ETHER, asset=ETH.id, at=10),)}),
    )

    assert told[0].startswith("deposit")
    assert kinds(driver) == []
    assert driver.world.ledger.balances[CHAIN, ETH.id] == 101 * ETHER


def test_tokens_that_go_out_on_chain_halt():
    driver = started()
    gone = (transfer("0xabc:4", -ETHER, asset=ETH.id, at=10),)

    look(driver, planted(eth=-ETHER, chain={"transfers": gone}))

    assert kinds(driver) == ["withdrawal"]


def test_what_our_own_transaction_moved_is_no_transfer():
    driver = started()
    child = traded_on_chain(driver)
    own = (
        transfer(f"ref-{child.id}:1", 10 * ETHER, asset=ETH.id, at=10),
        transfer(f"ref-{child.id}:2", -30_000 * DOLLAR, at=10),
    )
    read = planted(
        eth=10 * ETHER,
        usdc=-30_000 * DOLLAR,
        native=-GAS.atoms,
        chain={"transfers": own, "next_nonce": 4},
    )

    told = look(driver, read)

    assert (told, kinds(driver)) == ([], [])


def test_a_transfer_of_an_asset_that_is_not_looked_after_is_told_and_moves_nothing():
    driver = started()

    told = look(driver, planted(perp={"transfers": (transfer("0xd", HALF, asset="PEPE"),)}))

    assert len(told) == 1
    assert kinds(driver) == []


def test_funding_is_booked_and_not_told():
    driver = started()
    paid = (FundingPayment(Amount(USDC.id, -7), TimestampNs(T0 + 5)),)

    told = look(driver, planted(cash=-7, perp={"funding": paid}))

    assert (told, kinds(driver)) == ([], [])
    assert driver.world.ledger.balances[MARGIN, USDC.id] == 500_000 * DOLLAR - 7


@pytest.mark.parametrize("kind", list(ForcedKind))
def test_what_the_venue_forces_is_booked_and_told_once_by_its_kind(kind):
    driver = started()
    cost = Amount(USDC.id, 3_000)
    fill = ForcedFill("x", kind, PERP.id, 4, cost, Amount(USDC.id, 1), TimestampNs(T0 + 5))
    read = {"forced": (fill,)}

    first = look(driver, planted(cash=-3_001, lots=4, perp=read))
    second = look(driver, planted(cash=-3_001, lots=4, perp=read, later=20))

    assert len(first) == 1
    assert first[0].startswith(str(kind))
    assert second == []
    assert kinds(driver) == []
