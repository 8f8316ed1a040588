import pytest

from router.domain.error import OrderError
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.gateway.switch_request import Wanted, check_known, parse_switch

WORDS = {"state": "halted", "reason": "a fat finger", "by": "ann"}


def test_words_become_a_setting_of_the_firm():
    wanted = parse_switch(WORDS)

    assert wanted == Wanted(FIRM, TradingState.HALTED, "ann", "a fat finger")
    assert wanted.setting(7) == SwitchSetting(FIRM, TradingState.HALTED, "ann", "a fat finger", 7)
    assert parse_switch(wanted.request) == wanted


def test_an_account_may_have_colons_and_a_state_a_dash():
    wanted = parse_switch(
        WORDS | {"scope": "account:hyperliquid:0xbb", "state": "REDUCE-ONLY", "reason": " a\n b "}
    )

    assert wanted.scope == Scope(ScopeKind.ACCOUNT, "hyperliquid:0xbb")
    assert (wanted.state, wanted.reason) == (TradingState.REDUCE_ONLY, "a b")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "off"}, "state: must be one of active, reduce_only, cancel_only, halted"),
        ({"reason": "  "}, "reason: must say why"),
        ({"by": ""}, "by: must say who"),
        ({"scope": "venue"}, "scope: must be firm or one of account:NAME"),
        ({"scope": "firm:all"}, "scope: must be firm or one of"),
        ({"scope": "planet:mars"}, "scope: must be firm or one of"),
        ({"scope": "instrument:hyperliquid:ETH"}, "an instrument has no switch"),
        ({"scope": "strategy:a b"}, "a strategy has 1 to 64 letters"),
        ({"size": "1"}, "size: unknown field"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(changes, words):
    with pytest.raises(OrderError, match=words):
        parse_switch(WORDS | changes)


def test_a_switch_that_would_switch_nothing_is_refused_and_says_what_there_is():
    venue = Scope(ScopeKind.VENUE, "hyperlqiuid")

    with pytest.raises(OrderError, match="use one of venue:hyperliquid, venue:local"):
        check_known(venue, venues={"local", "hyperliquid"}, accounts={})
    with pytest.raises(OrderError, match="account:x is not configured"):
        check_known(Scope(ScopeKind.ACCOUNT, "x"), venues={"x"}, accounts={"y"})


def test_firm_and_strategies_need_no_configuration():
    check_known(FIRM, venues={}, accounts={})
    check_known(Scope(ScopeKind.STRATEGY, "any"), venues={}, accounts={})
