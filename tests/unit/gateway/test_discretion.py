"""What reasons tell of the accounts, held against the sentences of those who word them."""

import ast
import re
from pathlib import Path

import pytest

from router.domain.plan import NoRouteReason
from router.gateway.discretion import KEPT_BACK, discreet, discreet_data

ROOT = Path(__file__).parents[3] / "router"
OF_ACCOUNTS = {
    NoRouteReason.INSUFFICIENT_BALANCE,
    NoRouteReason.INSUFFICIENT_MARGIN,
    NoRouteReason.STRESS,
    NoRouteReason.POSITION_CAP,
    NoRouteReason.REDUCE_ONLY,
}
NAMES = {reason.name for reason in OF_ACCOUNTS}
PUT_TOGETHER = [
    "stress scenario gap -30 %: perp:me is short 2,000 USDC: 4 ETH asked; nearest feasible 3 ETH",
    "initial margin: perp:me is short 2,000 USDC: 4 ETH asked; nearest feasible quantity 3 ETH",
    "cash: chain:me is short 12.5 USDC: 4 ETH asked; nearest feasible quantity 3 ETH",
    "position cap of perp:ETH is 5000 USDC, which leaves 1 ETH: 4 ETH asked; nearest feasible 1",
    "margin tier of perp:ETH allows leverage 5 up to a position of 90 USDC, which leaves 1 ETH",
    "what the accounts have left does not suffice: 4 ETH asked; nearest feasible quantity 3 ETH",
    "chain:me holds 0.5 of its coin; gas may take 0.1 of it for this: fund it",
    "chain:me: the plans of the basket may spend 7 atoms of USDC together, 3 are spendable; fund",
    "chain:me: its coin would pay for 2 cancels, controls.firm.cancels_reserved is 3; fund it",
]
FRAMES = [
    "REFUSED: amendment a-1 is refused, and the older terms hold: ",
    "amendment a-1 is not taken: ",
    "basket b is all or none, and 4f2c was refused: ",
    "sent now it would wait: all of it at once has no plan, and slices may: ",
    "a part is left after 3 rounds; last word: ",
    "ioc: what did not fill at once is given back; last word: ",
    "sent now it would be refused: firm is halted since control C06-daily said so: ",
]
HALTED = (
    "halted: USDC of perp:me: expected 5000 atoms, the venue says 4000 (off by -1000);"
    " find the cause, then run headrace accept"
)
OPEN = [
    "firm is halted",
    "all instruments together hold 12 ETH, 90 ETH asked; nearest feasible quantity 12 ETH",
    "limit price leaves 3 ETH of 4 ETH; trade less or widen it; nearest feasible quantity 3 ETH",
    "1200000 USDC is above controls.firm.order_notional_max 1000000 USDC; ask for less",
    "80 is above controls.firm.slippage_max_bps 50; ask for less",
    "the deadline has passed",
    "",
]


