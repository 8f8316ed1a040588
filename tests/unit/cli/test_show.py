import sys
from dataclasses import replace

import orjson
import pytest
from rich.console import Console

from router.cli import show
from router.domain.certificate import Multiplier
from router.domain.instrument import InstrumentKind
from router.domain.market import BlockRef, PoolSnapshot, QuotedSnapshot
from router.domain.plan import Band, CostSplit, Hop, QuantityKind, SingleVenue
from router.domain.units import Amount, Pico, Pips, Side
from router.gateway.plan_data import plan_data
from router.journal import codec
from router.tca.report import report
from tests.unit.engine.scene import DOLLAR, ETH, ETHER, PERP, POOL, T0, USDC, Driver, order

ASSETS = {"ETH": ETH, "USDC": USDC}


def a_plan():
    """Return a plan over both venues whose numbers are told apart easily."""
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    driver.solve(driver.observe(asked), (PERP, 4), (POOL, 6))
    made = driver.world.parents[asked.id].plans[0]
    cost = CostSplit(1 * DOLLAR, 2 * DOLLAR, 4 * DOLLAR, -8 * DOLLAR)
    legs = tuple(replace(leg, cost=cost, slippage=Pips(123)) for leg in made.legs)
    certificate = replace(
        made.certificate,
        upper_bound=Pico(3 * 10**8),
        lower_bound=Pico(2 * 10**8),
        multipliers=(Multiplier("cash:x", Pico(10**8)), Multiplier("margin:y", Pico(0))),
    )
    singles = (
        SingleVenue(POOL.id, Pips(250), 10 * ETHER),
        SingleVenue(PERP.id, None, 4 * ETHER),
    )
    return replace(made, legs=legs, cost=cost, certificate=certificate, singles=singles)


def text_of(*parts):
    console = Console(width=200, highlight=False)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get()


def test_a_plan_as_data_is_exact_and_plain_json():
    data = orjson.loads(orjson.dumps(plan_data(a_plan())))

    perp, pool = data["legs"]
    assert perp["amount_out_atoms"] == str(4 * ETHER)
    assert (pool["asset_in"], pool["amount_in_atoms"]) == (
        "USDC",
        str(a_plan().legs[1].notional.atoms),
    )
    assert data["cost_atoms"] == {
        "impact": "1000000",
        "basis_in_impact": "0",
        "fees": "2000000",
        "gas": "4000000",
        "funding": "-8000000",
        "total": "-1000000",
    }
    assert data["certificate"]["upper_bound_bps"] == 3.0
    assert data["certificate"]["gap_bps"] == 1.0
    assert [m["row"] for m in data["certificate"]["binds"]] == ["cash:x"]
    assert [s["slippage_bps"] for s in data["singles"]] == [2.5, None]


@pytest.mark.parametrize(
    ("side", "kind", "exact", "paid", "received"),
    [
        (Side.BUY, QuantityKind.BASE, "output", "USDC", "ETH"),
        (Side.BUY, QuantityKind.CASH, "input", "USDC", "ETH"),
        (Side.SELL, QuantityKind.BASE, "input", "ETH", "USDC"),
        (Side.SELL, QuantityKind.CASH, "output", "ETH", "USDC"),
    ],
)
def test_a_leg_says_which_side_is_exact_and_what_goes_which_way(side, kind, exact, paid, received):
    made = a_plan()
    leg = replace(made.legs[1], side=side, quantity_kind=kind)

    (data,) = plan_data(replace(made, legs=(leg,)))["legs"]

    assert (data["exact"], data["asset_in"], data["asset_out"]) == (exact, paid, received)


BLOCK = BlockRef(1, "0x" + "ab" * 32, "0x" + "cd" * 32, T0)


def observed(fee_pips):
    return PoolSnapshot(
        instrument=POOL.id,
        block=BLOCK,
        fee_pips=fee_pips,
        tick_spacing=10,
        sqrt_price_x96=1,
        tick=0,
        liquidity=0,
        ticks=(),
        received_at=T0,
    )


QUOTED = QuotedSnapshot(POOL.id, BLOCK, T0, ((1, 1),), ((1, 1),))


@pytest.mark.parametrize(
    ("has_fixed_fee", "pools", "fee_pips"),
    [
        (True, (), POOL.fee_pips),
        (True, (observed(421),), 421),
        (True, (QUOTED,), POOL.fee_pips),
        (False, (observed(421),), 421),
        (False, (observed(0),), 0),
        (False, (QUOTED,), None),
        (False, (), None),
    ],
)
def test_the_fee_of_a_pool_is_the_observed_one_and_none_where_nothing_tells(
    has_fixed_fee, pools, fee_pips
):
    made = a_plan()
    perp, pool = made.legs
    moving = replace(pool, instrument=replace(POOL, has_fixed_fee=has_fixed_fee))

    told_perp, told_pool = plan_data(replace(made, legs=(perp, moving)), pools)["legs"]

    assert told_pool["fee_pips"] == fee_pips
    assert [hop["fee_pips"] for hop in told_pool["hops"]] == [fee_pips]
    assert told_perp["fee_pips"] == PERP.fee_pips


