"""Whole orders on the whole chain, by the desk as `headrace run` composes it."""

import asyncio

import pytest

from router.domain.event import (
    ChildAcknowledged,
    ChildEnded,
    ChildFilled,
    ChildNotSent,
    ChildReplaced,
    ChildSigned,
    RouteSolved,
)
from router.domain.order import OrderStatus
from router.journal.codec import decode_event
from tests.integration.desk.desk_scene import Ambush, tables, work, world_of, write
from venues.sandbox.chain import SwapPath, start


@pytest.fixture
def chain():
    with start(families=True, block_time_s=None) as running:
        yield running


def holdings(chain):
    trader = chain.manifest.account("trader").address
    tokens = {s: chain.client.balance_of(s, trader) for s in ("WETH", "USDC", "USDT", "WBTC")}
    return tokens | {"coin": chain.client.balance_of("ETH", trader)}


def outcome(path):
    world = world_of(path)
    (parent,) = world.parents.values()
    return world, parent, [world.children[name] for name in parent.children]


# Passes.
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_order_over_three_routers_is_three_transactions_and_every_atom_is_booked(
    chain, tmp_path, side
):
    path = write(tmp_path, tables(chain.manifest, beside=True))
    before = holdings(chain)

    request = {"quantity": "400", "side": side}
    asyncio.run(work(path, chain.manifest, request, approve=True))

    world, parent, children = outcome(path)
    assert parent.status is OrderStatus.FILLED, parent.reason
    assert len({c.order.legs[0].instrument.router for c in children}) == 3
    assert len({c.order.nonce for c in children}) == 3
    assert world.reconciliation.differences == ()
    sign = 1 if side == "buy" else -1
    assert holdings(chain)["WETH"] - before["WETH"] == sign * 400 * 10**18


# Passes. One of several transactions cannot be signed: somebody moved its pool before. A cancel
# takes its nonce, the others are mined, and what is left is planned again.
def test_a_transaction_that_cannot_be_signed_between_others_holds_up_nobody(chain, tmp_path):
    path = write(tmp_path, tables(chain.manifest, beside=True))
    made = []
    route = SwapPath(("USDC", "WETH"), (500,))

    def attack():
        chain.client.swap_as_other(route, amount_in_atoms=2_000_000 * 10**6)

    def wrap(journal):
        made.append(Ambush(journal, RouteSolved, attack))
        return made[0]

    asyncio.run(work(path, chain.manifest, {"quantity": "400"}, wrap=wrap, approve=True))

    world, parent, children = outcome(path)
    assert made[0].attacked_count == 1
    assert parent.status is OrderStatus.FILLED, parent.reason
    assert world.reconciliation.differences == ()
    assert OrderStatus.CANCELED in {c.status for c in children}
    mined = [c.order.nonce for c in children if c.gas is not None]
    assert sorted(mined) == list(range(min(mined), min(mined) + len(mined)))


class Killed(BaseException):
    """Ends the desk where it stands."""


class Killer:
    """A journal that ends the desk around the first record of a kind, and moves a pool before."""

    def __init__(self, ambush, kind, *, is_written):
        self._ambush, self._kind, self._is_written = ambush, kind, is_written

    @property
    def tip(self):
        return self._ambush.tip

    def append(self, record):
        if not isinstance(decode_event(record.event), self._kind):
            return self._ambush.append(record)
        if self._is_written:
            self._ambush.append(record)
        raise Killed


# Passes. The desk ends around each kind of record of the same order, while one transaction of three
# cannot be signed and its nonce is used up by a cancel; then it starts again and finishes.
@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        ChildReplaced,
        *(
            pytest.param(kind, marks=pytest.mark.soak)
            for kind in (ChildNotSent, ChildSigned, ChildAcknowledged, ChildFilled, ChildEnded)
        ),
    ],
)
def test_a_desk_that_dies_in_the_middle_of_three_transactions_does_each_once(
    chain, tmp_path, kind, is_written
):
    path = write(tmp_path, tables(chain.manifest, beside=True))
    before = holdings(chain)
    route = SwapPath(("USDC", "WETH"), (500,))

    def attack():
        chain.client.swap_as_other(route, amount_in_atoms=2_000_000 * 10**6)

    def wrap(journal):
        return Killer(Ambush(journal, RouteSolved, attack), kind, is_written=is_written)

    request = {"quantity": "400"}
    with pytest.raises(BaseException) as died:  # noqa: PT011 (a group with it inside)
        asyncio.run(work(path, chain.manifest, request, wrap=wrap, approve=True))
    assert (
        died.group_contains(Killed)
        if isinstance(died.value, BaseExceptionGroup)
        else (died.type is Killed)
    )
    asyncio.run(work(path, chain.manifest, request))

    world, parent, children = outcome(path)
    assert parent.status is OrderStatus.FILLED, (parent.reason, [c.reason for c in children])
    assert world.reconciliation.differences == ()
    assert holdings(chain)["WETH"] - before["WETH"] == 400 * 10**18 + sum(
        a.atoms for c in children for f in c.fills for a in f.residue if a.asset == "ETH"
    )


# A pool whose hook takes a part of what a swap pays out, and for which leave was given. Its quote
# is the pool's own mathematics, which the hook makes wrong by 1.23 %; nobody asks the quoter that
# the configuration names. So every plan that uses it is refused when it is simulated, with all the
# legs that would have gone through beside it, in every round: to give leave for one such pool ends
# trading in its pair, where before the order was filled.
def test_leave_for_a_pool_whose_hook_takes_a_part_does_not_stop_the_other_pools(chain, tmp_path):
    taking = chain.manifest.labelled("v4_taking")

    def edit(text):
        head, found, rest = text.partition("[chains.local.uniswap_v4]\n")
        assert found
        allowed = f'{head}{found}hooks_allowed = ["{taking.hooks}"]\n{rest}'
        return (
            f"{allowed}\n[[chains.local.uniswap_v4.pools]]\n"
            f'base = "ETH"\nquote = "USDC"\nfee_pips = {taking.key_fee}\n'
            f'tick_spacing = {taking.tick_spacing}\nhooks = "{taking.hooks}"\n'
        )

    path = write(tmp_path, tables(chain.manifest, edit=edit))

    asyncio.run(work(path, chain.manifest, {"quantity": "450", "slippage_max_bps": "100"}))

    _, parent, children = outcome(path)
    assert parent.status is OrderStatus.FILLED, (parent.reason, [c.reason for c in children])
