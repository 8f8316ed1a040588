import itertools
from dataclasses import replace

import numpy as np
import pytest

from router.domain.error import CertificateError
from router.domain.plan import (
    InclusionScenario,
    NoRouteReason,
    PlannedRoute,
    QuantityKind,
    RoutingProblem,
    Uncertainty,
)
from router.domain.units import PICO_PER_UNIT, Amount, Pico, Pips, Side
from router.optimiser.convex.certificate import lower_bound
from router.optimiser.convex.parts import part_of
from router.optimiser.exact.network import requoted
from router.optimiser.exact.trade import Trade
from router.optimiser.market.market import prepare, select
from router.optimiser.market.network import token_pool
from router.optimiser.market.scaling import scale
from router.optimiser.network.graph import TokenGraph
from router.optimiser.proof import prices_of
from router.optimiser.sharpen import as_proved
from router.optimiser.solve import solve
from router.optimiser.verify import verify_plan
from router.risk.routes import broken_route
from tests.unit.optimiser.network.oracle import bracket
from tests.unit.optimiser.network_plans.legs import assert_exact, solved
from tests.unit.optimiser.network_plans.nets import (
    over_network,
    random_net,
)
from tests.unit.optimiser.world import (
    ETH,
    MID,
    UNIT,
    USD_PRICE,
    USDC,
    pool,
)

BP = 1e-4
OUTLOOK = Uncertainty(
    scenarios=tuple(
        InclusionScenario(name, Pico(weight * 10**10), Pips(move), Pips(pools), Pips(books))
        for name, weight, move, pools, books in (
            ("as seen", 60, 0, 1_000_000, 1_000_000),
            ("pools thin out", 25, 200, 800_000, 1_000_000),
            ("breaks away", 15, 2_000, 600_000, 400_000),
        )
    ),
    tail_pips=Pips(200_000),
    aversion_pips=Pips(250_000),
)
ORDERS = list(itertools.product(Side, QuantityKind))


def rate(atoms: int) -> float:
    return atoms / PICO_PER_UNIT


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(s, marks=pytest.mark.soak) for s in range(8, 120))]
)
def test_depth_that_may_leave_before_inclusion_is_planned_for_and_proved(seed):
    made = replace(random_net(seed, with_book=seed % 2 == 1), uncertainty=OUTLOOK)

    plan = solved(made)

    if plan is None:
        assert made.books, "without a book there is nothing that could be short"
        return
    assert_exact(made, plan)
    certificate = plan.certificate
    assert certificate.method.startswith("robust")
    # A hundredth for the search, and a thousandth for what the network is not solved at.
    assert certificate.upper_bound - certificate.lower_bound <= 0.011 * BP * PICO_PER_UNIT
    assert [c.sentence for c in verify_plan(PlannedRoute(made, plan)) if not c.holds] == []
    assert plan.band is not None
    assert plan.band.best <= plan.band.expected <= plan.band.tail <= plan.band.worst


@pytest.mark.parametrize(
    "seed", [200, 202, *(pytest.param(s, marks=pytest.mark.soak) for s in range(203, 230))]
)
def test_an_independent_linear_programme_over_all_pools_agrees(seed):
    made = replace(random_net(seed), kind=QuantityKind.BASE)
    quantity = 20.0
    made = replace(made, quantity=Amount(ETH.id, round(quantity * UNIT)))
    (candidate,) = made.networks
    graph = TokenGraph(tuple(token_pool(p) for p in (*candidate.pools, *made.pools)))
    worth = [USD_PRICE[token] for token in graph.tokens]

    plan = solve(made)

    places = graph.place(ETH.id), graph.place(USDC.id)
    low, high = bracket(graph, places, made.side, quantity=quantity, worth=worth, cuts=40)
    sign = 1.0 if made.side is Side.BUY else -1.0
    low, high = (cost / (quantity * MID) - sign for cost in (low, high))
    # The programme is solved to 1e-9 of the notional.
    assert rate(plan.certificate.lower_bound) <= high + 1e-8
    if plan.certificate.upper_bound > 0 or not loops(made):
        assert rate(plan.certificate.upper_bound) >= low - 1e-8


def loops(made: RoutingProblem) -> bool:
    """Tell whether going round gains somewhere: the programme may, a plan may not."""
    (candidate,) = made.networks
    graph = TokenGraph(tuple(token_pool(p) for p in (*candidate.pools, *made.pools)))
    price = np.full((len(graph.tokens),) * 2, np.inf)
    for i in range(len(graph.pools)):
        a, b = int(graph.base[i]), int(graph.quote[i])
        price[a, b] = min(price[a, b], graph.ask[i])
        price[b, a] = min(price[b, a], -graph.bid[i])
    for k in range(len(graph.tokens)):
        price = np.minimum(price, price[:, k, None] + price[None, k, :])
    return bool(np.any(np.diag(price) < 0.0))


@pytest.mark.parametrize(("side", "kind"), ORDERS)
def test_the_curves_of_a_proof_can_be_drawn_again_from_the_certificate(side, kind):
    made = over_network(side=side, kind=kind, direct=(pool("direct", depth_usd=2e6, seed=9),))
    certificate = solve(made).certificate
    market = prepare(made)
    selection = select(market, range(len(market.pools)))

    scaled = scale(selection, certificate.quantities[0] / UNIT)
    again = as_proved([selection], scaled, certificate)

    shares = np.array([rate(share.value) for share in certificate.shares])
    # Stored numbers are whole millionths of a millionth, and base is whole atoms.
    assert again.cost(shares) == pytest.approx(rate(certificate.upper_bound), abs=1e-11)
    (told,) = certificate.parts
    part = part_of(again, told.assumptions)
    bound = lower_bound(part, prices_of(part, told.multipliers))
    assert bound == pytest.approx(rate(told.lower_bound), abs=1e-11)
    with pytest.raises(CertificateError, match="share of"):
        as_proved([selection], scaled, replace(certificate, shares=()))


def test_a_leg_that_is_not_its_hops_is_refused_before_it_is_sent():
    made = over_network()
    plan = solve(made)
    (leg,) = plan.legs
    first, last = leg.hops[0], leg.hops[-1]

    assert broken_route(made, plan) is None
    for hops, told in (
        (leg.hops[1:], "and its hops do not"),
        ((replace(first, received=more(first.received)), *leg.hops[1:]), "on the way"),
        ((*leg.hops[:-1], replace(last, received=more(last.received))), "and its hops do not"),
    ):
        refused = broken_route(made, replace(plan, legs=(replace(leg, hops=hops),)))
        assert refused is not None
        assert told in refused.message


def more(amount: Amount) -> Amount:
    return replace(amount, atoms=amount.atoms + 1)


def test_a_planned_leg_is_quoted_again_to_the_atom_and_a_changed_one_is_not():
    made = over_network()
    (candidate,) = made.networks
    (leg,) = solve(made).legs

    trade = requoted(made, candidate, leg.hops)

    assert isinstance(trade, Trade)
    assert (trade.base, trade.quote, trade.hops) == (
        leg.quantity.atoms,
        leg.notional.atoms,
        leg.hops,
    )
    assert trade.fee == leg.cost.fees
    first = leg.hops[0]
    less = replace(first, paid=replace(first.paid, atoms=first.paid.atoms - 1))
    again = requoted(made, candidate, (less, *leg.hops[1:]))
    assert isinstance(again, Trade)
    assert again.hops[0] == first
    elsewhere = replace(candidate, pools=candidate.pools[:1])
    assert requoted(made, elsewhere, leg.hops) is NoRouteReason.NO_VENUE
