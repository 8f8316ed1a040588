"""A child's legs as swaps in single pools, each with what is exact and a bound of its own.

Knows amounts and tokens, and no router. Refuses legs that do not add up.

The swaps of a route are bounded in proportion to what the plan quotes for them: each may be worse
than its quote by as much as the leg may be, rounded so that all of them together keep its bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from router.domain.error import OrderError
from router.domain.instrument import Instrument, InstrumentKind
from router.domain.plan import Hop, Leg, QuantityKind
from router.domain.units import Amount, AssetId, InstrumentId, Rounding, Side, divide
from venues.evm.pools.family import NATIVE_COIN, PoolSetup
from venues.evm.spec import ChainConfig

ATOMS_MAX: Final = (1 << 128) - 1  # V4 counts in 128 bits, and no real token has more


@dataclass(frozen=True, slots=True)
class PoolSwap:
    """What one pool is asked for.

    Attributes
    ----------
    token_in, token_out : str
        As the pool has them: `NATIVE_COIN` where it trades the coin itself.
    exact_atoms, bound_atoms : int
        Exact input and least output, or exact output and most input.
    takes_rest : bool
        Exact input only: what there is at that moment is swapped; `exact_atoms` is what the plan
        expects it to be.
    is_final : bool
        Whether it pays out what the leg is to get; if not, it pays the router.
    """

    pool: PoolSetup
    token_in: str
    token_out: str
    is_exact_in: bool
    exact_atoms: int
    bound_atoms: int
    takes_rest: bool = False
    is_final: bool = True

    @property
    def input_max_atoms(self) -> int:
        """The most it may take from whoever pays."""
        return self.exact_atoms if self.is_exact_in else self.bound_atoms


@dataclass(frozen=True, slots=True)
class Stage:
    """All swaps that are paid with one asset.

    Attributes
    ----------
    forms : frozenset of str
        The tokens in which the asset has come in: the coin and what wraps it are one asset.
    swaps : tuple of PoolSwap
        In the order in which they have to happen: swaps of the coin and of its wrapped token are
        not mixed, and at the end is the largest, which takes what is left of the asset where the
        input is exact.
    """

    forms: frozenset[str]
    swaps: tuple[PoolSwap, ...]


@dataclass(frozen=True, slots=True)
class SwapLeg:
    """One leg: swaps that pay out what we want, after those that get what these are paid with.

    Attributes
    ----------
    first : tuple of PoolSwap
        Routes only: from what we own into assets on the way.
    stages : tuple of Stage
        That of the only swap of a leg in one pool, or one for each asset on the way: nothing of it
        comes in any more after its stage has begun.
    """

    first: tuple[PoolSwap, ...]
    stages: tuple[Stage, ...]

    @property
    def last(self) -> tuple[PoolSwap, ...]:
        """The swaps of all stages."""
        return tuple(swap for stage in self.stages for swap in stage.swaps)

    @property
    def paid_by_account(self) -> tuple[PoolSwap, ...]:
        """The swaps that take what we own."""
        return self.first or self.last


@dataclass(frozen=True, slots=True)
class Passage:
    """Which way a leg goes, and what it fixes: all of it in the words of the plan."""

    name: InstrumentId
    paid: Amount
    received: Amount
    is_exact_in: bool
    bound_atoms: int


def passage(leg: Leg) -> Passage:
    """Return which way a leg goes.

    Raises
    ------
    OrderError
        If an amount is not positive, or the bound is on the exact side.
    """
    name = leg.instrument.id
    paid, received = leg.quantity, leg.notional
    if leg.side is Side.BUY:
        paid, received = received, paid
    is_base_exact = leg.quantity_kind is QuantityKind.BASE
    is_exact_in = is_base_exact is (leg.side is Side.SELL)
    exact, other = (paid, received) if is_exact_in else (received, paid)
    for field, atoms in (("exact side", exact.atoms), ("bound", leg.bound.atoms)):
        if not 0 < atoms <= ATOMS_MAX:
            raise OrderError(f"legs: {name}: {field} must be in 1..2**128-1 atoms, was {atoms}")
    if leg.bound.asset != other.asset:
        raise OrderError(
            f"legs: {name}: bound must be in {other.asset}, was in {leg.bound.asset}, which is "
            "the exact side"
        )
    return Passage(name, paid, received, is_exact_in, leg.bound.atoms)


class Pools:
    """The configured pools of an account, and the tokens that stand for their assets."""

    def __init__(self, config: ChainConfig) -> None:
        self._tokens = config.tokens
        self._native = config.native
        self._pools = {pool.instrument.id: pool for pool in config.pools}

    def swap(self, instrument: Instrument, way: Passage) -> PoolSwap:
        """Return what the pool is asked for.

        Raises
        ------
        OrderError
            If it is not configured, or trades other assets.
        """
        pool = self._pools.get(instrument.id)
        if pool is None:
            raise OrderError(f"legs: {instrument.id} is not a configured pool; add it to pools")
        token_in = self._token(way.paid.asset, pool)
        token_out = self._token(way.received.asset, pool)
        if {token_in, token_out} != {pool.token0, pool.token1}:
            raise OrderError(
                f"legs: {instrument.id} does not trade {way.paid.asset} for {way.received.asset}"
            )
        return PoolSwap(
            pool=pool,
            token_in=token_in,
            token_out=token_out,
            is_exact_in=way.is_exact_in,
            exact_atoms=(way.paid if way.is_exact_in else way.received).atoms,
            bound_atoms=way.bound_atoms,
        )

    # A pool that trades the coin itself stands for the asset whose token wraps it.
    def _token(self, asset: AssetId, pool: PoolSetup) -> str:
        if asset == self._native and NATIVE_COIN in {pool.token0, pool.token1}:
            return NATIVE_COIN
        token = self._tokens.get(asset)
        if token is None:
            raise OrderError(f"legs: {asset} has no address in tokens; add it")
        return token.address.lower()


def swap_leg(leg: Leg, pools: Pools) -> SwapLeg:
    """Return the swaps of a leg.

    Raises
    ------
    OrderError
        If it is no trade in configured pools, or its hops do not add up to it.
    """
    way = passage(leg)
    kind = leg.instrument.kind
    if kind is InstrumentKind.SPOT_POOL and not leg.hops:
        swap = pools.swap(leg.instrument, way)
        return SwapLeg(first=(), stages=(Stage(frozenset({swap.token_in}), (swap,)),))
    if kind is InstrumentKind.SPOT_ROUTE and leg.hops:
        return _route(leg, way, pools)
    raise OrderError(
        f"legs: {way.name}: must be a pool without hops or a route with them, was {kind.value} "
        f"with {len(leg.hops)} hops"
    )


def _route(leg: Leg, way: Passage, pools: Pools) -> SwapLeg:
    others = {hop.instrument.router for hop in leg.hops} - {leg.instrument.router}
    if others:
        raise OrderError(
            f"legs: {way.name}: every hop must go through {leg.instrument.router}, was "
            f"{', '.join(sorted(others))}"
        )
    _check_hops(leg.hops, way)
    swaps: dict[AssetId, list[PoolSwap]] = {}
    forms: dict[AssetId, set[str]] = {}
    for hop in leg.hops:
        swap = pools.swap(hop.instrument, _share(hop, way))
        is_final = hop.received.asset == way.received.asset
        swaps.setdefault(hop.paid.asset, []).append(replace(swap, is_final=is_final))
        forms.setdefault(hop.received.asset, set()).add(swap.token_out)
    first = swaps.pop(way.paid.asset)
    stages = (Stage(frozenset(forms[asset]), _in_order(own)) for asset, own in swaps.items())
    return SwapLeg(first=tuple(first), stages=tuple(stages))


# Hops lead on through other assets, of which nothing is left, and each comes in before it is paid.
def _check_hops(hops: Sequence[Hop], way: Passage) -> None:
    flows: dict[AssetId, int] = {}
    begun: set[AssetId] = set()
    for hop in hops:
        paid, received = hop.paid.asset, hop.received.asset
        if min(hop.paid.atoms, hop.received.atoms) <= 0:
            raise OrderError(f"legs: {way.name}: hop {hop.instrument.id} must trade something")
        begun.add(paid)
        is_direct = (paid, received) == (way.paid.asset, way.received.asset)
        if received in begun or is_direct or paid == way.received.asset:
            raise OrderError(
                f"legs: {way.name}: hops must lead from {way.paid.asset} to {way.received.asset} "
                f"through other assets, each of which comes in before it is paid; "
                f"{hop.instrument.id} does not"
            )
        flows[paid] = flows.get(paid, 0) - hop.paid.atoms
        flows[received] = flows.get(received, 0) + hop.received.atoms
    for verb, found, wanted in (
        ("pay", -flows.pop(way.paid.asset, 0), way.paid.atoms),
        ("receive", flows.pop(way.received.asset, 0), way.received.atoms),
    ):
        if found != wanted:
            raise OrderError(f"legs: {way.name}: hops must {verb} {wanted} atoms, was {found}")
    for asset, atoms in flows.items():
        if atoms:
            raise OrderError(
                f"legs: {way.name}: hops must pass on all of {asset}, {atoms} atoms are left"
            )


# A hop may be worse than its own quote in the proportion in which the leg may be worse than its.
# Rounded so that all least outputs together are at least the leg's, and all most inputs at most.
def _share(hop: Hop, way: Passage) -> Passage:
    if way.is_exact_in:
        planned, rounding = way.received.atoms, Rounding.UP
        atoms = hop.received.atoms
    else:
        planned, rounding = way.paid.atoms, Rounding.DOWN
        atoms = hop.paid.atoms
    bound = divide(atoms * way.bound_atoms, planned, rounding)
    if bound <= 0:
        raise OrderError(f"legs: {way.name}: bound leaves nothing to pay in {hop.instrument.id}")
    return Passage(way.name, hop.paid, hop.received, way.is_exact_in, bound)


# The router can turn all its coin into wrapped coin and back, but not a part of it: so all that is
# paid in one form comes first, and the other form, that of the largest swap, after it.
def _in_order(swaps: Sequence[PoolSwap]) -> tuple[PoolSwap, ...]:
    largest = max(swaps, key=lambda swap: swap.input_max_atoms)
    others = [swap for swap in swaps if swap is not largest]
    others.sort(key=lambda swap: swap.token_in == largest.token_in)
    return (*others, replace(largest, takes_rest=largest.is_exact_in))
