"""A child order into one transaction of its router. Reads and sends nothing.

The Universal Router is paid by a signature for exactly the most that is needed, which ends with the
order's deadline; the other routers by an ERC-20 allowance of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import NotSentError, OrderError
from router.domain.order import ChildOrder
from router.domain.units import NS_PER_S, AssetId
from venues.evm.pools.family import Dialect
from venues.evm.routers import swap_router, universal_router
from venues.evm.routers.pool_swap import Pools, SwapLeg, passage, swap_leg
from venues.evm.routers.router_program import program
from venues.evm.routers.swap_router import SwapRouter
from venues.evm.spec import ChainConfig
from venues.evm.words import abi, erc20
from venues.evm.words.key import SigningKey
from venues.evm.words.multicall import ContractCall
from venues.evm.words.permit2 import PermitSingle, allowance_call, decode_allowance, sign_permit

UNIVERSAL_ROUTER: Final = "universal_router"
SWAP_ROUTERS: Final[Mapping[str, SwapRouter]] = {
    "pancakeswap_v3": swap_router.PANCAKESWAP_V3,
    "slipstream": swap_router.SLIPSTREAM,
}
_V2_FEE_PIPS: Final = 3000
_SPEND_MAX: Final = (1 << 160) - 1  # what a permit can name


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPlan:
    """What a child asks of its router; all of its legs pay with one token.

    Attributes
    ----------
    router : str
        Address of the router called `router_name`.
    input_max_atoms : int
        The most that all legs together may take from the account.
    deadline_s : int
        The last second, in block time, at which it may happen.
    uses_permit2 : bool
        Whether the router is paid by a signature; by its own allowance otherwise.
    """

    router: str
    router_name: str
    asset_in: AssetId
    token_in: str
    input_max_atoms: int
    deadline_s: int
    uses_permit2: bool
    legs: tuple[SwapLeg, ...]


@dataclass(frozen=True, slots=True)
class Execution:
    """A transaction to be simulated, priced and signed; void after its deadline."""

    to: str
    value_wei: int
    data: bytes
    deadline_s: int


def plan_execution(child: ChildOrder, config: ChainConfig) -> ExecutionPlan:
    """Return what a child asks of its router.

    Raises
    ------
    OrderError
        If the child cannot be one transaction: it says which field is wrong.
    """
    router_name = _router_name(child, config)
    asset_in = _asset_in(child)
    pools = Pools(config)
    legs = tuple(swap_leg(leg, pools) for leg in child.legs)
    _check_pools(legs)
    if router_name in SWAP_ROUTERS and any(leg.first for leg in legs):
        raise OrderError(
            f"legs: a route through {router_name} cannot be one transaction; trade its pools "
            "directly"
        )
    total = sum(swap.input_max_atoms for leg in legs for swap in leg.paid_by_account)
    if total > _SPEND_MAX:
        raise OrderError(f"legs: must pay at most 2**160-1 atoms together, was {total}")
    return ExecutionPlan(
        router=config.routers[router_name].lower(),
        router_name=router_name,
        asset_in=asset_in,
        token_in=config.tokens[asset_in].address.lower(),
        input_max_atoms=total,
        deadline_s=child.deadline_at // NS_PER_S,
        uses_permit2=router_name == UNIVERSAL_ROUTER,
        legs=legs,
    )


def spenders(config: ChainConfig) -> dict[str, str]:
    """Return which contract takes the tokens for each router: what allowances are given to."""
    return {
        name: (config.permit2 if name == UNIVERSAL_ROUTER else address).lower()
        for name, address in config.routers.items()
    }


def funding_calls(plan: ExecutionPlan, config: ChainConfig) -> list[ContractCall]:
    """Return the reads that `check_funding` takes."""
    owner, token = config.address, plan.token_in
    spender = spenders(config)[plan.router_name]
    calls = [
        erc20.balance_call(token, owner),
        erc20.allowance_call(token, owner=owner, spender=spender),
    ]
    if plan.uses_permit2:
        permitted = allowance_call(owner=owner, token=token, spender=plan.router)
        calls.append(ContractCall(config.permit2, permitted))
    return calls


def check_funding(plan: ExecutionPlan, answers: Sequence[bytes], config: ChainConfig) -> int | None:
    """Return the nonce of the permit to be signed; None where no permit is needed.

    Raises
    ------
    NotSentError
        If balance or allowance are smaller than what may be needed.
    MalformedDataError
        If the answers are not those of the contracts.
    """
    balance, allowance = (abi.read_uint(answer, 0) for answer in answers[:2])
    spender = "Permit2" if plan.uses_permit2 else plan.router_name
    for found, what, remedy in (
        (balance, "the balance", "deposit more"),
        (allowance, f"what {spender} may take", "run headrace approve"),
    ):
        if found < plan.input_max_atoms:
            raise NotSentError(
                config.venue,
                f"{plan.asset_in}: needs up to {plan.input_max_atoms} atoms, {what} is {found}; "
                f"{remedy}",
            )
    return decode_allowance(answers[2]).nonce if plan.uses_permit2 else None


def encode(
    plan: ExecutionPlan, *, key: SigningKey, permit_nonce: int | None, config: ChainConfig
) -> Execution:
    """Return the transaction that does all legs, or none."""
    if plan.uses_permit2:
        assert permit_nonce is not None, "check_funding returns one for this router"
        data = _universal_router_call(plan, key, permit_nonce, config=config)
    else:
        router = SWAP_ROUTERS[plan.router_name]
        data = swap_router.calldata(
            plan.legs, router, recipient=config.address, deadline_s=plan.deadline_s
        )
    return Execution(to=plan.router, value_wei=0, data=data, deadline_s=plan.deadline_s)


# The permit ends with the order, so that what an exact output did not use cannot be used later.
def _universal_router_call(
    plan: ExecutionPlan, key: SigningKey, nonce: int, *, config: ChainConfig
) -> bytes:
    permit = PermitSingle(
        token=plan.token_in,
        amount=plan.input_max_atoms,
        expires_at_s=plan.deadline_s,
        nonce=nonce,
        spender=plan.router,
        signature_expires_at_s=plan.deadline_s,
    )
    signature = sign_permit(key, permit, chain_id=config.chain_id, permit2=config.permit2)
    wrapped = config.tokens[config.native].address.lower()
    commands = (
        universal_router.permit(permit, signature),
        *program(plan.legs, wrapped=wrapped, version=config.router_version),
    )
    return universal_router.execute(commands, deadline_s=plan.deadline_s)


def _router_name(child: ChildOrder, config: ChainConfig) -> str:
    if not child.legs:
        raise OrderError("legs: a child must have at least one")
    names = {leg.instrument.router for leg in child.legs}
    if len(names) != 1:
        raise OrderError(f"legs: must go through one router, were {sorted(names)}")
    name = names.pop()
    if name != UNIVERSAL_ROUTER and name not in SWAP_ROUTERS:
        known = ", ".join((UNIVERSAL_ROUTER, *SWAP_ROUTERS))
        raise OrderError(f"legs: no words for the router {name!r}; it must be one of {known}")
    if name not in config.routers:
        raise OrderError(f"legs: the router {name} has no address; add it to routers")
    return name


# The coin can be one side only: that it is what all legs pay, or what all receive, is relied upon.
def _asset_in(child: ChildOrder) -> AssetId:
    ways = [passage(leg) for leg in child.legs]
    pairs = {(way.paid.asset, way.received.asset) for way in ways}
    if len(pairs) != 1:
        raise OrderError(f"legs: must all trade one asset for one other, were {sorted(pairs)}")
    return ways[0].paid.asset


def _check_pools(legs: Sequence[SwapLeg]) -> None:
    swaps = [swap for leg in legs for swap in (*leg.first, *leg.last)]
    names = [swap.pool.instrument.id for swap in swaps]
    for name in names:
        if names.count(name) > 1:
            raise OrderError(f"legs: {name} is traded twice; its quotes would not hold")
    for swap in swaps:
        if swap.pool.dialect is Dialect.V2 and swap.pool.fee_pips != _V2_FEE_PIPS:
            raise OrderError(
                f"legs: {swap.pool.instrument.id}: the router reckons with a fee of {_V2_FEE_PIPS} "
                f"pips in V2 pairs, was {swap.pool.fee_pips}; remove the pool"
            )
    # What a hook made of a swap follows only from what is left when all others are known.
    hooked = [swap.pool.instrument.id for swap in swaps if not swap.pool.is_replayable]
    is_alone = len(hooked) == 1 and hooked[0] in {
        leg.last[0].pool.instrument.id for leg in legs if not leg.first
    }
    if hooked and not is_alone:
        raise OrderError(
            f"legs: {', '.join(hooked)}: a pool whose hook changes amounts can be one direct leg "
            "of a transaction; trade them one at a time"
        )
