"""What the bytes of a transaction say, and what executing them on a state does. Exact, pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.domain.order import ChildOrder, Fill, GasPaid, Replacement
from router.domain.plan import Leg, QuantityKind
from router.domain.units import (
    NATIVE,
    Amount,
    AssetId,
    InstrumentId,
    Side,
    TimestampNs,
)
from router.liquidity.constant_product import Pool, swap
from router.liquidity.oracle import LiquidityError
from router.simulation.town import USDC

_GAS_UNITS_SWAP = 200_000
_GAS_UNITS_TRANSFER = 21_000


@dataclass(frozen=True, slots=True)
class Transaction:
    """A signed transaction of the wallet.

    Attributes
    ----------
    price_wei : int
        Of one unit of gas; of two with one nonce a node keeps the dearer.
    replacement : Replacement | None
        CANCEL: a transfer to ourselves, whatever the child is.
    """

    hash: str
    child: ChildOrder
    nonce: int
    price_wei: int
    replacement: Replacement | None

    @property
    def is_cancel(self) -> bool:
        """Whether it does nothing but use up its nonce."""
        return self.replacement is Replacement.CANCEL


@dataclass(frozen=True, slots=True)
class State:
    """What a block leaves: our balances and next nonce, and the pools."""

    balances: Mapping[AssetId, int]
    nonce: int
    pools: Mapping[InstrumentId, Pool]


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block, and what it did there."""

    transaction: Transaction
    succeeded: bool
    fills: tuple[Fill, ...]
    gas: GasPaid
    reason: str


@dataclass(frozen=True, slots=True)
class Swapped:
    """What the legs of a transaction did to a state."""

    state: State
    fills: tuple[Fill, ...]


def swapped(state: State, transaction: Transaction, at: TimestampNs) -> Swapped | str:
    """Return what the legs do, all of them, or why the transaction reverts."""
    if at > transaction.child.deadline_at:
        return "the deadline has passed"
    balances, pools, fills = dict(state.balances), dict(state.pools), []
    for index, leg in enumerate(transaction.child.legs):
        traded = _traded(leg, pools[leg.instrument.id])
        if isinstance(traded, str):
            return traded
        base, cash, pools[leg.instrument.id] = traded
        sign = 1 if leg.side is Side.BUY else -1
        balances[leg.quantity.asset] += sign * base
        balances[leg.notional.asset] -= sign * cash
        fills.append(
            Fill(
                id=f"{transaction.hash}:{index}",
                child=transaction.child.id,
                instrument=leg.instrument.id,
                quantity=Amount(leg.quantity.asset, base),
                notional=Amount(leg.notional.asset, cash),
                fee=Amount(USDC.id, 0),
                at_venue=at,
            )
        )
    if min(balances.values()) < 0:
        return "transfer amount exceeds balance"
    return Swapped(State(balances, state.nonce, pools), tuple(fills))


# Base and cash that change hands, both positive, and the pool after it.
def _traded(leg: Leg, pool: Pool) -> tuple[int, int, Pool] | str:
    buying, exact_base = leg.side is Side.BUY, leg.quantity_kind is QuantityKind.BASE
    exact = leg.quantity.atoms if exact_base else leg.notional.atoms
    is_output = buying is exact_base
    try:
        done = swap(pool, zero_for_one=not buying, amount_specified=-exact if is_output else exact)
    except LiquidityError as error:
        return str(error)
    base, cash = abs(done.amount0), abs(done.amount1)
    other = cash if exact_base else base
    # Paying more, or getting less, than the bound reverts.
    if (other > leg.bound.atoms) if is_output else (other < leg.bound.atoms):
        return "too much requested" if is_output else "too little received"
    return base, cash, done.pool


def paid(transaction: Transaction, block_number: int, block_hash: str) -> GasPaid:
    """Return what a transaction costs once it is in a block."""
    units = _GAS_UNITS_TRANSFER if transaction.is_cancel else _GAS_UNITS_SWAP
    return GasPaid(units * transaction.price_wei, units, block_number, block_hash)


def executed(
    state: State, transaction: Transaction, block: tuple[int, str, TimestampNs]
) -> tuple[State, Mined]:
    """Return the state after a transaction in a block, and what became of it."""
    number, block_hash, at = block
    gas = paid(transaction, number, block_hash)
    outcome: Swapped | str = Swapped(state, ())
    if not transaction.is_cancel:
        outcome = swapped(state, transaction, at)
    after, fills = (state, ()) if isinstance(outcome, str) else (outcome.state, outcome.fills)
    balances = {**after.balances, NATIVE: after.balances[NATIVE] - gas.atoms}
    reason = outcome if isinstance(outcome, str) else ""
    mined = Mined(transaction, not reason, fills, gas, reason)
    return State(balances, state.nonce + 1, after.pools), mined
