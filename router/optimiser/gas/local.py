"""The best choice of ways at fixed prices of the rows: a local search that weak duality guides.

At the price of a known choice S every other choice T costs at least what S costs, plus what the
ways that go gain net of their gas, less what the ways that come gain net of theirs. So only moves
whose sum is below zero are tried, the lowest first. Refuses to try more than a number of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from router.liquidity.curve import Floats
from router.optimiser.gas.relaxed import Relaxed, State

BETTER: Final = 1e-12  # of the notional: costs that are nearer are the same
_MOVES_MAX: Final = 200  # looked at around one choice
_TRIED_MAX: Final = 24  # of them, those that no known price rules out
_ROUNDS_MAX: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Some ways, and what they cost with gas.

    Attributes
    ----------
    state : State
        At the price where that is known.
    """

    used: frozenset[int]
    cost: float
    state: State


class Search:
    """What is known of the choices looked at so far.

    Attributes
    ----------
    lower : float
        No choice costs less.
    start : State
        Where that bound is highest.
    """

    def __init__(self, relaxed: Relaxed, price: float) -> None:
        self._relaxed = relaxed
        self._known: dict[frozenset[int], Choice | None] = {}
        self._witnesses: list[tuple[float, Floats]] = []
        self.lower, self.start, self._likely = relaxed.bound(0, price)
        self._remember(self.start)

    def run(self) -> list[Choice]:
        """Return the choices that were found, the cheapest first."""
        for used in self._starts():
            best = self._ask(used)
            if best is not None and best.cost - self.lower <= BETTER:
                break
        best = self._best()
        for _ in range(_ROUNDS_MAX):
            if best is None or self._is_best(best):
                break
            better = self._better(best)
            if better is None:
                break
            best = better
        found = (choice for choice in self._known.values() if choice is not None)
        return sorted(found, key=lambda choice: (choice.cost, sorted(choice.used)))

    def at_least(self, used: frozenset[int]) -> float:
        """Return a cost that a choice cannot beat at any price looked at so far."""
        ways = list(used)
        most = max(value + float(net[ways].sum()) for value, net in self._witnesses)
        return most + self._begun(used)

    def cost(self, used: frozenset[int]) -> float:
        """Return what a choice costs at these prices of the rows; infinite if it does not fit."""
        found = self._ask(used)
        return np.inf if found is None else found.cost

    def near(self, used: frozenset[int]) -> Iterator[frozenset[int]]:
        """Yield the choices that differ little from one."""
        ways = self._relaxed.ways.ways
        for near in self._near(used, self._relaxed.gas - self.start.gain):
            if _one_a_source([ways[i].source for i in near]):
                yield near

    # What the bound rests on, one more and one less, the best few ways, and each side alone.
    def _starts(self) -> Iterator[list[int]]:
        relaxed, likely = self._relaxed, self._likely
        yield likely
        net = relaxed.gas - self.start.gain
        ordered = [i for i in np.argsort(net, kind="stable").tolist() if i not in set(likely)]
        if likely:
            yield sorted(likely, key=lambda i: net[i])[:-1]
        yield from (swapped for i in ordered[:1] if (swapped := self._with(likely, i)))
        if relaxed.has_books:
            yield []
            for i in sorted(range(len(net)), key=lambda i: net[i])[:2]:
                yield [i]
        else:
            cost = relaxed.alone()
            yield from ([i] for i in np.argsort(cost, kind="stable")[:2].tolist())

    def _with(self, used: Iterable[int], way: int) -> list[int]:
        ways = self._relaxed.ways.ways
        return [*(i for i in used if ways[i].source != ways[way].source), way]

    def _ask(self, used: Iterable[int]) -> Choice | None:
        key = frozenset(used)
        if key not in self._known:
            ordered = sorted(key)
            if self._relaxed.carries(ordered):
                cost, state = self._relaxed.cost_of(ordered, self.start.price)
                self._known[key] = Choice(key, cost, state)
                self._remember(state)
            else:
                self._known[key] = None
        return self._known[key]

    def _best(self) -> Choice | None:
        found = [choice for choice in self._known.values() if choice is not None]
        return min(found, key=lambda c: (c.cost, sorted(c.used)), default=None)

    # All ways alone are known where there is no book; then only two or more could be cheaper.
    def _is_best(self, best: Choice) -> bool:
        if best.cost - self.lower <= BETTER:
            return True
        if self._relaxed.has_books or len(best.used) > 1:
            return False
        price, enough = self.start.price, best.cost
        several, state, _ = self._relaxed.bound(2, price, enough=enough)
        self._remember(state)
        return several >= best.cost - BETTER

    def _better(self, best: Choice) -> Choice | None:
        tried = 0
        for used in self._moves(best):
            if self.at_least(used) >= best.cost - BETTER:
                continue
            found = self._ask(used)
            if found is not None and found.cost < best.cost - BETTER:
                return found
            tried += 1
            if tried == _TRIED_MAX:
                break
        return None

    def _remember(self, state: State) -> None:
        self._witnesses.append((state.value, self._relaxed.gas - state.gain))

    # Choices near one, the most promising first; those that cannot be cheaper are left out.
    def _moves(self, best: Choice) -> list[frozenset[int]]:
        ways = self._relaxed.ways
        net = self._relaxed.gas - best.state.gain
        own = sum(float(net[i]) for i in best.used) + self._begun(best.used)
        found: dict[frozenset[int], float] = {}
        for used in self._near(best.used, net):
            if used not in self._known and used not in found:
                change = sum(float(net[i]) for i in used) + self._begun(used) - own
                if change < -BETTER and _one_a_source([ways.ways[i].source for i in used]):
                    found[used] = change
        return sorted(found, key=lambda used: (found[used], sorted(used)))[:_MOVES_MAX]

    def _near(self, used: frozenset[int], net: Floats) -> Iterator[frozenset[int]]:
        ways = self._relaxed.ways.ways
        for i in used:
            yield used - {i}
        others = [i for i in range(len(ways)) if i not in used]
        # One that comes begins a transaction at most, one that goes ends one at most.
        ends = max(self._relaxed.begun.tolist(), default=0.0)
        coming = sorted((float(net[j]), j) for j in others)
        yield from (used | {j} for cost, j in coming if cost < 0.0)
        for i in sorted(used, key=lambda i: -net[i])[:_MOVES_MAX]:
            for cost, j in coming[:_MOVES_MAX]:
                if cost - float(net[i]) - ends >= 0.0:
                    break
                yield (used - {i}) | {j}
        yield from self._transactions(used, net)

    # Without a transaction, with one only, and with all its ways in the place of another's.
    def _transactions(self, used: frozenset[int], net: Floats) -> Iterator[frozenset[int]]:
        belongs = self._relaxed.transaction
        begun = {int(belongs[i]) for i in used}
        for t in range(len(self._relaxed.begun)):
            own = frozenset(i for i in used if belongs[i] == t)
            gaining = np.flatnonzero((belongs == t) & (net < 0.0)).tolist()
            yield own
            yield used - own
            yield used | frozenset(gaining)
            for other in begun - {t}:
                rest = frozenset(i for i in used if belongs[i] != other)
                yield rest | frozenset(gaining)

    def _begun(self, used: frozenset[int]) -> float:
        numbers = {int(self._relaxed.transaction[i]) for i in used}
        return float(sum(self._relaxed.begun[t] for t in numbers))


def _one_a_source(sources: list[int]) -> bool:
    return len(sources) == len(set(sources))
