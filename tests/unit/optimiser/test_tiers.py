"""Plans under margin tiers, stressed scenarios, caps and reservations, held against the words."""

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest

from router.domain.error import NoRouteError, SolverError
from router.domain.margin import (
    HeldPosition,
    InitialMargin,
    MarginTier,
    Reservation,
    StressScenario,
    StressShock,
)
from router.domain.plan import BookCandidate, Leg, NoRouteReason, RoutePlan, RoutingProblem
from router.domain.units import PICO_PER_UNIT, AccountId, Amount, Pico, Pips, Side
from router.optimiser.solve import solve
from tests.unit.optimiser.world import ETH, MID, UNIT, USD, USDC, WBTC, book, pool, problem
from tests.unit.optimiser.world import random_problem as plain

GAP_MAX = PICO_PER_UNIT // 10**6  # 0.01 bp


def tiers(rng: random.Random, notional: float) -> tuple[MarginTier, ...]:
    """Return up to three tiers around what an order would reach."""
    most, above = rng.choice((25, 40, 50)), [0, *sorted(rng.uniform(0.05, 1.5) for _ in range(2))]
    made = []
    for bound in above[: rng.randint(1, 3)]:
        maintenance = Pico(PICO_PER_UNIT // (2 * most))
        made.append(MarginTier(round(bound * notional * USD), most, maintenance))
        most = max(most // 2, 1)
    return tuple(made)


def random_problem(seed: int) -> RoutingProblem:
    """Return an instance in which collateral, scenarios, tiers and caps often bind."""
    rng = random.Random(seed)
    made = plain(seed, binding=True)
    notional = made.quantity.atoms / UNIT * MID
    books = tuple(
        replace(
            b,
            tiers=tiers(rng, notional),
            initial_margin=rng.choice(tuple(InitialMargin)),
            leverage=rng.choice((3, 5, 10, 20)),
            position_lots=rng.choice((0, 0, round(rng.uniform(-0.5, 0.5) * notional / 0.2))),
            position_max_atoms=rng.choice((None, None, round(rng.random() * notional * USD))),
            reduces_only=rng.random() < 0.1,
        )
        for b in made.books
    )
    scenarios = [
        StressScenario(
            f"gap {percent:+d} %",
            Pips(percent * 10_000),
            Pips(rng.randint(-20_000, 20_000)),
            (StressShock(WBTC.id, Pips(rng.randint(-300_000, 300_000)), Pips(0)),),
        )
        for percent in rng.sample(range(-30, 31), rng.choice((0, 2, 6)))
    ]
    held = HeldPosition(
        WBTC.id, round(rng.uniform(-0.1, 0.1) * notional * USD), (), Pico(PICO_PER_UNIT // 20)
    )
    equity = round(notional * rng.uniform(0.01, 0.5) * USD)
    margins = tuple(
        replace(
            m,
            equity_atoms=rng.choice((equity, equity, -1)) if rng.random() < 0.2 else equity,
            elsewhere=(held,) if rng.random() < 0.5 else (),
            margin_used_elsewhere_atoms=abs(held.notional_atoms) // 20,
            stress_buffer_atoms=rng.choice((0, equity // 50)),
            reduces_only=rng.random() < 0.05,
        )
        for m in made.margins
    )
    accounts = [*(m.account for m in margins), *(c.account for c in made.chains)]
    kept = tuple(
        Reservation(account, Amount(USDC.id, equity // 100))
        for account in accounts
        if rng.random() < 0.3
    )
    cash = notional * rng.choice((0.1, 0.4, 0.8, 2.0))
    held_cash = (Amount(USDC.id, round(cash * USD)), Amount(ETH.id, round(cash / MID * UNIT)))
    return replace(
        made,
        books=books,
        margins=margins,
        chains=tuple(replace(c, spendable=held_cash) for c in made.chains),
        scenarios=tuple(scenarios),
        reservations=kept,
    )


def worth(perp: BookCandidate, lots: int) -> Fraction:
    return Fraction(lots * perp.mark_ticks * 10)  # a tick-lot is 10 atoms of USDC


def initial(perp: BookCandidate, lots: int) -> Fraction:
    notional, total = abs(worth(perp, lots)), Fraction(0)
    if perp.initial_margin is InitialMargin.AT_LEVERAGE:
        return notional / perp.leverage
    if perp.initial_margin is InitialMargin.CAPPED:
        reached = [t for t in perp.tiers if t.above_atoms < notional] or perp.tiers[:1]
        return notional / min(perp.leverage, reached[-1].leverage_max)
    for tier, end in zip(perp.tiers, [*(t.above_atoms for t in perp.tiers[1:]), None], strict=True):
        inside = max((notional if end is None else min(notional, end)) - tier.above_atoms, 0)
        total += inside / min(perp.leverage, tier.leverage_max)
    return total


def maintenance(levels: tuple[MarginTier, ...], notional: Fraction) -> Fraction:
    total = Fraction(0)
    for tier, end in zip(levels, [*(t.above_atoms for t in levels[1:]), None], strict=True):
        inside = max((notional if end is None else min(notional, end)) - tier.above_atoms, 0)
        total += inside * Fraction(tier.maintenance, PICO_PER_UNIT)
    return total


def needs(made: RoutingProblem, account: str, after: dict[str, int]) -> list[Fraction]:
    """Return what the account needs: initial margin, then every scenario with its buffer."""
    (margin,) = (m for m in made.margins if m.account == account)
    own = [b for b in made.books if b.instrument.account == account]
    found = [Fraction(margin.margin_used_elsewhere_atoms)]
    found[0] += sum(initial(b, after[b.instrument.id]) for b in own)
    for scenario in made.scenarios:
        need = Fraction(margin.stress_buffer_atoms)
        positions = [(ETH.id, worth(b, after[b.instrument.id]), b.tiers) for b in own]
        for p in margin.elsewhere:
            whole = (MarginTier(0, 1, p.initial),)
            positions.append((p.asset, Fraction(p.notional_atoms), p.tiers or whole))
        for asset, value, levels in positions:
            shock = scenario.shock(asset)
            gap = Fraction(shock.gap_pips, 10**6)
            need += maintenance(levels, abs(value) * (1 + gap))
            need -= value * (gap - Fraction(shock.funding_pips, 10**6))
        found.append(need)
    return found


def opens(perp: BookCandidate, lots: int) -> bool:
    """Tell whether a position of so many lots is not a reduced one."""
    return not min(perp.position_lots, 0) <= lots <= max(perp.position_lots, 0)


def lost(perp: BookCandidate, leg: Leg, sign: int) -> Fraction:
    lots = leg.quantity.atoms // perp.instrument.lot_atoms
    return sign * (leg.notional.atoms - worth(perp, lots)) + leg.cost.fees


def assert_within_caps(perp: BookCandidate, lots: int) -> None:
    value = abs(worth(perp, lots))
    assert not perp.reduces_only
    assert perp.position_max_atoms is None or value <= perp.position_max_atoms
    allowed = [t for t in perp.tiers if t.leverage_max >= perp.leverage]
    if perp.initial_margin is InitialMargin.AT_LEVERAGE and len(allowed) < len(perp.tiers):
        assert value <= perp.tiers[len(allowed)].above_atoms


def assert_borne(made: RoutingProblem, plan: RoutePlan) -> None:
    """Check every perp account in the words of the domain."""
    sign = 1 if made.side is Side.BUY else -1
    legs = {leg.instrument.id: leg for leg in plan.legs}
    before = {b.instrument.id: b.position_lots for b in made.books}
    after = dict(before)
    for b in made.books:
        if leg := legs.get(b.instrument.id):
            after[b.instrument.id] += sign * (leg.quantity.atoms // b.instrument.lot_atoms)
    for margin in made.margins:
        own = [b for b in made.books if b.instrument.account == margin.account]
        traded = [b for b in own if b.instrument.id in legs]
        if not traded:
            continue
        reserved = sum(r.amount.atoms for r in made.reservations if r.account == margin.account)
        grows = [b for b in traded if opens(b, after[b.instrument.id])]
        loss = sum(lost(b, legs[b.instrument.id], sign) for b in traded)
        for b in grows:
            assert_within_caps(b, after[b.instrument.id])
        assert not grows or not margin.reduces_only
        free = margin.equity_atoms - reserved
        was, now = (needs(made, margin.account, state) for state in (before, after))
        assert not grows or now[0] + loss <= free
        for need_before, need in zip(was[1:], now[1:], strict=True):
            assert need + loss <= (free if grows else max(free, need_before))


def test_every_plan_under_tiers_and_scenarios_is_borne_by_its_accounts_exactly():
    refused, methods = Counter(), Counter()
    for seed in range(60):
        made = random_problem(seed)
        try:
            plan = solve(made)
        except NoRouteError as error:
            refused[error.reason] += 1
            continue
        assert plan.certificate.gap <= GAP_MAX, seed
        assert_borne(made, plan)
        methods[plan.certificate.method] += 1
    assert sum(methods.values()) > 40
    assert methods["joint"] > 10
    assert NoRouteReason.SOLVER not in refused


@pytest.mark.soak
def test_many_plans_under_tiers_and_scenarios_are_borne_exactly():
    planned = 0
    for seed in range(1_000, 3_000):
        made = random_problem(seed)
        try:
            plan = solve(made)
        except NoRouteError:
            continue
        assert_borne(made, plan)
        planned += 1
    assert planned > 1_500


def told_nearest(error: NoRouteError) -> float:
    return float(str(error).split("nearest feasible quantity ")[1].split(maxsplit=1)[0])


def test_the_nearest_feasible_quantity_is_feasible_and_near_the_most():
    looked_at = 0
    for seed in range(30):
        made = random_problem(seed)
        few = made.pools[:1] if seed % 2 else made.pools
        made = replace(made, pools=few, quantity=Amount(ETH.id, 2 * made.quantity.atoms))
        try:
            solve(made)
        except NoRouteError as error:
            if "nearest feasible quantity" not in str(error):
                continue
            nearest = told_nearest(error)
        else:
            continue
        if nearest * MID < 100.0:
            continue  # less than what a venue takes
        looked_at += 1
        assert_borne(made, solve(replace(made, quantity=Amount(ETH.id, int(nearest * UNIT)))))
        with pytest.raises(NoRouteError):
            solve(replace(made, quantity=Amount(ETH.id, int(nearest * 1.01 * UNIT))))
    assert looked_at > 10


ONE_TIER = (MarginTier(0, 50, Pico(PICO_PER_UNIT // 100)),)
SHORT_OF_STRESS = StressScenario("gap -30 %", Pips(-300_000), Pips(0))


@pytest.mark.parametrize(
    ("perp", "equity", "reason", "words"),
    [
        (book(), 8_000.0, NoRouteReason.STRESS, "stress scenario gap -30 %: perp:me is short "),
        (
            replace(book(leverage=2), tiers=ONE_TIER),
            80_000.0,
            NoRouteReason.INSUFFICIENT_MARGIN,
            "initial margin: perp:me is short ",
        ),
        (
            book(lots_max=1_000),
            1e6,
            NoRouteReason.LIMIT_EXCEEDED,
            "quantity cap leaves perp-a 0.1 ETH",
        ),
        (
            replace(book(), position_max_atoms=10_000 * USD),
            1e6,
            NoRouteReason.POSITION_CAP,
            "position cap of perp-a is 10000 USDC, which leaves 5 ETH",
        ),
        (
            replace(book(position_lots=-30_000), reduces_only=True),
            1e6,
            NoRouteReason.REDUCE_ONLY,
            "perp-a may only reduce, by 3 ETH",
        ),
        (
            replace(
                book(leverage=20),
                tiers=(
                    MarginTier(0, 25, Pico(2 * 10**10)),
                    MarginTier(20_000 * USD, 10, Pico(5 * 10**10)),
                ),
            ),
            1e6,
            NoRouteReason.POSITION_CAP,
            "perp-a allows leverage 20 up to a position of 20000 USDC, which leaves 10 ETH",
        ),
    ],
)
def test_what_stands_against_an_order_is_named_in_words(perp, equity, reason, words):
    made = replace(
        problem(quantity=100.0, books=(perp,), equity=equity), scenarios=(SHORT_OF_STRESS,)
    )

    with pytest.raises(NoRouteError) as refused:
        solve(made)

    assert refused.value.reason is reason
    assert words in str(refused.value)
    assert "nearest feasible quantity" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_reservation_is_cash_that_cannot_be_spent_again():
    made = problem(quantity=10.0, pools=(pool(),), cash=30_000.0)
    kept = Reservation(AccountId("chain:me"), Amount(USDC.id, 15_000 * USD))
    solve(made)

    with pytest.raises(NoRouteError) as refused:
        solve(replace(made, reservations=(kept,)))

    assert refused.value.reason is NoRouteReason.INSUFFICIENT_BALANCE
    assert "cash: chain:me is short" in str(refused.value)


def test_a_plan_that_is_late_tells_its_gap_and_is_borne():
    stopped = 0
    for seed in range(40):
        made = random_problem(seed)
        try:
            late = solve(made, is_late=lambda: True)
        except (NoRouteError, SolverError):
            continue  # late before there was a plan
        certificate = late.certificate
        assert_borne(made, late)
        assert (certificate.gap > GAP_MAX) <= certificate.method.endswith("stopped late")
        stopped += certificate.gap > GAP_MAX
        if certificate.gap > GAP_MAX:
            assert certificate.lower_bound <= solve(made).certificate.upper_bound
    assert stopped > 2
