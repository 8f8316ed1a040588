from dataclasses import replace

import pytest

from router.algo import sweep
from router.domain.algo import LimitUntil
from router.domain.units import AccountId, DurationNs, InstrumentId, TimestampNs
from router.execution.children import Dispatch, children_of, reduced_books
from router.risk.limits import approve
from tests.unit.engine.scene import (
    CHAIN,
    LIMITS,
    MARGIN,
    MID,
    PERP,
    POOL,
    T0,
    observation,
    order,
    plan,
)

SECOND = replace(POOL, id=InstrumentId("uniswap_v3:ETH/USDC:3000"))
ELSEWHERE = replace(
    POOL, id=InstrumentId("uniswap_v3:ETH/USDC:100"), account=AccountId("evm:42161:0xaa")
)
OTHER_ROUTER = replace(POOL, id=InstrumentId("pancakeswap_v3:ETH/USDC:500"), router="another")
SECOND_PERP = replace(PERP, id=InstrumentId("hyperliquid:ETH2"))
EVERYTHING = (POOL, SECOND, OTHER_ROUTER, ELSEWHERE, PERP, SECOND_PERP)
LIFETIME = DurationNs(60 * 10**9)
NOW_MS = T0 // 10**6


def approved(*parts):
    """Pass a plan of whole ethers through the gate, as the engine does."""
    asked = order()
    seen = observation()
    copies = {
        "pools": tuple(replace(seen.pools[0], instrument=i.id) for i in EVERYTHING[:4]),
        "books": tuple(replace(seen.books[0], instrument=i.id) for i in (PERP, SECOND_PERP)),
        "contexts": tuple(replace(seen.contexts[0], instrument=i.id) for i in (PERP, SECOND_PERP)),
    }
    chain, margin = seen.accounts
    position = margin.positions[0]
    margin = replace(margin, positions=(position, replace(position, instrument=SECOND_PERP.id)))
    others = (chain, replace(chain, account=ELSEWHERE.account), margin)
    seen = replace(seen, **copies, accounts=others)
    scope = sweep.Scope(EVERYTHING, ())
    problem = sweep.build_problem(sweep.Slice(asked, asked.quantity, MID, scope), seen, LIMITS)
    return approve(problem, plan(problem, *parts), asked.quantity)


def dispatch(**changes):
    plain = Dispatch(order=order(), round=1, slice=1, nonces={CHAIN: 3}, lifetime=LIFETIME, at=T0)
    return replace(plain, **changes)


def test_pools_of_one_account_travel_in_one_transaction():
    (child,) = children_of(approved((POOL, 2), (SECOND, 3)), dispatch())

    assert [leg.instrument for leg in child.legs] == [POOL, SECOND]
    assert (child.account, child.venue, child.nonce) == (CHAIN, POOL.venue, 3)


def test_pools_of_two_routers_are_two_transactions_with_nonces_in_a_row():
    first, second = children_of(approved((POOL, 2), (OTHER_ROUTER, 1), (SECOND, 3)), dispatch())

    assert [leg.instrument for leg in first.legs] == [POOL, SECOND]
    assert [leg.instrument for leg in second.legs] == [OTHER_ROUTER]
    assert (first.nonce, second.nonce) == (3, 4)
    assert first.account == second.account == CHAIN


def test_pools_of_two_accounts_are_two_transactions():
    first, second = children_of(approved((POOL, 2), (ELSEWHERE, 3)), dispatch())

    assert (first.account, first.nonce) == (CHAIN, 3)
    assert (second.account, second.nonce) == (ELSEWHERE.account, 0)
    assert first.id != second.id


def test_books_go_first_and_what_is_planned_for_pools_waits():
    children = children_of(approved((POOL, 2), (PERP, 3)), dispatch())

    (child,) = children
    assert [leg.instrument for leg in child.legs] == [PERP]
    assert child.account == MARGIN


def test_each_book_is_an_order_of_its_own_with_a_nonce_of_its_own():
    first, second = children_of(approved((PERP, 2), (SECOND_PERP, 3)), dispatch())

    assert (first.nonce, second.nonce) == (NOW_MS, NOW_MS + 1)
    assert first.id != second.id


@pytest.mark.parametrize(
    ("used", "nonce"), [(0, NOW_MS), (NOW_MS, NOW_MS), (NOW_MS + 9, NOW_MS + 9)]
)
def test_a_books_nonce_is_the_time_in_milliseconds_unless_that_is_used(used, nonce):
    (child,) = children_of(approved((PERP, 2)), dispatch(nonces={MARGIN: used}))

    assert child.nonce == nonce


def test_a_child_lives_as_long_as_allowed_and_never_longer_than_its_parent():
    made = approved((PERP, 2))
    late = TimestampNs(order().deadline_at - 5)

    (early,) = children_of(made, dispatch())
    (last,) = children_of(made, dispatch(at=late))

    assert early.deadline_at == T0 + LIFETIME
    assert last.deadline_at == order().deadline_at


def test_ids_are_derived_from_the_parent_the_round_and_the_place():
    made = approved((PERP, 2), (SECOND_PERP, 3))

    first = children_of(made, dispatch())
    same = children_of(made, dispatch(at=TimestampNs(T0 + 10**9)))
    later = children_of(made, dispatch(round=2))

    assert [c.id for c in first] == [c.id for c in same]
    assert not {c.id for c in first} & {c.id for c in later}
    assert all(c.id.startswith(order().id) for c in first)


def test_ids_of_an_order_in_slices_tell_the_slice():
    made, spread = approved((PERP, 2)), order(algo=LimitUntil(LIFETIME))

    slices = [children_of(made, dispatch(order=spread, slice=n, round=1)) for n in (1, 2)]

    assert [(c.slice, c.round) for (c,) in slices] == [(1, 1), (2, 1)]
    assert slices[0][0].id != slices[1][0].id


def test_a_book_that_may_only_reduce_marks_its_children_and_no_others():
    plain = children_of(approved((PERP, 2), (SECOND_PERP, 3)), dispatch())
    reduced = frozenset({SECOND_PERP.id})

    first, second = children_of(approved((PERP, 2), (SECOND_PERP, 3)), dispatch(reduced=reduced))
    asked = dispatch(order=order(reduces_only=True))
    both = children_of(approved((PERP, 2), (SECOND_PERP, 3)), asked)

    assert [c.reduces_only for c in plain] == [False, False]
    assert (first.reduces_only, second.reduces_only) == (False, True)
    assert [c.reduces_only for c in both] == [True, True]


def test_books_are_reduced_by_their_account_or_by_themselves():
    asked = order()
    scope = sweep.Scope((POOL, PERP), ())
    piece = sweep.Slice(asked, asked.quantity, MID, scope)
    free = sweep.build_problem(piece, observation(), LIMITS)
    (margin,), (book,) = free.margins, free.books

    by_account = replace(free, margins=(replace(margin, reduces_only=True),))
    by_itself = replace(free, books=(replace(book, reduces_only=True),))

    assert reduced_books(free) == frozenset()
    assert reduced_books(by_account) == reduced_books(by_itself) == {PERP.id}
