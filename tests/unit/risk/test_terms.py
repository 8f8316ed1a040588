"""What stands against other terms: what grows is asked as if it were new, what shrinks is not."""

from dataclasses import replace

import pytest

from router.domain.event import ChildAcknowledged, ChildEnded, ChildSigned
from router.domain.order import OrderStatus, SignedChild
from router.domain.units import Amount, Pips, TimestampNs
from router.risk.terms import terms_refusal
from tests.unit.engine.scene import ETH, ETHER, MID, PERP, T0, order
from tests.unit.risk.controls.scene import desk, firm, usdc


def whole(ethers):
    return Amount(ETH.id, ethers * ETHER)


def refusal(rules, *, parent=None, observed=True, **terms):
    made = desk(rules)
    asked = parent or order()
    made.submit(asked)
    if observed:
        made.observe(asked)
    state = made.world.parents[asked.id]
    at = TimestampNs(made.now)
    return terms_refusal(made.world, state, replace(asked, **terms), at=at)


def test_what_the_limits_allow_is_not_refused():
    terms = {"quantity": whole(20), "slippage_max_pips": Pips(9_000)}

    assert refusal(firm(), **terms) is None


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"quantity": whole(0)}, "quantity must be positive"),
        ({"deadline_at": T0}, "deadline must lie in the future"),
        ({"slippage_max_pips": Pips(10_001)}, "limits.slippage_max_bps"),
        ({"quantity": whole(700)}, "limits.order_notional_max"),
    ],
)
def test_the_limits_of_an_order_hold_for_its_other_terms(terms, message):
    refused = refusal(firm(), **terms)

    assert refused is not None
    assert message in refused.message


@pytest.mark.parametrize(
    ("limits", "key"),
    [
        ({"order_quantity_max": (whole(15),)}, "order_quantity_max"),
        ({"order_notional_max": usdc(45_000)}, "order_notional_max"),
        ({"confirm_above": usdc(45_000)}, "confirm_above"),
        ({"daily_notional_max": usdc(45_000)}, "daily_notional_max"),
    ],
)
def test_more_is_asked_of_every_control_of_size(limits, key):
    refused = refusal(firm(**limits), quantity=whole(20))

    assert refused is not None
    assert refused.finding.key.endswith(key)
    assert refusal(firm(**limits), quantity=whole(12)) is None
    assert refusal(firm(**limits), quantity=whole(9)) is None


def test_less_is_not_asked_of_controls_that_would_refuse_what_there_is():
    rules = firm(order_quantity_max=(whole(15),))
    large = order(16)
    made = desk(firm())
    made.submit(large)
    state = made.world.parents[large.id]
    started = replace(made.world.started, limits=replace(made.world.limits, controls=rules))
    strict = replace(made.world, started=started)
    at = TimestampNs(made.now)

    less = terms_refusal(strict, state, replace(large, quantity=whole(15)), at=at)
    longer = replace(large, deadline_at=TimestampNs(large.deadline_at + 1))

    assert less is None
    assert terms_refusal(strict, state, longer, at=at) is not None


def test_a_limit_price_that_changes_is_asked_again_and_the_same_price_is_not():
    rules = firm(order_quantity_max=(whole(15),))
    made = desk(firm())
    asked = order(16, limit_price=MID)
    made.submit(asked)
    state = made.world.parents[asked.id]
    started = replace(made.world.started, limits=replace(made.world.limits, controls=rules))
    strict = replace(made.world, started=started)
    same = replace(MID, quote_atoms=2 * MID.quote_atoms, base_atoms=2 * MID.base_atoms)
    dearer = replace(MID, quote_atoms=MID.quote_atoms + 1)
    at = TimestampNs(made.now)

    assert terms_refusal(strict, state, replace(asked, limit_price=same), at=at) is None
    assert terms_refusal(strict, state, replace(asked, limit_price=dearer), at=at) is not None


def test_before_anything_was_seen_the_size_is_asked_when_it_is():
    made = desk(firm())
    asked = order()
    made.submit(asked)
    state = made.world.parents[asked.id]
    large = replace(asked, quantity=whole(700))

    assert state.arrival_mid is None
    assert terms_refusal(made.world, state, large, at=TimestampNs(made.now)) is None


def test_what_is_out_does_not_count_twice_for_the_day():
    made = desk(firm(daily_notional_max=usdc(50_000)))
    (child,) = made.tell(order(), ((PERP, 10),))
    signed = SignedChild(child.id, "ref", child.nonce, "bytes")
    made.feed(ChildSigned(child.id, signed, made.tick()))
    made.feed(ChildAcknowledged(child.id, made.tick()))
    state, longer = made.world.parents[order().id], replace(order(), quantity=whole(11))

    at_work = terms_refusal(made.world, state, longer, at=TimestampNs(made.now))
    made.feed(ChildEnded(child.id, OrderStatus.CANCELED, "", None, made.tick()))
    too_much = replace(order(), quantity=whole(17))
    state = made.world.parents[order().id]

    assert at_work is None
    assert terms_refusal(made.world, state, too_much, at=TimestampNs(made.now)) is not None
