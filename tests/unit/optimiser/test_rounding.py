from router.domain.plan import NoRouteReason, QuantityKind
from router.domain.units import Side
from router.optimiser.cash import moved, solve_cash
from router.optimiser.convex.parts import solve_continuous
from router.optimiser.convex.reach import most_filled
from router.optimiser.exact.leg import to_legs, total_cost
from router.optimiser.exact.rooms import rooms_of
from router.optimiser.exact.rounding import Draft, round_shares
from router.optimiser.exact.single import singles
from router.optimiser.exact.trade import Trade, book_trade, broken_account, pool_trade
from router.optimiser.gas.search import Solved, worth_their_gas
from router.optimiser.market.market import prepare, select
from router.optimiser.market.scaling import scale
from tests.unit.optimiser.world import MID, UNIT, USD, book, pool, problem


def test_a_cash_order_is_solved_at_the_quantity_its_cash_trades_for():
    made = problem(kind=QuantityKind.CASH, quantity=300_000.0, pools=(pool(),), books=(book(),))
    selection = select(prepare(made), (0,))

    scaled, split = solve_cash(selection)

    assert abs(moved(selection.market, scaled.curves, split.shares) / 300_000.0 - 1.0) < 2e-9
    assert scaled.curves[0].quantity < 300_000.0 / MID


def test_rounding_costs_no_more_than_the_lots_and_atoms_it_moves():
    made = problem(quantity=100.0, pools=(pool(), pool("pool-b", seed=1)), books=(book(),))
    selection = select(prepare(made), (0, 1))
    scaled = scale(selection, 100.0)
    split = solve_continuous(scaled)
    assert split is not None

    found = round_shares(selection, scaled, split.shares, rooms=rooms_of([made]))

    assert isinstance(found, Draft)
    assert found.base == 100 * UNIT
    # At most one lot of 0.2 USD sits elsewhere, at a price at most 1 % away; legs round atoms up.
    assert abs(found.cost - split.upper * 100 * MID * USD) < 0.01 * 0.2 * USD + 20


def test_gas_below_what_every_pool_gains_changes_nothing():
    pools = (pool(), pool("pool-b", seed=1))
    made = problem(quantity=500.0, pools=pools, gas_usd=0.01)
    market = prepare(made)

    def solve_with(which: tuple[int, ...]) -> Solved:
        selection = select(market, which)
        scaled = scale(selection, 500.0)
        split = solve_continuous(scaled)
        assert split is not None
        return Solved(selection, scaled, split)

    full = solve_with((0, 1))

    assert worth_their_gas(full, solve_with) is full


def test_the_legs_of_a_transaction_share_what_it_costs_before_the_first_pool():
    made = problem(quantity=10.0, pools=(pool(), pool("pool-b", seed=1)), gas_usd=10.0)
    trades = [
        pool_trade(made, candidate, amount=5 * UNIT, kind=QuantityKind.BASE)
        for candidate in made.pools
    ]
    exact = [trade for trade in trades if isinstance(trade, Trade)]

    legs = to_legs(made, exact)

    # 120,000 units each and half of 100,000, at 10 USD for 100,000.
    assert [leg.cost.gas for leg in legs] == [17 * USD, 17 * USD]
    assert sum(leg.cost.total for leg in legs) == total_cost(made, exact)


def test_an_account_is_broken_by_all_trades_together():
    made = problem(quantity=10.0, pools=(pool(), pool("pool-b", seed=1)), cash=15_000.0)
    trades = [
        pool_trade(made, candidate, amount=5 * UNIT, kind=QuantityKind.BASE)
        for candidate in made.pools
    ]
    exact = [trade for trade in trades if isinstance(trade, Trade)]

    assert broken_account(made, exact[:1]) is None
    assert broken_account(made, exact) is NoRouteReason.INSUFFICIENT_BALANCE


def test_a_book_under_its_minimum_is_no_trade():
    made = problem(side=Side.SELL, books=(book(),))

    # 49 lots of 0.0001 ETH are below 10 USD, 51 above.
    assert book_trade(made, made.books[0], lots=49) is NoRouteReason.BELOW_MINIMUM
    assert isinstance(book_trade(made, made.books[0], lots=51), Trade)


def test_instruments_alone_are_none_where_the_order_does_not_fit():
    small = pool("pool-small", depth_usd=1e4, seed=2)
    made = problem(quantity=300.0, pools=(pool(), small), books=(book(),), equity=1_000.0)

    venues, drafts = singles(select(prepare(made), (0, 1)), rooms=rooms_of([made]))

    fits = {venue.instrument: venue.slippage is not None for venue in venues}
    assert fits == {"pool-a": True, "pool-small": False, "perp-a": False}
    assert [draft.base for draft in drafts] == [300 * UNIT]


def test_a_breached_account_still_reaches_what_reduces():
    made = problem(quantity=100.0, books=(book(position_lots=-250_000),), equity=-1.0)
    scaled = scale(select(prepare(made), ()), 100.0)

    assert abs(most_filled(scaled) - 0.25) < 1e-9
