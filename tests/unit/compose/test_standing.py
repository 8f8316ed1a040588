"""What a quote says a desk would do with the order now, against what the engine does with it."""

from dataclasses import replace

import pytest

from router.cli.show_quote import now_lines
from router.compose.dry_run.quoting import Quoter
from router.compose.dry_run.standing import DeskNow
from router.domain.command import SolveRoute
from router.domain.event import MarketObserved, ParentSubmitted, RouteSolved, SwitchSet
from router.domain.inventory import ChainInventory
from router.domain.market import PoolTick
from router.domain.order import OrderStatus
from router.domain.scope import FIRM, Scope, ScopeKind
from router.domain.switch import SwitchSetting, TradingState
from router.domain.units import Amount, VenueId
from router.gateway.quote_standing import UNASKED, Allowance, Standing
from router.optimiser.solve import solve
from router.state.world import Phase
from tests.unit.compose.linked_floor import kept
from tests.unit.compose.test_quoting import Inline, desk
from tests.unit.compose.test_snapshots import snapshot
from tests.unit.engine.scene import DOLLAR, ETHER, LATER, MARGIN, PERP, POOL, STARTED, USDC, order
from tests.unit.gateway.fix_messages.asking import held
from tests.unit.gateway.fix_messages.test_questions import quote_of
from tests.unit.risk.controls.scene import SOURCES, Desk, beside, firm, usdc
from tests.unit.shell.floor import run

ASKED = {"side": "buy", "quantity": "4", "base": "ETH", "quote": "USDC", "holding_hours": "1"}
VENUE = Scope(ScopeKind.VENUE, PERP.venue)
CHAINS = Scope(ScopeKind.VENUE, POOL.venue)
DEEPER = 10**5
HALTED, CANCEL_ONLY = TradingState.HALTED, TradingState.CANCEL_ONLY
MUCH = firm(daily_notional_max=usdc(15_000))


class Deep(Desk):
    """A desk before a pool that takes hundreds of ether."""

    def seen(self):
        return deep(super().seen())


def deep(seen):
    (pool,) = seen.pools
    ticks = tuple(
        PoolTick(t.index, t.liquidity_net * DEEPER, t.liquidity_gross * DEEPER) for t in pool.ticks
    )
    return replace(seen, pools=(replace(pool, liquidity=pool.liquidity * DEEPER, ticks=ticks),))


def begun(rules=None):
    return Deep().begin(rules or firm())


def switched(made, *settings):
    for scope, state in settings:
        at = made.tick()
        made.feed(SwitchSet(SwitchSetting(scope, state, "ann", "a test", at), at))
    return made


def quoter(made, *, crowded=None, files=None):
    async def look():
        world = made.world
        seen = snapshot(at=made.tick(), limits=world.limits, assumed=())
        told = replace(deep(seen.observation), accounts=made.seen().accounts)
        heads = tuple(replace(head, block=LATER) for head in seen.heads)
        return replace(seen, observation=told, heads=heads)

    def now():
        return DeskNow(made.world, crowded)

    return Quoter(look, Inline(), source="desk", assembly=files, desk=now)


def quoted(made, *, crowded=None, files=None, **words):
    return run(quoter(made, crowded=crowded, files=files).quoted({**ASKED, **words}))


def fate(made, ethers=4, **changes):
    """Return what the engine itself says of such an order, and where it goes."""
    asked = order(ethers, name="sent", **changes)
    made.feed(ParentSubmitted(asked, made.tick()))
    if made.world.parents[asked.id].phase is Phase.OBSERVING:
        made.feed(MarketObserved(asked.id, made.seen(), made.tick()))
    for command in made.commands:
        if isinstance(command, SolveRoute):
            made.feed(RouteSolved(asked.id, solve(command.problem), made.tick()))
    state = made.world.parents[asked.id]
    return state, {leg.instrument.id for plan in state.plans for leg in plan.legs}


def markets(told):
    return {leg["instrument"] for leg in told["plan"]["legs"]}


def test_an_order_that_nothing_stands_against_would_be_taken_in():
    made = begun()

    told = quoted(made)

    assert told["now"]["verdict"] == "accepted"
    assert told["now"]["left_out"] == []
    state, used = fate(made)
    assert state.status is OrderStatus.NEW
    assert used == markets(told)


@pytest.mark.parametrize("state", [HALTED, CANCEL_ONLY])
@pytest.mark.parametrize("scope", [FIRM, Scope(ScopeKind.STRATEGY, "default")])
def test_where_a_switch_stops_it_the_quote_has_a_plan_and_the_engines_words(tmp_path, scope, state):
    made = switched(begun(), (scope, state))

    told = quoted(made, files=desk(tmp_path))

    now = told["now"]
    assert told["feasible"]
    assert (now["verdict"], now["control"]) == ("refused", "C20-kill-switch")
    assert told["quote_id"] is None
    assert told["explanation"][0] == f"sent now it would be refused: {now['message']}"
    sent, _ = fate(made)
    assert (sent.status, sent.reason) == (OrderStatus.REJECTED, now["message"])


