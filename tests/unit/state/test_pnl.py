"""Profit and loss against balances added up by hand, over random histories told to the engine."""

from hypothesis import given
from hypothesis import strategies as st

from router.domain.units import Amount, Side
from router.state.profit import Item, Line
from tests.unit.engine.scene import CHAIN, DOLLAR, ETH, ETHER, MARGIN, PERP, POOL, USDC
from tests.unit.state.purse import BTC, BTC_POOL, PEG_POOL, TETHER_POOL, USDT, Desk

LOT = PERP.lot_atoms


def test_a_line_closes_through_zero_at_the_average_cost():
    # 3 for 10 and 1 for 3: 13 for 4. Selling 6 for 30 closes 4 for 20 (gain 7), opens -2 for -10.
    line = Line().with_change(3, 10).with_change(1, 3).with_change(-6, -30)

    assert (line.quantity, line.cost, line.realised) == (-2, -10, 7)


def test_what_is_closed_takes_its_cost_rounded_against_us_and_the_rest_keeps_the_rest():
    # A third of 10 is 3.33: released 4, so that selling it for 4 gains nothing.
    line = Line().with_change(3, 10).with_change(-1, -4)
    assert (line.quantity, line.cost, line.realised) == (2, 6, 0)

    # The rest cost 6 and is sold for 7: over all, 11 were received for 10.
    line = line.with_change(-2, -7)
    assert (line.quantity, line.cost, line.realised) == (0, 0, 1)


def test_a_short_gains_by_being_bought_back_for_less():
    line = Line().with_change(-4, -100).with_change(4, 90)

    assert (line.quantity, line.cost, line.realised) == (0, 0, 10)


changes = st.lists(
    st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 10**6)), min_size=1, max_size=60
)


@given(changes)
def test_no_atom_is_lost_between_what_is_realised_and_what_is_left(taken):
    line = Line()
    for quantity, cash in taken:
        line = line.with_change(quantity, cash if quantity > 0 else -cash)

    paid = sum(cash if quantity > 0 else -cash for quantity, cash in taken)
    assert line.quantity == sum(quantity for quantity, _ in taken)
    assert line.realised - line.cost == -paid
    if not line.quantity:
        assert line.cost == 0


def sum_of(report, quote):
    return next(each for each in report.sums if each.quote == quote.id)


def test_what_was_held_at_first_costs_what_it_was_worth_when_its_market_was_first_seen():
    desk = Desk()
    held = Item(CHAIN, None, ETH.id, USDC.id)
    assert desk.world.profit.line(held) == Line(unpriced=100 * ETHER)

    desk.see()

    # 100 at 3,000.
    assert desk.world.profit.line(held) == Line(
        100 * ETHER, 300_000 * DOLLAR, brought_cost=300_000 * DOLLAR
    )
    assert sum_of(desk.report(), USDC).total_atoms == 0


def test_before_its_market_was_seen_inventory_neither_gains_nor_loses():
    desk = Desk()
    desk.reserves[POOL.id] = (10**22, 3_500 * 10**10)

    assert sum_of(desk.report(), USDC).total_atoms == 0
    assert all(row.realised_atoms == 0 for row in desk.report().items)


def test_a_round_trip_shows_each_part_of_what_it_came_to():
    desk = Desk()
    desk.see()
    desk.fill(PERP, Side.SELL, 10 * 10**4 * LOT, 30_010 * DOLLAR, fee=13 * DOLLAR)
    desk.fill(POOL, Side.BUY, 10 * ETHER, 30_000 * DOLLAR, gas=10**14)
    desk.fund(-2 * DOLLAR)
    desk.look()
    desk.mark_ticks, desk.reserves[POOL.id] = 310_000, (10**22, 3_100 * 10**10)
    desk.fill(PERP, Side.BUY, 10 * 10**4 * LOT, 31_000 * DOLLAR, fee=-1 * DOLLAR)

    total = sum_of(desk.report(), USDC)

    # The short lost 990; 110 ether are worth 100 dollars more each; 13 - 1 of fees, 2 of funding,
    # and 1e14 wei at 3,000 are 30 cents of gas.
    assert total.realised_atoms == -990 * DOLLAR
    assert total.unrealised_atoms == 11_000 * DOLLAR
    assert (total.fees_atoms, total.funding_atoms) == (12 * DOLLAR, -2 * DOLLAR)
    assert total.gas_atoms == 300_000
    assert total.total_atoms == (11_000 - 990 - 12 - 2) * DOLLAR - 300_000
    by_venue = {each.name: each for each in desk.report().by_venue() if each.quote == USDC.id}
    assert by_venue[PERP.venue].total_atoms == (-990 - 12 - 2) * DOLLAR
    assert by_venue[POOL.venue].total_atoms == 11_000 * DOLLAR - 300_000
    by_asset = {each.name: each for each in desk.report().by_asset() if each.quote == USDC.id}
    assert by_asset[ETH.id].funding_atoms == -2 * DOLLAR