def sentences():
    """Return what the sources say where they refuse for an account's sake, numbers filled in."""
    found = []
    for room in ("risk", "optimiser"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and any(is_of_accounts(arg) for arg in node.args):
                    found += [text for arg in node.args if (text := worded(arg))]
                if isinstance(node, ast.Dict):
                    pairs = zip(node.keys, node.values, strict=True)
                    found += [
                        text
                        for key, said in pairs
                        if is_of_accounts(key) and (text := worded(said))
                    ]
    return found


def limits_of_many():
    """Return the keys whose breach tells what all have traded, lost, sent or hold together."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / "risk" / "controls").glob("*.py")]
    functions = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return {
        node.value
        for function in functions
        if any(is_of_many(each) for each in ast.walk(function))
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and is_limit(node.value)
    }


def is_of_many(node):
    is_over = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "over"
    return is_over and node.args[0].attr in {"EXPOSURE", "DAILY", "MESSAGE_RATE"}


def is_limit(text):
    return isinstance(text, str) and re.fullmatch(r"[a-z_0-9]+_max(_[a-z]+)?", text) is not None


def is_of_accounts(node):
    is_named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    return is_named and node.value.id == "NoRouteReason" and node.attr in NAMES


def worded(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(worded(part) or "7" for part in node.values)
    return ""


def test_there_are_sentences_to_hold_it_against():
    assert len(sentences()) >= 12


@pytest.mark.parametrize("text", [*sentences(), *PUT_TOGETHER])
def test_what_an_account_holds_is_kept_back(text):
    assert discreet(text) == KEPT_BACK


@pytest.mark.parametrize("text", OPEN)
def test_other_reasons_are_told_as_they_are(text):
    assert discreet(text) == text


@pytest.mark.parametrize("key", ["daily_notional_max", "daily_loss_max", "leverage_max_pct"])
@pytest.mark.parametrize("scope", ["firm", 'strategy."any"'])
def test_of_a_limit_of_many_it_is_told_which_and_not_how_much_is_used(key, scope):
    place = f"controls.{scope}.{key}"

    told = discreet(f"1234567 USDC is above {place} 1000000 USDC; wait")

    assert place in told
    assert "1234567" not in told
    assert "1000000" not in told


@pytest.mark.parametrize("code", ["REFUSED", "NO_ROUTE", "C17-balance"])
def test_the_code_that_a_reason_begins_with_is_told(code):
    assert discreet(f"{code}: {PUT_TOGETHER[0]}") == f"{code}: {KEPT_BACK}"


@pytest.mark.parametrize("frame", FRAMES)
def test_what_happened_to_what_is_told_and_only_the_fault_kept_back(frame):
    limit = "1234567 USDC is above controls.firm.daily_loss_max 1000000 USDC; find out why"

    assert discreet(frame + PUT_TOGETHER[0]) == frame + KEPT_BACK
    assert discreet(frame + limit).startswith(f"{frame}controls.firm.daily_loss_max would be")
    assert discreet(f"{frame}the deadline has passed") == f"{frame}the deadline has passed"


def test_that_the_desk_is_halted_is_told_and_not_by_which_balance():
    for text in (HALTED, f"REFUSED: {HALTED}"):
        assert "halted: " in discreet(text)
        assert "perp:me" not in discreet(text)
        assert "4000" not in discreet(text)


def test_of_a_limit_of_many_it_is_told_what_to_do():
    place = 'controls.strategy."slow and steady".orders_per_min_max'

    told = discreet(f"11 is above {place} 10; send it again later")

    assert told.startswith(f"{place} would be exceeded")
    assert told.endswith("; send it again later")
    assert "11" not in told


@pytest.mark.parametrize("key", sorted(limits_of_many()))
def test_every_limit_of_many_in_the_sources_is_kept_back(key):
    told = discreet(f"98765 is above controls.firm.{key} 1000; of 98765 children too many")

    assert "98765" not in told
    assert key in told


def test_there_are_limits_of_many():
    assert {"daily_loss_max", "orders_per_min_max", "open_notional_max"} <= limits_of_many()


def test_what_is_discreet_stays_as_it_is():
    for text in (*PUT_TOGETHER, "C06-daily: 9 USDC is above controls.firm.daily_loss_max 8 USDC"):
        assert discreet(discreet(text)) == discreet(text)


def test_words_that_somebody_put_in_do_not_open_a_reason():
    text = "desk says keys of the whole desk may read it: initial margin of 123 is short"

    assert discreet(text) == KEPT_BACK


def test_answers_keep_all_but_the_reasons():
    order = {"order": "1", "reason": OPEN[1], "leaves": "2", "pending": None}
    told = {"orders": [order, {**order, "reason": PUT_TOGETHER[0]}], "next": None}

    assert discreet_data(told) == {"orders": [order, {**order, "reason": KEPT_BACK}], "next": None}
