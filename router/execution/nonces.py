"""Which nonces are used up. A chain takes one by mining it, a book by being sent it."""

from dataclasses import replace

from router.domain.instrument import InstrumentKind
from router.domain.observation import Observation
from router.domain.units import AccountId
from router.state.world import ChildState, World


def with_floor(world: World, observation: Observation) -> World:
    """Return the world with no nonce below what the chains say is next.

    It is a floor only: a node may not have seen our newest transaction yet.
    """
    observed = {a.account: a.next_nonce for a in observation.accounts if a.next_nonce is not None}
    merged = {a: max(n, world.nonces.get(a, 0)) for a, n in observed.items()}
    return replace(world, nonces={**world.nonces, **merged})


def with_signed(world: World, child: ChildState) -> World:
    """Return the world after a child was signed.

    A book's nonce is used up: the bytes may be sent. A chain's is not: bytes that are never mined
    leave it free, and at most one transaction of a nonce can be mined.
    """
    if child.order.legs[0].instrument.kind is InstrumentKind.SPOT_POOL:
        return world
    return with_used(world, child.order.account, child.order.nonce)


def with_used(world: World, account: AccountId, nonce: int) -> World:
    """Return the world with a nonce used up."""
    following = max(nonce + 1, world.nonces.get(account, 0))
    return replace(world, nonces={**world.nonces, account: following})