def test_a_closed_venue_is_left_out_as_the_engine_leaves_it_out():
    made = switched(begun(), (VENUE, HALTED))

    told = quoted(made)

    assert told["now"]["verdict"] == "accepted"
    (without,) = told["now"]["left_out"]
    assert without["instrument"] == PERP.id
    assert "venue:hyperliquid is halted since ann said so: a test" in without["reason"]
    assert fate(made)[1] == markets(told) == {POOL.id}


def test_where_every_venue_is_closed_it_is_refused_and_still_planned():
    made = switched(begun(), (VENUE, HALTED), (CHAINS, HALTED))

    told = quoted(made)

    assert told["feasible"]
    assert told["now"]["verdict"] == "refused"
    assert "is halted since ann said so" in told["now"]["message"]
    sent, used = fate(made)
    assert (sent.phase, used) == (Phase.DONE, set())


def test_a_venue_that_only_reduces_is_said_to():
    made = switched(begun(), (VENUE, TradingState.REDUCE_ONLY))

    told = quoted(made)

    (without,) = told["now"]["left_out"]
    assert without["instrument"] == PERP.id
    assert without["reason"].startswith("it only reduces: venue:hyperliquid is reduce_only")
    assert fate(made)[1] == markets(told) == {POOL.id}


def test_a_day_whose_notional_is_used_up_refuses_and_says_what_is_left():
    made = begun(MUCH)
    # 3 ether at 3,000 filled, and one more out: 12,000 of 15,000.
    (child,) = made.tell(order(4, name="before"), ((POOL, 4),))
    made.sign(child)
    made.acknowledge(child)
    made.fill(child, 3)

    more, less = quoted(made), quoted(made, quantity="0.5")

    now = more["now"]
    assert more["feasible"]
    assert (now["verdict"], now["control"]) == ("refused", "C06-daily")
    assert now["limit"] == "controls.firm.daily_notional_max"
    left = {one["key"]: one for one in now["allowances"]}["controls.firm.daily_notional_max"]
    assert left["limit"] == "15000"
    # What is out counts whole until it has ended: nine thousand filled and twelve thousand out.
    assert (left["used"], left["left"]) == ("21000", "0")
    assert less["now"]["verdict"] == "refused"


def test_what_is_left_of_the_day_is_the_limit_without_what_was_traded():
    made = begun(firm(daily_notional_max=usdc(30_000)))
    (child,) = made.tell(order(4, name="before"), ((POOL, 4),))
    made.sign(child)
    made.acknowledge(child)
    made.fill(child, 4)
    made.end(child, OrderStatus.FILLED)
    made.reconcile(eth=4 * ETHER, usdc=-12_000 * DOLLAR)

    fits, over = quoted(made, quantity="5.9"), quoted(made, quantity="6.1")

    left = {one["key"]: one for one in fits["now"]["allowances"]}
    assert left["controls.firm.daily_notional_max"]["left"] == "18000"
    assert (fits["now"]["verdict"], over["now"]["verdict"]) == ("accepted", "refused")
    assert "is above controls.firm.daily_notional_max 30000 USDC" in over["now"]["message"]


def test_a_limit_of_a_venue_is_asked_of_its_part():
    tight = beside(CHAINS, daily_notional_max=usdc(1_000))
    made = switched(begun(tight), (VENUE, HALTED))

    told = quoted(made)

    assert told["feasible"] is False
    assert told["now"]["verdict"] == "refused"
    assert "1000 USDC" in told["now"]["message"]


def test_one_that_was_sent_a_moment_ago_is_a_duplicate_and_can_be_sent_all_the_same(tmp_path):
    made = begun(firm(similar_within=60 * 10**9))
    made.feed(ParentSubmitted(order(4, name="before"), made.tick()))
    wide = {"slippage_max_bps": "100"}

    told = quoted(made, files=desk(tmp_path), **wide)
    meant = quoted(made, allow_similar="true", **wide)

    assert (told["now"]["verdict"], told["now"]["control"]) == ("refused", "C08-duplicate")
    assert told["quote_id"] is not None
    assert meant["now"]["verdict"] == "accepted"


def test_a_desk_that_takes_nothing_in_says_so():
    told = quoted(begun(), crowded="10000 orders are waiting; send it again later")

    assert told["feasible"]
    assert told["now"]["verdict"] == "refused"
    assert told["now"]["message"] == "10000 orders are waiting; send it again later"


def test_while_the_books_disagree_nothing_would_be_traded():
    made = begun()
    made.reconcile(usdc=-5 * DOLLAR)
    assert made.world.halt_reason is not None

    told = quoted(made)

    assert told["feasible"]
    assert told["now"]["verdict"] == "refused"
    sent, used = fate(made)
    assert (sent.reason, used) == (told["now"]["message"], set())


def test_before_the_accounts_were_looked_at_an_order_waits():
    made = Deep()
    made.feed(replace(STARTED, limits=begun().world.limits))

    told = quoted(made)

    assert told["now"]["verdict"] == "waits"
    sent, _ = fate(made)
    assert sent.phase is Phase.QUEUED


