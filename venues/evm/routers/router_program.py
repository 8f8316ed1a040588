"""Swap legs as one program of the Universal Router: pools of V2, V3 and V4, routes, the coin.

Everything is paid to the account or, between the hops of a route, to the router, and what the
router may have left goes to the account. A leg leaves nothing in the router for the next one.

V4 pools that trade the coin itself are paid with unwrapped tokens and pay out coin that is wrapped
again: the account deals in the wrapped token only.
"""

from collections.abc import Iterator, Sequence

from venues.evm.pools.family import NATIVE_COIN, Dialect, PoolSetup
from venues.evm.routers import universal_router as router
from venues.evm.routers import v4_actions
from venues.evm.routers.pool_swap import PoolSwap, SwapLeg
from venues.evm.routers.universal_router import ROUTER, SENDER, WHOLE_BALANCE, Command, Terms
from venues.evm.routers.v4_actions import OPEN_DELTA, Action, PoolKey, SingleSwap, settle, take
from venues.evm.spec import RouterVersion


def program(
    legs: Sequence[SwapLeg], *, wrapped: str, version: RouterVersion
) -> tuple[Command, ...]:
    """Return the commands that do all legs.

    Parameters
    ----------
    wrapped : str
        Address of the token that wraps the chain's coin.
    """
    return (
        *_unwrapped(legs, wrapped),
        *(command for leg in legs for command in _leg(leg, version)),
        *_wrapped_again(legs),
    )


# The coin that pools are paid with, all of it at once.
def _unwrapped(legs: Sequence[SwapLeg], wrapped: str) -> Iterator[Command]:
    swaps = (swap for leg in legs for swap in leg.paid_by_account)
    total = sum(swap.input_max_atoms for swap in swaps if swap.token_in == NATIVE_COIN)
    if total:
        yield router.transfer_from(wrapped, recipient=ROUTER, amount=total)
        yield router.unwrap(recipient=ROUTER, amount_min=total)


# The coin that pools paid out, or did not take.
def _wrapped_again(legs: Sequence[SwapLeg]) -> Iterator[Command]:
    paid = (swap.token_in for leg in legs for swap in leg.paid_by_account)
    received = (swap.token_out for leg in legs for swap in leg.last if swap.is_final)
    if NATIVE_COIN in {*paid, *received}:
        yield router.wrap(recipient=SENDER, amount=WHOLE_BALANCE)


def _leg(leg: SwapLeg, version: RouterVersion) -> Iterator[Command]:
    if not leg.first:
        yield from (_swap(swap, SENDER, version=version, payer_is_user=True) for swap in leg.last)
        return
    for swap in leg.first:
        yield _swap(swap, ROUTER, version=version, payer_is_user=True)
    for stage in leg.stages:
        held = stage.forms
        for swap in stage.swaps:
            if held != {swap.token_in}:
                yield _converted(swap.token_in)
                held = frozenset({swap.token_in})
            recipient = SENDER if swap.is_final else ROUTER
            yield _swap(swap, recipient, version=version, payer_is_user=False)
        yield _left_over(stage.swaps[-1].token_in)


# Two forms of one asset can only be the coin and the token that wraps it.
def _converted(wanted: str) -> Command:
    if wanted == NATIVE_COIN:
        return router.unwrap(recipient=ROUTER, amount_min=0)
    return router.wrap(recipient=ROUTER, amount=WHOLE_BALANCE)


def _left_over(token: str) -> Command:
    if token == NATIVE_COIN:
        return router.wrap(recipient=SENDER, amount=WHOLE_BALANCE)
    return router.sweep(token, amount_min=0)


def _swap(
    swap: PoolSwap, recipient: str, *, version: RouterVersion, payer_is_user: bool
) -> Command:
    if swap.pool.dialect is Dialect.V4:
        return _v4_swap(swap, recipient, version=version, payer_is_user=payer_is_user)
    terms = Terms(
        is_exact_in=swap.is_exact_in,
        exact_atoms=WHOLE_BALANCE if swap.takes_rest else swap.exact_atoms,
        bound_atoms=swap.bound_atoms,
        recipient=recipient,
        payer_is_user=payer_is_user,
    )
    tokens = (swap.token_in, swap.token_out)
    if swap.pool.dialect is Dialect.V2:
        return router.v2_swap(terms, tokens=tokens, version=version)
    fees = (swap.pool.fee_pips,)
    return router.v3_swap(terms, tokens=tokens, fees_pips=fees, version=version)


def _v4_swap(
    swap: PoolSwap, recipient: str, *, version: RouterVersion, payer_is_user: bool
) -> Command:
    single = SingleSwap(
        key=_key(swap.pool),
        zero_for_one=swap.token_in == swap.pool.token0,
        is_exact_in=swap.is_exact_in,
        exact_atoms=OPEN_DELTA if swap.takes_rest else swap.exact_atoms,
        bound_atoms=swap.bound_atoms,
    )
    action = v4_actions.swap(single, version=version)
    return router.v4_swap((*_paid(swap, action, payer_is_user), _taken(swap, recipient)))


# What is owed is known after the swap; all that is left of something has to be paid in before it.
def _paid(swap: PoolSwap, action: Action, payer_is_user: bool) -> tuple[Action, Action]:  # noqa: FBT001 (as the contract has it)
    from_user = payer_is_user and swap.token_in != NATIVE_COIN
    if swap.takes_rest:
        return settle(swap.token_in, amount=WHOLE_BALANCE, payer_is_user=False), action
    return action, settle(swap.token_in, amount=OPEN_DELTA, payer_is_user=from_user)


# An exact output is taken to the atom: routers before 2.1.1 do not notice a pool that gives less,
# but what is taken beyond what is due is owed, and then the pools undo everything.
def _taken(swap: PoolSwap, recipient: str) -> Action:
    amount = OPEN_DELTA if swap.is_exact_in else swap.exact_atoms
    to = ROUTER if swap.token_out == NATIVE_COIN else recipient
    return take(swap.token_out, recipient=to, amount=amount)


def _key(pool: PoolSetup) -> PoolKey:
    return PoolKey(
        currency0=pool.token0,
        currency1=pool.token1,
        fee_pips=pool.fee_pips,
        tick_spacing=pool.tick_spacing,
        hooks=pool.hooks,
    )
