from dataclasses import replace

import pytest

from router.domain.algo import Twap
from router.domain.order import Persistence
from router.domain.units import Amount, BasketId, DurationNs, ParentId, Pips, TimestampNs, VenueId
from router.execution.progress import new_parent
from router.shell.same_order import is_of_basket, is_same_order
from tests.unit.engine.scene import ETH, order

ORDER = order()


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": Amount(ETH.id, 1)},
        {"venues": (VenueId("elsewhere"),)},
        {"strategy": "another"},
        {"client": "beta"},
        {"account": "second"},
        {"persistence": Persistence.IMMEDIATE},
        {"slippage_max_pips": ORDER.slippage_max_pips + 1},
        {"holding_horizon_s": ORDER.holding_horizon_s + 1},
        {"algo": Twap(TimestampNs(0), TimestampNs(6), DurationNs(1), Pips(0))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_order_with_another_term_is_another(changes):
    assert is_same_order(ORDER, ORDER)
    assert not is_same_order(ORDER, replace(ORDER, **changes))


def test_when_it_was_sent_makes_no_other_order():
    later = replace(
        ORDER,
        submitted_at=TimestampNs(ORDER.submitted_at + 1),
        deadline_at=TimestampNs(ORDER.deadline_at + 1),
        by="somebody else",
    )

    assert is_same_order(ORDER, later)


def test_an_order_of_a_basket_is_known_by_its_basket_too():
    member = replace(ORDER, basket=BasketId("b"))

    assert is_of_basket(new_parent(member), member)
    assert not is_of_basket(new_parent(ORDER), member)
    assert not is_of_basket(None, replace(member, id=ParentId("new")))