def test_a_route_has_no_fee_but_those_of_its_hops():
    made = a_plan()
    leg = made.legs[1]
    hop = Hop(POOL, leg.notional, leg.quantity)
    routed = replace(leg, instrument=replace(POOL, kind=InstrumentKind.SPOT_ROUTE), hops=(hop,))

    (told,) = plan_data(replace(made, legs=(routed,)), (observed(421),))["legs"]

    assert told["fee_pips"] is None
    assert [each["fee_pips"] for each in told["hops"]] == [421]


def test_a_plan_for_eyes_has_a_row_a_leg_and_a_total():
    shown = text_of(show.plan_table(a_plan()), *show.plan_lines(a_plan()))

    rows = {line.split("│")[1].strip(): line for line in shown.splitlines() if "│" in line}
    assert "4.0000" in rows[PERP.id]
    assert "6.0000" in rows[POOL.id]
    assert "1.23" in rows[POOL.id]
    assert "10.0000" in rows["total"]
    assert "-8.00" in rows["total"]
    assert f"alone on {POOL.id}: 2.50 bps" in shown
    assert f"alone on {PERP.id}: does not fit" in shown


def a_report(**changes):
    driver, asked = Driver(), order()
    driver.start()
    driver.submit(asked)
    (child,) = driver.solve(driver.observe(asked), (PERP, 10))
    driver.sign(child)
    driver.fill(child, 10)
    made = report(driver.world, driver.world.parents[asked.id])
    return show.report_data(codec.encode(replace(made, **changes)))


def test_a_report_for_eyes_sets_realised_beside_predicted():
    shown = text_of(*show.report_tables(a_report(), ASSETS))

    assert PERP.id in shown
    assert "10.0000 ETH" in shown
    assert "30,000.00" in shown


@pytest.mark.parametrize(
    ("differences", "words"),
    [
        (None, "nothing was sent, nothing to compare"),
        ((), "every balance and position agrees to the atom"),
        (("ETH of [chain] is off by 1",), "FAILED: ETH of [chain] is off by 1"),
    ],
)
def test_what_reconciliation_found_is_said(differences, words):
    shown = text_of(*show.report_tables(a_report(differences=differences), ASSETS))

    assert words in shown


def test_a_reason_is_shown_as_it_is_whatever_brackets_it_has():
    reason = "the venue said [/no] to [ETH]"

    assert reason in text_of(*show.report_tables(a_report(reason=reason), ASSETS))


def test_a_report_of_nothing_has_dashes_for_what_is_not_known():
    nothing = a_report(
        legs=(),
        filled_quantity=Amount(ETH.id, 0),
        filled_notional=Amount(USDC.id, 0),
        realised_slippage=None,
        predicted_slippage=None,
    )

    assert "predicted - bps with funding, realised - bps" in text_of(
        *show.report_tables(nothing, ASSETS)
    )


def test_a_story_line_is_shown_as_it_is(capsys):
    show.print_story(show.console(), "HTTP 500 [/oops] from [venue]")

    assert "HTTP 500 [/oops] from [venue]" in capsys.readouterr().out


class BrokenPipe:
    """A stream whose reader has gone."""

    encoding = "utf-8"

    def write(self, _text):
        raise BrokenPipeError

    def flush(self):
        raise BrokenPipeError

    def isatty(self):
        return False


def test_a_reader_who_leaves_does_not_stop_the_order(monkeypatch):
    console = Console(file=BrokenPipe())
    monkeypatch.setattr(console, "on_broken_pipe", lambda: sys.exit(1))

    show.print_story(console, "one")
    show.print_story(console, "two")


def test_data_goes_to_standard_output_and_what_is_for_eyes_beside_it(capsys):
    show.print_json({"a": 1})
    show.console(as_json=True).print("told")
    out, err = capsys.readouterr()

    assert orjson.loads(out) == {"a": 1}
    assert err == "told\n"


def test_readiness_is_one_line(capsys):
    show.print_ready({"ready": True, "pid": 5})

    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert orjson.loads(out) == {"ready": True, "pid": 5}


def test_the_band_and_the_basis_of_a_plan_are_told():
    plan = a_plan()
    first, *others = plan.legs
    with_basis = replace(first, cost=replace(first.cost, basis=3 * DOLLAR))
    told = replace(
        plan,
        legs=(with_basis, *others),
        cost=replace(plan.cost, basis=3 * DOLLAR),
        band=Band(Pips(110), Pips(220), Pips(990), Pips(660)),
    )

    lines = list(show.plan_lines(told))
    data = plan_data(told)

    assert any("3.00 of its impact is basis" in line for line in lines)
    assert any("1.10 to 9.90 bps: 2.20 expected, 6.60 in the worst cases" in line for line in lines)
    assert data["cost_atoms"]["basis_in_impact"] == str(3 * DOLLAR)
    assert data["band_bps"] == {"best": 1.1, "expected": 2.2, "worst": 9.9, "tail_mean": 6.6}
    assert plan_data(plan)["band_bps"] is None
