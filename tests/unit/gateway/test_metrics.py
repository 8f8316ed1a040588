"""A report as text for a scraper of metrics."""

import re
from dataclasses import replace

from router.domain.scope import FIRM
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Side, TimestampNs
from router.gateway.metrics import metrics_text
from router.reconciliation.equity import Cause, Discrepancy, EquityCheck
from tests.unit.engine.scene import CHAIN, DOLLAR, ETHER, MARGIN, PERP, POOL, T0
from tests.unit.gateway.risk_scene import report_of
from tests.unit.state.purse import Desk

LINE = re.compile(
    r'([a-z_]+)(?:\{([a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*)\})? -?\d+'
)


def text_of(desk, **changes):
    return metrics_text(replace(report_of(desk), **changes))


def traded():
    desk = Desk()
    desk.see()
    desk.fill(PERP, Side.SELL, 10**4 * PERP.lot_atoms, 3_010 * DOLLAR, fee=13 * DOLLAR)
    desk.fill(POOL, Side.BUY, ETHER, 3_000 * DOLLAR, gas=10**14)
    desk.fund(-2)
    return desk


def test_each_number_is_a_line_with_its_unit_and_labels():
    lines = text_of(traded()).splitlines()

    perp = f'venue="{PERP.venue}",asset="USDC"'
    assert f"headrace_fees_atoms{{{perp}}} {13 * DOLLAR}" in lines
    assert f"headrace_unrealised_atoms{{{perp}}} {10 * DOLLAR}" in lines
    assert f"headrace_funding_atoms{{{perp}}} -2" in lines
    assert f'headrace_native_gas_atoms{{account="{CHAIN}"}} {10**14}' in lines
    account = f'account="{MARGIN}",venue="{PERP.venue}"'
    assert f'headrace_equity_atoms{{{account},asset="USDC"}} {500_000 * DOLLAR}' in lines
    assert f'headrace_zone{{{account},zone="safe"}} 1' in lines
    assert f'headrace_zone{{{account},zone="hard"}} 0' in lines
    # 101 ether at 3,000.
    inventory = f'account="{CHAIN}",item="ETH",asset="USDC"'
    assert f"headrace_inventory_atoms{{{inventory}}} {303_000 * DOLLAR}" in lines


def test_every_line_can_be_read_and_a_name_is_explained_once_before_it():
    text = text_of(traded())

    explained = None
    seen = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            explained = line.split()[2]
            seen.append(explained)
        elif not line.startswith("# TYPE "):
            match = LINE.fullmatch(line)
            assert match, line
            assert match[1] == explained
    assert len(seen) == len(set(seen))
    assert text.endswith("\n")


def test_what_the_books_are_off_by_is_told_and_what_is_explained_is_not():
    off = Discrepancy(CHAIN, "USDC", 5, 12, Cause.UNEXPLAINED)
    known = Discrepancy(MARGIN, "USDC", 5, 12, Cause.SETTLED)

    text = metrics_text(report_of(Desk()), (off, known), (EquityCheck(MARGIN, 10, 0, 13, 0),))

    assert f'headrace_unexplained_atoms{{account="{CHAIN}",item="USDC"}} 7' in text
    assert text.count("headrace_unexplained_atoms{") == 1
    assert f'headrace_equity_off_atoms{{account="{MARGIN}"}} 3' in text


def test_a_switch_shows_its_state_and_an_account_that_cannot_be_read_is_counted():
    setting = SwitchSetting(FIRM, TradingState.HALTED, "x", "y", TimestampNs(T0))
    report = report_of(Desk(), unreadable=((MARGIN, "silent"),))

    text = metrics_text(replace(report, switches=(setting,)))

    assert 'headrace_switch{scope="firm",state="halted"} 1' in text
    assert 'headrace_switch{scope="firm",state="active"} 0' in text
    assert f'headrace_unreadable{{account="{MARGIN}"}} 1' in text


def test_quotes_and_line_ends_in_a_label_are_escaped():
    odd = Discrepancy(CHAIN, 'a"b\\c\nd', 0, 1, Cause.UNEXPLAINED)

    text = metrics_text(report_of(Desk()), (odd,))

    assert 'item="a\\"b\\\\c\\nd"' in text
