"""Quotes of a snapshot, planned here and not in a process of their own."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest

from router.compose.dry_run.quoting import Glance, Quoter
from router.compose.dry_run.snapshots import read_accounts
from router.domain.error import OrderError, VenueError
from router.domain.plan import PlannedRoute
from router.domain.units import Amount
from router.gateway.quote_data import Shown, Told, document
from router.gateway.quote_standing import Standing
from router.optimiser.robust.interval import drift_of, interval
from router.optimiser.solve import solve
from router.optimiser.weigh import weigh
from router.state.world import World
from tests.unit.compose.test_snapshots import snapshot
from tests.unit.engine.scene import CHAIN, MARGIN, PERP, POOL, USDC, accounts
from tests.unit.shell.floor import run

ASKED = {"side": "buy", "quantity": "0.5", "base": "ETH", "quote": "USDC"}


class Inline:
    """Plans at once."""

    async def solve(self, problem):
        return solve(problem)

    async def weigh(self, planned):
        return weigh(planned)


@dataclass
class Files:
    journal: object


def quoter(assembly=None):
    async def look():
        return snapshot(assumed=())

    return Quoter(look, Inline(), source="desk", assembly=assembly)


def desk(folder):
    config = Files(folder / "desk.journal")
    return SimpleNamespace(config=config, clock=SimpleNamespace(now=lambda: snapshot().at))


@pytest.mark.parametrize("field", ["inclusion_s", "volatility_bps_hour", "holds_s"])
@pytest.mark.parametrize("text", ["NaN", "sNaN", "-NaN", "Infinity", "-1", "", "much", "1e9"])
def test_a_wish_that_is_no_number_in_its_bounds_is_refused_by_name(field, text):
    with pytest.raises(OrderError, match=f"{field}: must"):
        run(quoter().quoted({**ASKED, field: text}))


def test_legs_that_are_worth_less_than_an_atom_have_a_document():
    found = run(quoter().quote(ASKED)).shown
    (leg,) = found.plan.legs
    none = replace(leg, quantity=Amount(leg.quantity.asset, 1), notional=Amount(USDC.id, 0))
    plan = replace(found.plan, legs=(none,))
    weighed = weigh(PlannedRoute(found.problem, found.plan))
    drift = drift_of(plan.legs, {}, inclusion_s=None, told=0.001)
    band = interval(weighed.outcomes, drift)

    told = document(
        snapshot(),
        found.order,
        Shown(found.problem, plan, weighed, band, Told(None, 0)),
        source="desk",
        standing=Standing("unknown", ""),
    )

    assert drift == 0.0
    assert [part.share_pct for part in told.slippage.legs] == [0.0]


@pytest.mark.parametrize("quantity", ["0.0000001", "0.000001", "0.5"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_causes_add_up_to_the_total_however_small_the_order_is(side, quantity):
    asked = {**ASKED, "side": side, "quantity": quantity, "holding_hours": "100"}

    told = run(quoter().quoted(asked, curve=True))["slippage"]

    for part in (told, *told["legs"]):
        causes = part["causes"]
        names = ("impact_bps", "fees_bps", "gas_bps", "funding_bps")
        beyond = sum(causes[name] for name in names)
        beyond -= part["total_bps"] if "total_bps" in part else part["slippage_bps"]
        # Each is rounded up to a hundredth; floats of millions of basis points have ten digits.
        assert -1e-6 <= beyond <= 0.04 + 1e-6
    funding = told["causes"]["funding_bps"]
    assert told["execution_bps"] == pytest.approx(told["total_bps"] - funding, abs=0.021)


def test_a_quote_is_kept_under_a_name(tmp_path):
    assert run(quoter(desk(tmp_path)).quoted(ASKED))["quote_id"].startswith("q-")


def test_what_an_algo_spreads_is_shown_as_if_it_were_sent_now_and_cannot_be_sent_so(tmp_path):
    twap = {**ASKED, "algo": "twap", "duration_s": "60"}

    told = run(quoter(desk(tmp_path)).quoted(twap))

    assert told["feasible"]
    assert told["quote_id"] is None
    assert "twap sends it over time" in told["state"]["assumed"][0]


def test_all_or_nothing_is_refused_where_an_order_would_be_and_else_not_kept(tmp_path):
    quotes = quoter(desk(tmp_path))
    whole = {**ASKED, "quantity": "0.05", "time_in_force": "fok"}

    torn = run(quotes.quoted(whole))
    kept = run(quotes.quoted({**whole, "venues": POOL.venue}))

    assert (torn["feasible"], kept["feasible"]) == (False, True)
    assert f"{PERP.id} may fill a part of it" in torn["infeasible"]["message"]
    assert kept["quote_id"] is None


class Accounts:
    """One account that answers, and one that is silent or says why not."""

    def __init__(self, why=None):
        self.why = why

    async def accounts(self, names):
        chain, perp = accounts()
        if names == (CHAIN,):
            return (chain,)
        if self.why is not None:
            raise VenueError(PERP.venue, self.why)
        await Silence()
        return (perp,)


class Silence:
    """Never comes."""

    def __await__(self):
        while True:
            yield


@pytest.mark.parametrize(("why", "said"), [("down", "down"), (None, "did not answer within 0 s")])
def test_an_account_that_does_not_answer_is_passed_over_with_the_reason(why, said):
    desk_of_two = SimpleNamespace(instruments=(POOL, PERP))

    found = run(read_accounts(desk_of_two, Accounts(why), patience_s=0.0))

    assert [one.account for one in found.read] == [CHAIN]
    assert list(found.unreadable) == [MARGIN]
    assert said in found.unreadable[MARGIN]


class Counted:
    """Accounts as of a block, and how often they were asked for."""

    def __init__(self):
        self.asked = 0
        self.block = 7

    async def accounts(self, names):
        self.asked += 1
        (account,) = [one for one in accounts() if one.account in names]
        if account.block is None:
            return (account,)
        return (replace(account, block=replace(account.block, number=self.block)),)


def test_accounts_are_read_again_once_something_is_known_to_have_moved_them():
    read, clock = Counted(), SimpleNamespace(time=0, now=lambda: clock.time)
    glance = Glance(SimpleNamespace(instruments=(POOL, PERP), clock=clock), read)
    moved = replace(World(), mined={CHAIN: 8})

    async def looked():
        counts = []
        for time_ms, world in ((0, World()), (300, World()), (300, moved), (400, moved)):
            clock.time = time_ms * 10**6
            await glance.accounts(world)
            counts.append(read.asked)
            read.block = 8
        clock.time = 2_400 * 10**6
        await glance.accounts(moved)
        return [*counts, read.asked]

    # Two accounts each time: at once, not again, since a block moved one, not again, and as usual.
    assert run(looked()) == [2, 2, 4, 4, 6]
