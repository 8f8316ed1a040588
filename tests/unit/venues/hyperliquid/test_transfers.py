"""What each kind of row in the venue's ledger did to the perpetual collateral."""

import pytest

from router.domain.error import MalformedDataError
from venues.hyperliquid import wire
from venues.hyperliquid.account.transfers import Transfers, moved

OURS, THEIRS = "0x" + "aa" * 20, "0x" + "bb" * 20
SEND = {"token": "USDC", "amount": "10.0", "fee": "0.5", "sourceDex": "", "destinationDex": ""}


def update(kind, time_ms=5, **delta):
    return wire.LedgerUpdate(time_ms, "0x0a", kind, delta)


@pytest.mark.parametrize(
    ("row", "atoms"),
    [
        (update("deposit", usdc="10.0"), 10_000_000),
        (update("withdraw", usdc="9.0", fee="1.0"), -10_000_000),
        (update("accountClassTransfer", usdc="10.0", toPerp=True), 10_000_000),
        (update("accountClassTransfer", usdc="10.0", toPerp=False), -10_000_000),
        (
            update("internalTransfer", usdc="10.0", user=OURS, destination=THEIRS, fee="1.0"),
            -11_000_000,
        ),
        (
            update("internalTransfer", usdc="10.0", user=THEIRS, destination=OURS, fee="1.0"),
            10_000_000,
        ),
        (update("subAccountTransfer", usdc="10.0", user=OURS, destination=THEIRS), -10_000_000),
        (update("send", user=OURS, destination=THEIRS, **SEND), -10_500_000),
        (update("send", user=THEIRS, destination=OURS, **SEND), 10_000_000),
        (
            update("send", user=OURS, destination=OURS, **{**SEND, "destinationDex": "spot"}),
            -10_500_000,
        ),
        (update("send", user=THEIRS, destination=OURS, **{**SEND, "destinationDex": "x"}), None),
        (update("send", user=OURS, destination=THEIRS, **{**SEND, "token": "HYPE"}), None),
        (update("vaultDeposit", vault=THEIRS, usdc="10.0"), -10_000_000),
        (update("vaultDeposit", vault=OURS, usdc="10.0"), 10_000_000),
        (update("vaultWithdraw", vault=THEIRS, user=OURS, netWithdrawnUsd="9.5"), 9_500_000),
        (update("vaultDistribution", vault=THEIRS, usdc="10.0"), 10_000_000),
        (update("spotTransfer", amount="10.0", user=OURS), None),
        (update("liquidation", liquidatedNtlPos="10.0"), None),
        (update("a kind of tomorrow", usdc="10.0"), None),
    ],
)
def test_a_row_moves_the_collateral_by_what_it_says(row, atoms):
    assert moved(row, OURS) == atoms


def test_a_row_whose_amount_cannot_be_read_is_malformed():
    transfers = Transfers(OURS)

    with pytest.raises(MalformedDataError, match="usdc"):
        transfers.take([update("deposit", usdc="10.0000001")])


def test_a_row_told_twice_is_one_transfer_and_two_of_one_action_are_two():
    transfers = Transfers(OURS)
    rows = [update("deposit", usdc="1.0"), update("deposit", usdc="2.0")]
    transfers.take(rows)
    transfers.take(reversed(rows))

    told = transfers.told("USDC", since_ms=0, until_ms=9)

    assert [t.id for t in told] == ["deposit:5:0x0a", "deposit:5:0x0a:2"]
    assert sum(t.amount.atoms for t in told) == 3_000_000


def test_only_what_moves_within_the_account_is_its_own():
    transfers = Transfers(OURS)
    transfers.take(
        [
            update("accountClassTransfer", 1, usdc="1.0", toPerp=True),
            update("send", 2, user=OURS, destination=OURS, **{**SEND, "destinationDex": "spot"}),
            update("send", 3, user=OURS, destination=THEIRS, **SEND),
            update("deposit", 4, usdc="1.0"),
        ]
    )

    told = transfers.told("USDC", since_ms=0, until_ms=9)

    assert [t.is_own for t in told] == [True, True, False, False]
    assert told[2].detail == f"send {THEIRS}"


def test_what_is_forgotten_is_not_told():
    transfers = Transfers(OURS)
    transfers.take([update("deposit", 3, usdc="1.0"), update("deposit", 5, usdc="2.0")])

    transfers.forget(before_ms=4)

    assert [t.amount.atoms for t in transfers.told("USDC", since_ms=0, until_ms=9)] == [2_000_000]
    assert transfers.change(since_ms=0, until_ms=5) == 0
    assert transfers.is_at(5)
