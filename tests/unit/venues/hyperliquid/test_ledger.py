from venues.hyperliquid.trading.facts import FillReport, FundingReport
from venues.hyperliquid.trading.ledger import Ledger

OURS = "0x" + "aa" * 20


def fill(time_ms, *, trade=1, size=10, is_buy=True):
    return FillReport(1, None, "ETH", is_buy, 1, size, 3, "USDC", time_ms, trade)


def test_what_is_forgotten_stays_in_the_sums_and_is_not_counted_again():
    ledger = Ledger(OURS)
    ledger.fill(fill(5))
    ledger.fill(fill(9, trade=2, size=4, is_buy=False))
    ledger.funding(FundingReport("ETH", -7, 5))

    ledger.forget(before_ms=6)
    again = (ledger.fill(fill(5)), ledger.funding(FundingReport("ETH", -7, 5)))

    assert again == (False, False)
    assert [one.time_ms for one in ledger.fills] == [9]
    assert ledger.positions_e8() == {"ETH": 6}
    assert ledger.fees_e8() == {"USDC": 6}
    assert ledger.funding_e8() == -7
    assert ledger.seen_until_ms == 9


def test_the_change_of_a_position_counts_from_a_moment_on_and_before_another():
    ledger = Ledger(OURS)
    for time_ms in (4, 5, 8, 9):
        ledger.fill(fill(time_ms, trade=time_ms, size=time_ms))

    assert ledger.change_e8(since_ms=5, until_ms=9) == {"ETH": 13}
