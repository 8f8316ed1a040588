"""The desk's book by hand: two sub-accounts, a chain account, haircuts and promises."""

from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.account import AccountMode, SpotHolding
from router.domain.error import MalformedDataError
from router.domain.margin import Reservation
from router.domain.units import AccountId, Amount, AssetId, InstrumentId, Pips
from router.risk.margin.book import Exposure, Valuation, desk_book
from tests.unit.risk.margin.test_read import CONTEXT, ETH, USD, USDC, snapshot

COIN = AssetId("ETH")
CHAIN, OTHER = AccountId("ethereum:me"), AccountId("hyperliquid:other")
WEI = 10**18
# Three thousand dollars a coin; spot of it counts nine tenths.
VALUED = Valuation(USDC, {COIN: Fraction(3_000 * USD, WEI)}, {COIN: Pips(100_000)})
SECOND = replace(ETH, id=InstrumentId("eth-other"), account=OTHER)
SECOND_CONTEXT = replace(CONTEXT, instrument=SECOND.id)


def chain(*balances):
    amounts = tuple(Amount(asset, atoms) for asset, atoms in balances)
    return snapshot(0, account=CHAIN, balances=amounts, positions=(), equity_atoms=0)


def other(lots, cash):
    told = snapshot(0, account=OTHER, balances=(Amount(USDC, cash * USD),))
    return replace(told, positions=(replace(told.positions[0], instrument=SECOND.id, lots=lots),))


def book(*snapshots, valuation=VALUED, reservations=()):
    return desk_book(
        snapshots,
        [ETH, SECOND],
        [CONTEXT, SECOND_CONTEXT],
        valuation=valuation,
        reservations=reservations,
    )


# Two coins on chain, one long at the first venue account, four short at the other.
DESK = (
    chain((COIN, 2 * WEI), (USDC, 500 * USD)),
    snapshot(10_000, balances=(Amount(USDC, -1_000 * USD),)),
    other(-40_000, 17_000),
)


def test_everything_adds_up_at_its_worth():
    whole = book(*DESK)

    # 6,500 on chain, 2,000 and 5,000 at the venue.
    assert whole.equity == 13_500 * USD
    assert whole.maintenance == (60 + 240) * USD
    assert set(whole.accounts) == {DESK[1].account, OTHER}


def test_spot_counts_as_free_less_its_haircut():
    # 500 and nine tenths of 6,000; 2,000 - 300 and 5,000 - 1,200 of margin.
    assert book(*DESK).free == (500 + 5_400 + 1_700 + 3_800) * USD


def test_an_asset_without_a_haircut_counts_as_nothing_free():
    bare = replace(VALUED, haircuts={})

    assert book(DESK[0], valuation=bare).free == 500 * USD
    assert book(DESK[0], valuation=bare).equity == 6_500 * USD


def test_what_is_promised_is_not_free_and_no_account_pays_for_another():
    promises = [
        Reservation(CHAIN, Amount(COIN, WEI)),
        Reservation(DESK[1].account, Amount(USDC, 1_000 * USD)),
        Reservation(OTHER, Amount(USDC, 9_000 * USD)),
    ]

    whole = book(*DESK, reservations=promises)

    assert whole.free == (500 + 2_700 + 700 + 0) * USD
    assert whole.equity == 13_500 * USD


def test_exposure_is_netted_over_venues_and_spot():
    whole = book(*DESK)

    # Two coins of spot and one long against four short, at 3,000.
    assert whole.exposures == {COIN: Exposure(Fraction(9_000 * USD), Fraction(12_000 * USD))}
    assert (whole.gross, whole.net) == (21_000 * USD, -3_000 * USD)
    assert whole.leverage == Fraction(21_000, 13_500)


def test_a_book_without_equity_has_no_leverage():
    assert book(other(-40_000, 12_000)).leverage is None


def test_spot_that_the_perp_venue_keeps_is_inventory_but_for_a_unified_balance():
    coin = SpotHolding(COIN, 10**8, 0, 8)
    cash = SpotHolding(USDC, 700 * 10**8, 100 * 10**8, 8)
    dust = SpotHolding(AssetId("PURR"), 10**8, 0, 8)
    apart = book(snapshot(0, spot=(coin, cash, dust)))
    shared = book(snapshot(0, spot=(coin, cash, dust), mode=AccountMode.UNIFIED))

    assert apart.equity == (1_000 + 3_000 + 700) * USD
    assert apart.free == (1_000 + 2_700 + 600) * USD
    assert shared.equity == (700 + 3_000) * USD
    assert shared.free == (600 + 2_700) * USD


def test_a_balance_whose_worth_is_unknown_is_refused():
    with pytest.raises(MalformedDataError, match="ETH: its worth in USDC is unknown"):
        _ = book(DESK[0], valuation=Valuation(USDC, {})).equity
