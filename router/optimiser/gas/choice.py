"""The choice of ways that costs least when each has a price tag of its own.

Ways of one transaction share what it costs before its first pool; of the ways of one source a
choice has one at most. Refuses to know where the tags come from.
"""

from collections.abc import Sequence
from typing import TypeAlias

from router.liquidity.curve import Floats
from router.optimiser.gas.ways import Ways

_Costed: TypeAlias = tuple[float, list[int]]


def least_choice(ways: Ways, net: Floats, least: int) -> list[int]:
    """Return the cheapest choice of at least so many ways; empty if there are not so many.

    Parameters
    ----------
    net : float64, shape (n_ways,)
        What each way adds, negative where it gains.
    """
    best: dict[int, _Costed] = {0: (0.0, [])}
    tags: list[float] = net.tolist()
    for begun, own in zip(ways.transactions, _by_transaction(ways, tags, least), strict=True):
        following: dict[int, _Costed] = {}
        more_than_none = [(begun + cost, more) for cost, more in _prefixes(own, tags, least)]
        choices: list[_Costed] = [(0.0, []), *more_than_none]
        for count, (total, used) in best.items():
            for cost, more in choices:
                reached = min(count + len(more), least)
                if reached not in following or total + cost < following[reached][0]:
                    following[reached] = (total + cost, used + more)
        best = following
    return best[least][1] if least in best else []


# Of each transaction its ways, the cheapest first, one of each source: all that gain, and as many
# more as a choice may need.
def _by_transaction(ways: Ways, net: Sequence[float], least: int) -> list[list[int]]:
    found: list[dict[int, int]] = [{} for _ in ways.transactions]
    needed, lacking = max(least, 1), len(found)
    for i in sorted(range(len(net)), key=net.__getitem__):
        if not lacking and net[i] >= 0.0:
            break
        way = ways.ways[i]
        own = found[way.transaction]
        if way.source not in own:
            own[way.source] = i
            lacking -= len(own) == needed
    return [list(own.values()) for own in found]


# The n cheapest, for every n below `least`, and with as many or more all that gain.
def _prefixes(ways: list[int], net: Sequence[float], least: int) -> list[_Costed]:
    found = []
    for n in range(1, min(max(least, 1), len(ways)) + 1):
        used = ways[:n]
        if n >= least:
            used = used + [i for i in ways[n:] if net[i] < 0.0]
        found.append((sum(net[i] for i in used), used))
    return found