def test_funding_not_yet_in_the_baseline_is_in_the_report_and_is_booked_once():
    desk = Desk()
    desk.see()
    desk.fund(7)
    assert sum_of(desk.report(), USDC).funding_atoms == 7

    for _ in range(3):
        desk.look()
        assert sum_of(desk.report(), USDC).funding_atoms == 7


def test_a_deposit_is_answered_for_and_is_no_gain():
    desk = Desk()
    desk.see()
    desk.purse[CHAIN, USDC.id] += 50_000 * DOLLAR
    desk.purse[CHAIN, ETH.id] += 5 * ETHER
    desk.look()
    assert desk.world.halt_reason is not None
    assert sum_of(desk.report(), USDC).total_atoms == 0

    desk.accept()
    desk.reserves[POOL.id] = (10**22, 3_010 * 10**10)

    # 100 ether gain 10 dollars each. The five that came are worth 3,010 where they are first seen.
    assert sum_of(desk.report(), USDC).total_atoms == 1_000 * DOLLAR
    moved = {(t.account, t.item): t.count for t in desk.report().transfers}
    assert moved == {(CHAIN, USDC.id): 50_000 * DOLLAR, (CHAIN, ETH.id): 5 * ETHER}


def test_a_withdrawal_is_no_loss_and_takes_the_gain_along_as_realised():
    desk = Desk()
    desk.see()
    desk.reserves[POOL.id] = (10**22, 3_100 * 10**10)
    desk.purse[CHAIN, ETH.id] -= 40 * ETHER
    desk.look()
    desk.accept()
    desk.see()

    total = sum_of(desk.report(), USDC)
    assert (total.realised_atoms, total.unrealised_atoms) == (4_000 * DOLLAR, 6_000 * DOLLAR)


def test_funding_that_comes_while_a_difference_is_answered_for_is_funding():
    desk = Desk()
    desk.see()
    desk.purse[MARGIN, USDC.id] += 1_000
    desk.look()
    desk.fund(9)
    desk.look()
    desk.fund(4)
    desk.accept()

    total = sum_of(desk.report(), USDC)
    assert (total.funding_atoms, total.total_atoms) == (13, 13)
    assert [t.count for t in desk.report().transfers] == [1_000]


def test_a_residue_is_a_gain_in_what_it_is_of():
    desk = Desk()
    desk.see()
    left = (Amount(USDC.id, 5), Amount(ETH.id, ETHER), Amount(BTC.id, 10**6))
    desk.fill(POOL, Side.BUY, ETHER, 3_000 * DOLLAR, residue=left)

    # An ether at 3,000 and a hundredth of a bitcoin at 60,000.
    assert sum_of(desk.report(), USDC).total_atoms == (3_000 + 600) * DOLLAR + 5


def test_what_has_no_mark_is_named_and_left_out_of_the_sum():
    desk = Desk()
    desk.see()
    desk.fill(TETHER_POOL, Side.BUY, ETHER, 3_003 * DOLLAR)
    del desk.reserves[TETHER_POOL.id]

    total = sum_of(desk.report(), USDT)
    assert total.unrealised_atoms == 0
    assert total.unmarked == (f"ETH of {CHAIN}",)


