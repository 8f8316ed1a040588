"""What a child's simulated transaction would trade, against what the child says. Sans I/O.

The logs of the simulation are read by the same code that will read the receipt: what could not be
booked afterwards is not sent. So a pool that its router does not trade in, such as the pair of a
fork under the name of the original, is found out before it costs anything.
"""

from collections.abc import Sequence
from typing import Final

from router.domain.error import MalformedDataError
from router.domain.order import ChildOrder, Fill
from router.domain.plan import Leg, QuantityKind
from router.domain.units import Side
from venues.evm.transactions.outcome import Decode
from venues.evm.words.node import Log, Receipt

_NAME: Final = "the simulation"


def difference(child: ChildOrder, logs: Sequence[Log], decode: Decode) -> str | None:
    """Return in what the transaction would not be the child's legs in their pools; None if not."""
    try:
        fills = decode(_receipt(logs), child.deadline_at)
    except MalformedDataError as error:
        return f"would not trade what was planned: {error}"
    if [fill.instrument for fill in fills] != [leg.instrument.id for leg in child.legs]:
        return f"would not trade what was planned: {len(fills)} of {len(child.legs)} legs"
    problems = map(_beyond, child.legs, fills)
    return next((problem for problem in problems if problem is not None), None)


def _receipt(logs: Sequence[Log]) -> Receipt:
    return Receipt(
        hash=_NAME,
        succeeded=True,
        gas_used=0,
        gas_price_wei=0,
        data_fee_wei=0,
        block_number=0,
        block_hash=_NAME,
        logs=tuple(logs),
    )


# Less than the exact side is no harm: it is booked as it is, and the rest is planned again.
def _beyond(leg: Leg, fill: Fill) -> str | None:
    is_base_exact = leg.quantity_kind is QuantityKind.BASE
    exact, other, ordered = fill.quantity, fill.notional, leg.quantity
    if not is_base_exact:
        exact, other, ordered = other, exact, leg.notional
    name, bound = leg.instrument.id, leg.bound.atoms
    if exact.atoms > ordered.atoms:
        return f"would trade {exact.atoms} {exact.asset} atoms in {name}, not {ordered.atoms}"
    is_other_paid = is_base_exact is (leg.side is Side.BUY)
    is_worse = other.atoms > bound if is_other_paid else other.atoms < bound
    if is_worse:
        return f"would trade {other.atoms} {other.asset} atoms in {name}, its bound is {bound}"
    return None
