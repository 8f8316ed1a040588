"""Child orders of an approved plan: which legs travel together, in what order, what nonce."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.domain.algo import Sweep
from router.domain.instrument import STAGES, InstrumentKind
from router.domain.order import ChildOrder, ParentOrder, TimeInForce
from router.domain.plan import Leg, RoutingProblem
from router.domain.units import AccountId, ChildId, DurationNs, InstrumentId, TimestampNs
from router.domain.verdict import Approved

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Where in a parent's life a plan is turned into children.

    Attributes
    ----------
    nonces : Mapping[AccountId, int]
        The smallest nonce each account may use.
    reduced : frozenset of InstrumentId
        Books whose position may only become smaller, whatever the order says.
    """

    order: ParentOrder
    round: int
    slice: int
    nonces: Mapping[AccountId, int]
    lifetime: DurationNs
    at: TimestampNs
    reduced: frozenset[InstrumentId] = frozenset()
    time_in_force: TimeInForce = TimeInForce.IMMEDIATE


def children_of(approved: Approved, dispatch: Dispatch) -> tuple[ChildOrder, ...]:
    """Return the children to send now: those of the plan's least certain stage.

    The legs of later stages are planned again once it is known what these have filled.
    """
    legs = approved.plan.legs
    stage = min(STAGES[leg.instrument.kind] for leg in legs)
    now = [leg for leg in legs if STAGES[leg.instrument.kind] == stage]
    deadline = min(dispatch.at + dispatch.lifetime, dispatch.order.deadline_at)
    nonces = dict(dispatch.nonces)
    children = []
    for index, group in enumerate(_grouped(now)):
        instrument = group[0].instrument
        nonce = nonces.get(instrument.account, 0)
        if instrument.kind is InstrumentKind.PERP_BOOK:
            # Books take a nonce only within a window around the present, in milliseconds.
            nonce = max(nonce, dispatch.at // _NS_PER_MS)
        nonces[instrument.account] = nonce + 1
        children.append(
            ChildOrder(
                id=ChildId(f"{_name(dispatch)}.{stage}.{index}"),
                parent=dispatch.order.id,
                venue=instrument.venue,
                account=instrument.account,
                side=dispatch.order.side,
                legs=group,
                nonce=nonce,
                deadline_at=TimestampNs(deadline),
                round=dispatch.round,
                slice=dispatch.slice,
                stage=stage,
                strategy=dispatch.order.strategy,
                reduces_only=dispatch.order.reduces_only or instrument.id in dispatch.reduced,
                time_in_force=dispatch.time_in_force,
            )
        )
    return tuple(children)


# A sweep has one slice, which its children's names do not tell; of a basket it may have more.
def _name(dispatch: Dispatch) -> str:
    order = dispatch.order
    if isinstance(order.algo, Sweep) and dispatch.slice <= 1:
        return f"{order.id}.{dispatch.round}"
    return f"{order.id}.{dispatch.slice}.{dispatch.round}"


def reduced_books(problem: RoutingProblem) -> frozenset[InstrumentId]:
    """Return the books of a problem whose position may only become smaller."""
    accounts = {margin.account for margin in problem.margins if margin.reduces_only}
    return frozenset(
        book.instrument.id
        for book in problem.books
        if book.reduces_only or book.instrument.account in accounts
    )


def _grouped(legs: list[Leg]) -> Iterator[tuple[Leg, ...]]:
    # Legs of one account and router are one transaction: all of them happen, or none.
    transactions: dict[tuple[AccountId, str], list[Leg]] = {}
    for leg in legs:
        if leg.instrument.is_on_chain:
            key = (leg.instrument.account, leg.instrument.router)
            transactions.setdefault(key, []).append(leg)
        else:
            yield (leg,)
    for group in transactions.values():
        yield tuple(group)
