"""A child order's pool legs into one Universal Router transaction. Reads and sends nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from router.domain.error import OrderError
from router.domain.instrument import InstrumentKind
from router.domain.order import ChildOrder
from router.domain.plan import Leg, QuantityKind
from router.domain.units import NS_PER_S, AssetId, Side
from venues.evm import universal_router
from venues.evm.key import SigningKey
from venues.evm.permit2 import PermitSingle, sign_permit
from venues.evm.universal_router import Command
from venues.uniswap_v3.spec import TokenContract, UniswapV3Config

PERMIT_AMOUNT_MAX: Final = (1 << 160) - 1


@dataclass(frozen=True, slots=True)
class PoolSwap:
    """One leg as the router is told it.

    Attributes
    ----------
    exact_atoms, bound_atoms : int
        Exact input and least output, or exact output and most input.
    """

    token_in: str
    token_out: str
    fee_pips: int
    is_exact_in: bool
    exact_atoms: int
    bound_atoms: int

    @property
    def input_max_atoms(self) -> int:
        """The most it may take from the account."""
        return self.exact_atoms if self.is_exact_in else self.bound_atoms

    def command(self) -> Command:
        """Return the router's command."""
        if self.is_exact_in:
            return universal_router.swap_exact_in(
                token_in=self.token_in,
                token_out=self.token_out,
                fee_pips=self.fee_pips,
                amount_in=self.exact_atoms,
                amount_out_min=self.bound_atoms,
            )
        return universal_router.swap_exact_out(
            token_in=self.token_in,
            token_out=self.token_out,
            fee_pips=self.fee_pips,
            amount_out=self.exact_atoms,
            amount_in_max=self.bound_atoms,
        )


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """All swaps of a child; they pay with one token.

    Attributes
    ----------
    input_max_atoms : int
        The most that all of them together may take: what is permitted.
    deadline_s : int
        The last second, in block time, at which they may happen.
    """

    token_in: str
    asset_in: AssetId
    input_max_atoms: int
    swaps: tuple[PoolSwap, ...]
    deadline_s: int


def plan_swaps(child: ChildOrder, tokens: Mapping[AssetId, TokenContract]) -> SwapPlan:
    """Return what a child asks the router to do.

    Raises
    ------
    OrderError
        If the child cannot be one transaction of pool swaps: it says which field is wrong.
    """
    if not child.legs:
        raise OrderError("legs: a child must have at least one")
    assets = {_sides(leg)[0] for leg in child.legs}
    if len(assets) != 1:
        raise OrderError(f"legs: must all pay with one asset, were {sorted(assets)}")
    swaps = tuple(_swap(leg, tokens) for leg in child.legs)
    total = sum(swap.input_max_atoms for swap in swaps)
    if not 0 < total <= PERMIT_AMOUNT_MAX:
        raise OrderError(f"legs: together must pay between 1 and 2**160-1 atoms, were {total}")
    return SwapPlan(
        token_in=swaps[0].token_in,
        asset_in=assets.pop(),
        input_max_atoms=total,
        swaps=swaps,
        deadline_s=child.deadline_at // NS_PER_S,
    )


def execution(
    plan: SwapPlan, *, key: SigningKey, permit_nonce: int, config: UniswapV3Config
) -> bytes:
    """Return the calldata: one permit for exactly the most that is needed, then the swaps.

    The permit ends with the order's deadline, so that what an exact-output swap did not use
    cannot be used later.
    """
    permit = PermitSingle(
        token=plan.token_in,
        amount=plan.input_max_atoms,
        expires_at_s=plan.deadline_s,
        nonce=permit_nonce,
        spender=config.universal_router,
        signature_expires_at_s=plan.deadline_s,
    )
    signature = sign_permit(key, permit, chain_id=config.chain_id, permit2=config.permit2)
    commands: Sequence[Command] = (
        universal_router.permit(permit, signature),
        *(swap.command() for swap in plan.swaps),
    )
    return universal_router.execute(commands, deadline_s=plan.deadline_s)


# What the account pays with, and what it gets.
def _sides(leg: Leg) -> tuple[AssetId, AssetId]:
    base, quote = leg.instrument.base.id, leg.instrument.quote.id
    return (quote, base) if leg.side is Side.BUY else (base, quote)


def _swap(leg: Leg, tokens: Mapping[AssetId, TokenContract]) -> PoolSwap:
    instrument = leg.instrument
    if instrument.kind is not InstrumentKind.SPOT_POOL:
        raise OrderError(f"legs: {instrument.id} must be a pool, was {instrument.kind.value}")
    asset_in, asset_out = _sides(leg)
    is_base_exact = leg.quantity_kind is QuantityKind.BASE
    exact = leg.quantity if is_base_exact else leg.notional
    if exact.atoms <= 0:
        raise OrderError(f"legs: {instrument.id} must trade something, was {exact.atoms}")
    if leg.bound.atoms <= 0:
        raise OrderError(f"legs: {instrument.id}: bound must be positive, was {leg.bound.atoms}")
    is_exact_in = exact.asset == asset_in
    if leg.bound.asset != (asset_out if is_exact_in else asset_in):
        raise OrderError(f"legs: {instrument.id}: bound is in {leg.bound.asset}, the exact side")
    return PoolSwap(
        token_in=tokens[asset_in].address,
        token_out=tokens[asset_out].address,
        fee_pips=instrument.fee_pips,
        is_exact_in=is_exact_in,
        exact_atoms=exact.atoms,
        bound_atoms=leg.bound.atoms,
    )
