"""Properties of the matching core, and a slower matcher that must agree with it."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from venues.sandbox.hyperliquid.config import ETH, FeeSchedule, SandboxConfig
from venues.sandbox.hyperliquid.ledger import conservation
from venues.sandbox.hyperliquid.matching.matching import Matching
from venues.sandbox.hyperliquid.order import OrderRequest, Stamp, TimeInForce
from venues.sandbox.hyperliquid.state import credit, opened

TRADERS = ("0x" + "a" * 40, "0x" + "b" * 40, "0x" + "c" * 40)
DEPOSIT = 50_000_000_000  # micro-USD: small enough that margin bites now and then

instruction = st.tuples(
    st.sampled_from(TRADERS),
    st.booleans(),
    st.integers(min_value=2_990, max_value=3_010),  # whole dollars
    st.integers(min_value=0, max_value=60_000),  # ten-thousandths of an ether
    st.sampled_from(list(TimeInForce)),
    st.booleans(),
    st.integers(min_value=0, max_value=9),  # one in ten is a cancel
)


class Rehearsal:
    """A matching core with three funded traders."""

    def __init__(self, deposit=DEPOSIT, fees=FeeSchedule()):  # noqa: B008 - it is frozen
        config = SandboxConfig(coins=(replace(ETH, oracle_price="3000"),), fees=fees)
        self.state = opened(config, 0)
        self.market = self.state.markets["ETH"]
        self.matching = Matching(self.state)
        self.deposit = deposit
        for address in TRADERS:
            credit(self.state, address, deposit)

    def place(self, trader, *, is_buy, price, size, tif=TimeInForce.GTC, reduce_only=False):
        request = OrderRequest(
            asset=0,
            is_buy=is_buy,
            price_text=str(price),
            size_text=f"{size // 10_000}.{size % 10_000:04d}",
            reduce_only=reduce_only,
            time_in_force=tif,
            cloid=None,
        )
        account = self.state.account(trader)
        stamp = Stamp(0, "0x00")
        return self.matching.place(request, account, market=self.market, stamp=stamp)

    def play(self, script):
        for trader, is_buy, price, size, tif, reduce_only, dice in script:
            mine = list(self.state.account(trader).open_orders.values())
            if dice == 0 and mine:
                self.matching.cancel(mine[0], status="canceled", stamp=Stamp(0, "0x00"))
            elif size or reduce_only:
                yield self.place(
                    trader, is_buy=is_buy, price=price, size=size, tif=tif, reduce_only=reduce_only
                )

    @property
    def accounts(self):
        return [self.state.account(address) for address in TRADERS]

    def fills(self):
        return [fill for account in self.accounts for fill in account.fills]


@settings(max_examples=150, deadline=None)
@given(st.lists(instruction, max_size=60))
def test_positions_and_money_are_conserved(script):
    rehearsal = Rehearsal()

    for _ in rehearsal.play(script):
        pass

    assert sum(account.position("ETH").size for account in rehearsal.accounts) == 0
    cash = sum(account.cash for account in rehearsal.accounts)
    assert cash + rehearsal.state.till.fees == len(TRADERS) * DEPOSIT
    assert sum(fill.fee for fill in rehearsal.fills()) == rehearsal.state.till.fees
    conservation.check(rehearsal.state)


@settings(max_examples=150, deadline=None)
@given(st.lists(instruction, max_size=60))
def test_the_book_never_crosses_and_its_levels_are_sorted(script):
    rehearsal = Rehearsal()

    for _ in rehearsal.play(script):
        bids = [price for price, _ in rehearsal.market.book.levels(is_buy=True)]
        asks = [price for price, _ in rehearsal.market.book.levels(is_buy=False)]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert not bids or not asks or bids[0] < asks[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(instruction, max_size=60))
def test_no_fill_is_worse_than_its_limit_and_no_order_overfills(script):
    rehearsal = Rehearsal()

    for _ in rehearsal.play(script):
        pass

    filled = {}
    for fill in rehearsal.fills():
        order = rehearsal.state.orders[fill.oid]
        assert fill.price <= order.price if fill.is_buy else fill.price >= order.price
        filled[fill.oid] = filled.get(fill.oid, 0) + fill.size
    for oid, order in rehearsal.state.orders.items():
        assert order.size - order.leaves == filled.get(oid, 0)
        assert 0 <= order.leaves <= order.size


@settings(max_examples=150, deadline=None)
@given(st.lists(instruction, max_size=60))
def test_resting_margin_and_order_lists_follow_the_book(script):
    rehearsal = Rehearsal()

    for _ in rehearsal.play(script):
        pass

    resting = {
        oid
        for is_buy in (True, False)
        for _, orders in rehearsal.market.book.levels(is_buy=is_buy)
        for oid in orders
    }
    listed = {oid for account in rehearsal.accounts for oid in account.open_orders}
    assert resting == listed
    assert resting == {o for o, order in rehearsal.state.orders.items() if order.status == "open"}
    for account in rehearsal.accounts:
        for is_buy in (True, False):
            held_back = sum(
                order.leaves
                for order in account.open_orders.values()
                if order.is_buy is is_buy and not order.reduce_only
            )
            position = account.position("ETH")
            held = position.resting_buys if is_buy else position.resting_sells
            assert held == held_back


@settings(max_examples=150, deadline=None)
@given(st.lists(instruction, max_size=60))
def test_reduce_only_never_grows_a_position(script):
    rehearsal = Rehearsal()

    for _ in rehearsal.play(script):
        pass

    for fill in rehearsal.fills():
        if rehearsal.state.orders[fill.oid].reduce_only:
            after = fill.start_position + (fill.size if fill.is_buy else -fill.size)
            assert abs(after) == abs(fill.start_position) - fill.size


@settings(max_examples=150, deadline=None)
@given(st.lists(instruction, max_size=60))
def test_profit_is_money_in_hand_once_everything_is_closed(script):
    rehearsal = Rehearsal()

    for _ in rehearsal.play(script):
        pass

    for account in rehearsal.accounts:
        realised = sum(fill.closed_pnl - fill.fee for fill in account.fills)
        cost = account.position("ETH").cost
        assert account.cash == DEPOSIT + realised - cost
        if account.position("ETH").size == 0:
            assert cost == 0


def slow_match(script):
    """Match by sorting everything anew for every order; no money, no reduce-only, no self-trade."""
    resting, prints = [], []
    for number, (is_buy, price, size) in enumerate(script):
        left = size
        rivals = [order for order in resting if order["is_buy"] is not is_buy]
        rivals.sort(key=lambda o: (o["price"] if is_buy else -o["price"], o["number"]))
        for rival in rivals:
            crosses = rival["price"] <= price if is_buy else rival["price"] >= price
            traded = min(left, rival["left"]) if crosses else 0
            if traded:
                rival["left"] -= traded
                left -= traded
                prints.append((rival["number"], number, rival["price"], traded))
        resting = [order for order in resting if order["left"]]
        if left:
            resting.append({"number": number, "is_buy": is_buy, "price": price, "left": left})
    return prints


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.integers(min_value=2_995, max_value=3_005),
            st.integers(min_value=100, max_value=50_000),
        ),
        max_size=50,
    )
)
def test_price_then_time_decides_who_trades(script):
    # Buyers and sellers are different, rich accounts, so that only priority is at work.
    rehearsal = Rehearsal(deposit=10**18)
    makers = {}
    prints = []

    for number, (is_buy, price, size) in enumerate(script):
        trader = TRADERS[0] if is_buy else TRADERS[1]
        account = rehearsal.state.account(TRADERS[1] if is_buy else TRADERS[0])
        told = len(account.fills)
        placed = rehearsal.place(trader, is_buy=is_buy, price=price, size=size)
        assert placed.refusal is None
        makers[placed.order.oid] = number
        prints += [
            (makers[fill.oid], number, fill.price // 100, fill.size)
            for fill in account.fills[told:]
        ]

    assert prints == slow_match(script)


def test_a_taker_cancels_its_own_resting_order_and_goes_on_to_the_next():
    rehearsal = Rehearsal()
    mine = rehearsal.place(TRADERS[0], is_buy=False, price=3_000, size=10_000)
    other = rehearsal.place(TRADERS[1], is_buy=False, price=3_000, size=10_000)

    taker = rehearsal.place(TRADERS[0], is_buy=True, price=3_000, size=10_000)

    assert mine.order.status == "selfTradeCanceled"
    assert other.order.status == taker.order.status == "filled"
    assert [fill.account for fill in rehearsal.fills()] == [TRADERS[0], TRADERS[1]]


def test_fees_are_the_base_tier_of_the_venue():
    rehearsal = Rehearsal()
    rehearsal.place(TRADERS[0], is_buy=False, price=3_000, size=10_000)

    rehearsal.place(TRADERS[1], is_buy=True, price=3_000, size=10_000)

    maker, taker = rehearsal.accounts[0].fills[0], rehearsal.accounts[1].fills[0]
    notional_micro_usd = 3_000 * 1_000_000
    assert maker.fee == notional_micro_usd * Fraction("0.00015")
    assert taker.fee == notional_micro_usd * Fraction("0.00045")
    assert (maker.crossed, taker.crossed) == (False, True)


def test_a_resting_order_whose_owner_lost_the_margin_is_cancelled_when_met():
    rehearsal = Rehearsal()
    rehearsal.place(TRADERS[0], is_buy=True, price=3_000, size=3_000_000)
    rehearsal.state.account(TRADERS[0]).cash -= DEPOSIT - 1_000_000

    taker = rehearsal.place(TRADERS[1], is_buy=False, price=3_000, size=10_000, tif=TimeInForce.IOC)

    assert taker.order.status == "iocCancelRejected"
    assert rehearsal.state.orders[1].status == "marginCanceled"


def test_directions_name_openings_closings_and_flips():
    rehearsal = Rehearsal()
    rehearsal.place(TRADERS[1], is_buy=False, price=3_000, size=20_000)
    rehearsal.place(TRADERS[0], is_buy=True, price=3_000, size=20_000)
    rehearsal.place(TRADERS[2], is_buy=True, price=2_999, size=30_000)

    for size in (5_000, 20_000, 5_000):
        rehearsal.place(TRADERS[0], is_buy=False, price=2_999, size=size)

    assert [fill.direction for fill in rehearsal.accounts[0].fills] == [
        "Open Long",
        "Close Long",
        "Long > Short",
        "Open Short",
    ]
