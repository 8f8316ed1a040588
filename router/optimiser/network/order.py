"""A solution as a recipe for exact integers: pools in order, and each one's share of its tokens.

Refuses to round: who pushes atoms through gives the last pool of a token what is left of it, so
that every middle token nets to zero.
"""

from dataclasses import dataclass

from router.domain.units import AssetId
from router.optimiser.network.solve import Solution


@dataclass(frozen=True, slots=True)
class OrderedFlow:
    """One pool's turn.

    Attributes
    ----------
    pool : int
        Its place in the graph.
    source, target : AssetId
        The token paid and the token received.
    paid, received : float, [source], [target]
    share_of_source : float
        Of all that is paid in `source`: what an exact input divides by, forwards.
    share_of_target : float
        Of all that is received in `target`: what an exact output divides by, backwards.
    """

    pool: int
    source: AssetId
    target: AssetId
    paid: float
    received: float
    share_of_source: float
    share_of_target: float


def ordered_flows(solution: Solution) -> tuple[OrderedFlow, ...]:
    """Return the pools in an order in which every token is received before it is paid on.

    Forwards, an exact input starts at the first pools: all that has come in of a token is divided
    by `share_of_source`. Backwards, an exact output starts at the last ones: all that is needed of
    a token is divided by `share_of_target`. Of each token the shares add up to one.
    """
    tokens = solution.passage.graph.tokens
    paid, received = [0.0] * len(tokens), [0.0] * len(tokens)
    for flow in solution.flows:
        paid[flow.source] += flow.paid
        received[flow.target] += flow.received
    return tuple(
        OrderedFlow(
            pool=flow.pool,
            source=tokens[flow.source],
            target=tokens[flow.target],
            paid=flow.paid,
            received=flow.received,
            share_of_source=flow.paid / paid[flow.source],
            share_of_target=flow.received / received[flow.target],
        )
        for flow in solution.flows
    )
