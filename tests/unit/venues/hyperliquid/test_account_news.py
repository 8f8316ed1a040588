"""What an account snapshot tells of fills, and of money that moved without one."""

import pytest

from router.domain.units import NS_PER_S
from tests.unit.venues.hyperliquid.reading_venue import (
    HOUR_MS,
    START_MS,
    HandClock,
    Venue,
    read,
    reader_of,
    row,
)
from venues.hyperliquid import wire
from venues.hyperliquid.trading.ledger import Ledger
from venues.hyperliquid.trading.news import TransfersTold


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def venue(clock):
    return Venue(clock)


@pytest.fixture
def ledger(config):
    return Ledger(config.address)


@pytest.fixture
def reader(config, venue, ledger):
    return reader_of(config, venue, ledger=ledger)


def moved_row(time_ms, kind="deposit", **delta):
    return {"time": time_ms, "hash": "0x0a", "delta": {"type": kind, **delta}}


def test_fills_of_orders_are_told_whoever_sent_them_and_forced_ones_apart(reader, venue, config):
    liquidation = {"liquidatedUser": config.address, "markPx": "2900.0", "method": "market"}
    venue.fills = [
        row(START_MS - 3, trade=1, liquidation=liquidation),
        row(START_MS - 2, trade=2, cloid="0x" + "11" * 16),
        row(START_MS - 1, trade=3, coin="PURR/USDC"),
    ]

    (fill,) = read(reader).fills

    assert (fill.id, fill.order) == (f"ETH:{START_MS - 2}:2", "1")
    assert fill.reference == "0x" + "11" * 16
    assert (fill.lots, fill.notional.atoms, fill.fee.atoms) == (-5_000, 1_450_250_000, 2)


def test_fills_in_markets_that_are_not_configured_are_told_in_their_own_grid(config, venue, ledger):
    reader = reader_of(config, venue, ledger=ledger, sizes={"DOGE": 0})
    venue.fills = [row(START_MS - 1, coin="DOGE", px="0.1", sz="70", side="B")]

    (fill,) = read(reader).fills

    assert (fill.instrument, fill.lots, fill.notional.atoms) == ("hyperliquid:DOGE", 70, 7_000_000)


def test_old_fills_are_told_after_a_start_and_left_out_later(reader, venue, clock):
    venue.fills = [row(START_MS - 5 * HOUR_MS)]
    assert len(read(reader).fills) == 1

    clock.at += 601 * NS_PER_S

    assert read(reader).fills == ()


def test_transfers_are_told_with_their_sign_and_the_venues_word(reader, venue):
    venue.transfers = [
        moved_row(START_MS - 3, usdc="5.5"),
        moved_row(START_MS - 2, "withdraw", usdc="2.0", fee="1.0", nonce=1),
    ]

    came, left = read(reader).transfers

    assert (came.id, came.amount.atoms) == (f"deposit:{START_MS - 3}:0x0a", 5_500_000)
    assert (left.amount.atoms, left.detail) == (-3_000_000, "withdraw")


def test_an_account_in_whose_very_millisecond_money_moved_is_read_again(reader, venue):
    venue.transfers = [moved_row(START_MS, usdc="9.0")]
    venue.fills = [row(START_MS + 2)]

    snapshot = read(reader)

    assert venue.asked["clearinghouseState"] == 3
    assert [t.at_venue < snapshot.at_venue for t in snapshot.transfers] == [True]
    assert [f.at_venue < snapshot.at_venue for f in snapshot.fills] == [True]


def test_transfers_are_asked_for_again_where_the_cash_is_not_explained(reader, venue, clock):
    read(reader)
    clock.at += NS_PER_S // 10
    venue.cash = "105.5"
    venue.transfers = [moved_row(START_MS + 50, usdc="5.5")]

    (transfer,) = read(reader).transfers
    clock.at += NS_PER_S
    read(reader)

    assert transfer.amount.atoms == 5_500_000
    assert venue.asked["userNonFundingLedgerUpdates"] == 2


def test_cash_that_nothing_explains_is_asked_about_for_a_while_and_then_let_be(
    reader, venue, clock
):
    read(reader)
    venue.cash = "42.0"
    for _ in range(60):
        clock.at += NS_PER_S // 2
        read(reader)
    asked = venue.asked["userNonFundingLedgerUpdates"]
    for _ in range(20):
        clock.at += NS_PER_S // 2
        read(reader)

    assert 4 <= asked <= 8
    assert venue.asked["userNonFundingLedgerUpdates"] == asked


def test_a_fill_explains_what_the_cash_did_and_no_transfer_is_asked_for(reader, venue, clock):
    read(reader)
    clock.at += NS_PER_S
    venue.held = "-0.5"
    venue.fills = [row(START_MS + 10, fee="0.25")]
    venue.cash = "1550.0"  # a hundred, half of 2900.50, less the fee

    read(reader)

    assert venue.asked["userNonFundingLedgerUpdates"] == 1


def test_a_transfer_that_the_stream_told_needs_no_asking(reader, venue, clock):
    read(reader)
    clock.at += NS_PER_S
    venue.cash = "105.5"
    told = wire.LedgerUpdate(START_MS + 10, "0x0a", "deposit", {"usdc": "5.5"})
    reader.hear(TransfersTold((told,)))

    (transfer,) = read(reader).transfers

    assert transfer.amount.atoms == 5_500_000
    assert venue.asked["userNonFundingLedgerUpdates"] == 1