sides = st.sampled_from(Side)
amounts = st.integers(1, 10**12)
pool_fills = st.tuples(
    st.just("pool"),
    st.sampled_from((POOL, BTC_POOL)),
    sides,
    st.integers(1, 10**20),
    amounts,
    st.integers(0, 10**16),
)
tether_fills = st.tuples(
    st.just("pool"),
    st.sampled_from((TETHER_POOL, PEG_POOL)),
    sides,
    st.integers(1, 10**20),
    amounts,
    st.integers(0, 10**16),
)
others = st.one_of(
    st.tuples(st.just("perp"), sides, st.integers(1, 10**5), amounts, st.integers(-(10**6), 10**8)),
    st.tuples(st.just("forced"), st.integers(-(10**5), 10**5).filter(bool), amounts, amounts),
    st.tuples(st.just("funding"), st.integers(-(10**9), 10**9)),
    st.tuples(st.just("mark"), st.integers(1, 10**7)),
    st.tuples(st.just("price"), st.sampled_from((POOL, BTC_POOL)), st.integers(1_000, 10**20)),
    st.tuples(st.just("residue"), st.integers(1, 10**9), st.integers(1, 10**18)),
    st.just(("look",)),
    st.just(("see",)),
    st.tuples(
        st.just("deposit"),
        st.sampled_from(((CHAIN, ETH.id), (CHAIN, USDC.id), (MARGIN, USDC.id))),
        st.integers(-(10**18), 10**18),
    ),
)
one_quote = st.lists(st.one_of(pool_fills, others), max_size=25)
two_quotes = st.lists(st.one_of(pool_fills, tether_fills, others), max_size=25)


def trade(desk, pool, side, quantity, notional, gas):
    desk.fill(pool, side, quantity, notional, gas=gas)


def trade_perp(desk, side, lots, notional, fee):
    desk.fill(PERP, side, lots * LOT, notional, fee=fee)


def leave_residue(desk, dollars, wei):
    residue = (Amount(USDC.id, dollars), Amount(ETH.id, wei), Amount(BTC.id, dollars))
    desk.fill(POOL, Side.SELL, wei, dollars, residue=residue)


def set_mark(desk, ticks):
    desk.mark_ticks = ticks


def set_price(desk, pool, quote):
    desk.reserves[pool.id] = (desk.reserves[pool.id][0], quote)


def deposit(desk, place, atoms):
    """Move something in or out, and return its worth in dollars at that moment."""
    desk.purse[place] += atoms
    desk.look()
    desk.accept()
    desk.see()
    return atoms if place[1] == USDC.id else desk.token_worth(POOL, atoms, up=True)


STEPS = {
    "pool": trade,
    "perp": trade_perp,
    "residue": leave_residue,
    "forced": Desk.force,
    "funding": Desk.fund,
    "mark": set_mark,
    "price": set_price,
    "look": Desk.look,
    "see": Desk.see,
    "deposit": deposit,
}


def done(desk, step):
    """Do one step, and return the dollars that it moved in."""
    name, *rest = step
    return STEPS[name](desk, *rest) or 0


@given(one_quote)
def test_profit_is_what_cash_and_inventory_at_mark_have_grown_by(taken):
    desk = Desk()
    desk.see()
    before = desk.worth(POOL, BTC_POOL)
    gas_before = desk.purse[CHAIN, "NATIVE"]
    brought = sum(done(desk, step) for step in taken)

    report = desk.report()

    # Tethers are inventory of this desk that nothing moves, at a price that does not.
    total = sum_of(report, USDC)
    assert total.total_atoms + total.gas_atoms == desk.worth(POOL, BTC_POOL) - before - brought
    assert sum(g.native_atoms for g in report.gas) == gas_before - desk.purse[CHAIN, "NATIVE"]
    assert total.unmarked == ()


@given(two_quotes)
def test_every_balance_is_what_the_lines_say_came_and_went(taken):
    desk = Desk()
    for step in taken:
        done(desk, step)
    desk.look()

    told = {}
    for row in desk.report().items:
        quantity = row.quantity_atoms + row.unpriced_atoms
        told[row.account, row.item] = told.get((row.account, row.item), 0) + quantity
        # What was not gained came as cost, and what was moved in was not paid for.
        cash = row.realised_atoms - row.cost_atoms + row.brought_atoms - row.fees_atoms
        told[row.account, row.quote] = told.get((row.account, row.quote), 0) + cash
    for row in desk.report().funding:
        told[row.account, row.asset] = told.get((row.account, row.asset), 0) + row.atoms
    for row in desk.report().gas:
        told[row.account, "NATIVE"] = told.get((row.account, "NATIVE"), 0) - row.native_atoms
    lots = told.pop((MARGIN, PERP.id), 0)
    assert lots == desk.lots * LOT
    assert told == desk.purse


@given(two_quotes)
def test_a_report_changes_nothing_and_sums_by_venue_asset_and_account_agree(taken):
    desk = Desk()
    for step in taken:
        done(desk, step)
    world = desk.world

    report = desk.report()

    assert desk.world is world
    for rows in (report.by_venue(), report.by_asset(), report.by_account()):
        for total in report.sums:
            parts = [row.total_atoms for row in rows if row.quote == total.quote]
            assert sum(parts) == total.total_atoms
