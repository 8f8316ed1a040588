"""Which nonces are used up. A chain takes one by mining it, a book by being sent it."""

from dataclasses import replace

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


def following(world: World) -> dict[AccountId, int]:
    """Return the smallest nonce of each account that neither is used up nor taken by a child."""
    found = dict(world.nonces)
    # A book has used up the nonces of those that are signed.
    for child in (*world.transactions.rows(), *world.unsigned.rows()):
        account = child.order.account
        found[account] = max(found.get(account, 0), child.order.nonce + 1)
    return found


def with_sent(world: World, child: ChildState) -> World:
    """Return the world once a child has signed bytes, which may be sent.

    A book's nonce is used up: the bytes may be sent. A chain's is not: bytes that are never mined
    leave it free, and at most one transaction of a nonce can be mined.
    """
    if child.order.legs[0].instrument.is_on_chain or not child.attempts:
        return world
    return with_used(world, child.order.account, child.order.nonce)


def leaves_gap(world: World, child: ChildState) -> bool:
    """Tell whether a transaction that is not sent keeps others of its account from being mined."""
    order = child.order
    return order.legs[0].instrument.is_on_chain and any(
        other.order.account == order.account and other.order.nonce > order.nonce
        for other in world.transactions.rows()
    )


def with_used(world: World, account: AccountId, nonce: int) -> World:
    """Return the world with a nonce used up."""
    following = max(nonce + 1, world.nonces.get(account, 0))
    return replace(world, nonces={**world.nonces, account: following})
