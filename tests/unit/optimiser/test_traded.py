"""Legs are quoted again; what no candidate gives, or gives only once, is refused."""

from dataclasses import replace

import pytest

from router.domain.error import CertificateError
from router.domain.plan import QuantityKind
from router.domain.units import Amount, InstrumentId, Side
from router.optimiser.solve import solve
from router.optimiser.traded import check_once, traded
from tests.unit.optimiser.world import book, pool, problem, via_usdt


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("kind", list(QuantityKind))
def test_legs_of_every_kind_are_quoted_again_to_the_atom(side, kind):
    quantity = 300.0 if kind is QuantityKind.BASE else 600_000.0
    made = problem(
        side=side,
        kind=kind,
        quantity=quantity,
        pools=(pool(depth_usd=1e6),),
        routes=(via_usdt(),),
        books=(book(level_usd=20_000.0),),
    )
    legs = solve(made).legs
    assert {leg.instrument.id for leg in legs} >= {"via-USDT", "perp-a"}

    trades = traded(made, legs)

    assert [(t.base, t.quote, t.fee) for t in trades] == [
        (leg.quantity.atoms, leg.notional.atoms, leg.cost.fees) for leg in legs
    ]
    check_once(legs)


@pytest.fixture(scope="module")
def routed():
    made = problem(quantity=50.0, routes=(via_usdt(),))
    return made, solve(made).legs[0]


def test_a_route_cheaper_than_its_hops_is_refused(routed):
    made, leg = routed
    cheaper = replace(leg, notional=Amount(leg.notional.asset, leg.notional.atoms - 1))

    with pytest.raises(CertificateError, match="hops of via-USDT leave"):
        traded(made, [cheaper])


def test_a_route_without_one_of_its_hops_is_refused(routed):
    made, leg = routed

    with pytest.raises(CertificateError, match="hops of via-USDT"):
        traded(made, [replace(leg, hops=leg.hops[1:])])


def test_a_hop_that_is_used_twice_is_refused(routed):
    _, leg = routed

    with pytest.raises(CertificateError, match="is traded twice"):
        check_once([replace(leg, hops=(*leg.hops, leg.hops[0]))])


def test_one_pool_in_two_legs_is_refused():
    made = problem(quantity=50.0, pools=(pool(),))
    (leg,) = solve(made).legs

    with pytest.raises(CertificateError, match="pool-a is traded twice"):
        check_once([leg, leg])


def test_a_leg_of_no_candidate_is_refused():
    made = problem(quantity=50.0, pools=(pool(),))
    (leg,) = solve(made).legs
    other = replace(leg, instrument=replace(leg.instrument, id=InstrumentId("pool-z")))

    with pytest.raises(CertificateError, match="not among the candidates"):
        traded(made, [other])
