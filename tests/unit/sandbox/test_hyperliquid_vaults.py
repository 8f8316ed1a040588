"""Deposits into a vault and withdrawals from it: who shares in what."""

from tests.unit.sandbox.hyperliquid_office import (
    DONE,
    MICRO,
    OTHER,
    OTHER_KEY,
    office,
    refusal,
)
from venues.sandbox.hyperliquid.config import (
    DEV_MASTER_KEY,
    VAULT_ADDRESS,
)


def send(kind, **fields):
    return {"type": kind, **fields}


def to_vault(usd, *, is_deposit=True, vault=VAULT_ADDRESS):
    return send("vaultTransfer", vaultAddress=vault, isDeposit=is_deposit, usd=usd)


def test_a_vault_gives_back_what_was_put_in_and_no_more():
    venue = office()

    assert venue.send(to_vault(1_000 * MICRO), key=OTHER_KEY) == DONE
    assert venue.cash(VAULT_ADDRESS) == 101_000 * MICRO
    too_much = venue.send(to_vault(1_000 * MICRO + 1, is_deposit=False), key=OTHER_KEY)
    assert refusal(too_much) == "Insufficient vault equity for withdrawal."
    assert venue.send(to_vault(1_000 * MICRO, is_deposit=False), key=OTHER_KEY) == DONE

    assert venue.cash(OTHER) == 10_000 * MICRO
    assert [row["type"] for row in venue.rows(OTHER)] == ["vaultDeposit", "vaultWithdraw"]
    assert venue.rows(OTHER)[1]["netWithdrawnUsd"] == "1000.0"


def test_a_depositor_shares_in_what_the_vault_loses():
    venue = office()
    venue.send(to_vault(1_000 * MICRO), key=OTHER_KEY)
    half = venue.cash(VAULT_ADDRESS) // 2
    venue.account(VAULT_ADDRESS).usd[""] -= half
    venue.state.till.paid_out += half

    too_much = venue.send(to_vault(501 * MICRO, is_deposit=False), key=OTHER_KEY)

    assert refusal(too_much) == "Insufficient vault equity for withdrawal."
    assert venue.send(to_vault(500 * MICRO, is_deposit=False), key=OTHER_KEY) == DONE
    assert refusal(venue.send(to_vault(1, is_deposit=False), key=OTHER_KEY)) == (
        "Insufficient vault equity for withdrawal."
    )


def test_money_in_a_vault_that_everybody_left_is_not_for_a_passer_by():
    venue = office()
    assert venue.send(to_vault(100_000 * MICRO, is_deposit=False), key=DEV_MASTER_KEY) == DONE
    venue.sign("usdSend", destination=VAULT_ADDRESS, amount="50")

    stolen = venue.send(to_vault(50 * MICRO, is_deposit=False), key=OTHER_KEY)

    assert refusal(stolen) == "Insufficient vault equity for withdrawal."
    assert venue.send(to_vault(10 * MICRO), key=OTHER_KEY) == DONE
    assert venue.send(to_vault(10 * MICRO, is_deposit=False), key=OTHER_KEY) == DONE


def test_a_vault_that_was_empty_when_somebody_looked_is_still_its_leaders():
    venue = office()
    vault = venue.account(VAULT_ADDRESS)
    held = vault.usd[""]
    vault.usd[""] = 0
    venue.state.till.paid_out += held
    assert refusal(venue.send(to_vault(MICRO), key=OTHER_KEY)) == "Vault has no equity."
    venue.sign("usdSend", destination=VAULT_ADDRESS, amount="50")

    stolen = venue.send(to_vault(50 * MICRO, is_deposit=False), key=OTHER_KEY)

    assert refusal(stolen) == "Insufficient vault equity for withdrawal."
    assert venue.send(to_vault(50 * MICRO, is_deposit=False), key=DEV_MASTER_KEY) == DONE


def test_what_is_no_vault_takes_no_deposit():
    assert refusal(office().send(to_vault(MICRO, vault=OTHER))) == f"Vault not registered: {OTHER}"