def test_where_the_only_account_has_no_room_it_waits_and_what_cannot_wait_is_refused():
    rule = ChainInventory(VenueId(POOL.venue), 0, 10**9, in_flight_max=1)
    made = Deep().begin(firm(), inventory=(rule,))
    (child,) = made.tell(order(1, name="before"), ((POOL, 1),))
    made.sign(child)
    pool_only = {"venues": POOL.venue}

    waits, at_once = quoted(made, **pool_only), quoted(made, **pool_only, time_in_force="ioc")

    assert (waits["now"]["verdict"], at_once["now"]["verdict"]) == ("waits", "refused")
    assert "1 transactions in flight" in waits["now"]["message"]
    assert at_once["now"]["message"].endswith("it must trade at once")


def test_what_is_too_large_for_a_limit_is_refused_whoever_is_asked():
    small = firm(order_notional_max=usdc(9_000))
    told = quoted(begun(small))

    async def look():
        limits = begun(small).world.limits
        return snapshot(limits=replace(limits, price_guard=SOURCES))

    alone = run(Quoter(look, Inline(), source="snapshot", assembly=None).quoted(ASKED))

    for each in (told, alone):
        assert (each["feasible"], each["now"]["verdict"]) == (False, "refused")
        assert each["now"]["message"] == each["infeasible"]["message"]


def test_without_a_desk_nobody_says_that_it_would_be_taken_in():
    async def look():
        return replace(snapshot(), observation=deep(snapshot().observation))

    told = run(Quoter(look, Inline(), source="live", assembly=None).quoted(ASKED))

    assert (told["feasible"], told["now"]["verdict"]) == (True, "unknown")
    assert told["now"]["message"] == UNASKED
    assert told["now"]["allowances"] == []


def test_what_is_out_is_left_to_those_who_sent_it():
    made = begun()
    only = {"quantity": "250", "venues": POOL.venue}
    free = quoted(made, **only)
    (child,) = made.tell(order(100, name="before"), ((POOL, 100),))
    made.sign(child)
    taken = quoted(made, **only)

    # 300,000 of 900,000 dollars are promised: at 3,000 no more than 200 ether can be bought.
    assert (free["feasible"], taken["feasible"]) == (True, False)
    assert taken["now"]["verdict"] == "refused"
    assert 150 < float(taken["infeasible"]["largest_quantity"]) <= 200


def test_by_fix_a_quote_that_would_be_refused_is_indicative_and_says_so_first(tmp_path):
    made = switched(begun(), (FIRM, HALTED))
    asking = quoter(made, files=desk(tmp_path)).quoted(ASKED, whole_desk=False)

    _, (told,) = held("R", quote_of(), run(asking))

    assert (told.kind, told.body.get(537)) == ("S", "0")
    assert told.body.get(58).startswith(
        "sent now it would be refused: firm is halted since ann said so: a test"
    )


def test_for_eyes_what_the_desk_would_say_comes_with_what_is_left():
    made = begun(MUCH)
    made.tell(order(4, name="before"), ((POOL, 4),))
    switched(made, (VENUE, HALTED))
    over = run(quoter(made).quote(ASKED)).document

    refused, without, *left = now_lines(over)

    assert refused.startswith("sent now it would be refused: 24000")
    assert without.startswith(f"without {PERP.id}: venue:hyperliquid is halted")
    assert "controls.firm.daily_notional_max has 3000 of 15000 USDC left" in left


def test_a_key_of_some_accounts_is_quoted_without_margin_and_told_so():
    whole = quoted(begun(), quantity="0.5")
    some = run(quoter(begun()).quoted({**ASKED, "quantity": "0.5"}, whole_desk=False))

    assert [one["account"] for one in whole["margin"]] == [MARGIN]
    assert whole["now"]["allowances"]
    assert whole["withheld"] == []
    assert (some["margin"], some["now"]["allowances"]) == ([], [])
    assert len(some["withheld"]) == 2
    kept_back = {"margin", "now", "withheld"}
    assert {k: v for k, v in some.items() if k not in kept_back} == {
        k: v for k, v in whole.items() if k not in kept_back
    }


@pytest.mark.parametrize(
    ("said", "sees"), [({}, False), ({"margin": False}, False), ({"margin": True}, True)]
)
def test_over_the_link_margin_is_told_to_whom_the_gateway_says(tmp_path, said, sees):
    class Asked:
        async def quoted(self, request, **how):
            return {"of": request, **how}

        async def close(self):
            """Hold nothing."""

    async def told():
        async with kept(tmp_path) as linked:
            linked.desk.quotes = Asked()
            return await linked.ask("quote", order=ASKED, **said)

    assert run(told())["whole_desk"] is sees


def test_less_than_nothing_is_never_left():
    limit = Amount(USDC.id, 10)

    assert (Allowance("k", limit, used=12).left, Allowance("k", limit, used=-3).left) == (0, 10)


def test_only_a_refusal_holds_a_quote_up():
    assert not Standing("waits", "x").holds_up
    assert Standing("refused", "x").holds_up
