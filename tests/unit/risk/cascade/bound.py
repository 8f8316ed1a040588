"""What no policy within the rules could have done better: a linear programme with all foresight.

It knows every mark, every book and every latency beforehand; it may cut from the first moment the
account is in the soft zone, at every assessment as much of the book as a slice may take, all of it
at the best price shown in the seconds in which an order can arrive, and whatever becomes of hedges.
It asks only that the account is worth its maintenance margin whenever marks are published. Where
even that cannot be had, no policy could have had it.
"""

import numpy as np
from scipy.optimize import linprog

from router.domain.risk import Zone
from router.domain.units import PIPS_PER_UNIT
from tests.unit.risk.cascade.fall import COINS, FEE_PIPS, RULES, Outcome

_ACTING = {Zone.SOFT, Zone.HARD, Zone.LIQUIDATED}
_FASTEST_S, _SLOWEST_S = 1, 2
RATES = {c.name: 1 / (2 * c.max_leverage) for c in COINS}  # positions are in the first tier


def could_be_saved(outcome: Outcome, name: str) -> bool:
    """Tell whether an account could have been kept from being liquidated."""
    moments, cash, sizes = outcome.moments, outcome.cash[name], outcome.sizes[name]
    first = next((m.second for m in moments if m.zones[name] in _ACTING), None)
    coins = [c for c, size in sizes.items() if size]
    chances = [m for m in moments if first is not None and m.second >= first]
    columns = [(c, m) for m in chances for c in coins]
    bounds = [
        (0, m.shown[c][0 if sizes[c] > 0 else 1] * RULES.slice_max_pips / PIPS_PER_UNIT)
        for c, m in columns
    ]
    rows, room = [], []
    for moment in moments:
        value = cash + sum(sizes[c] * moment.marks[c] for c in coins)
        kept = sum(RATES[c] * abs(sizes[c]) * moment.marks[c] for c in coins)
        gains = []
        for coin, chance in columns:
            mark, sign = moment.marks[coin], 1 if sizes[coin] > 0 else -1
            is_done = chance.second + _FASTEST_S <= moment.second
            price = _best(outcome.touches, chance.second, coin, is_long=sign > 0)
            gains.append((sign * (price - mark) + RATES[coin] * mark) if is_done else 0.0)
        rows.append([-g for g in gains])
        room.append(value - kept)
    if not columns:
        return min(room) >= 0
    for coin in coins:
        rows.append([1.0 if c == coin else 0.0 for c, _ in columns])
        room.append(abs(sizes[coin]))
    scale = np.array([1e6] * len(moments) + [1.0] * len(coins))
    found = linprog(
        np.zeros(len(columns)),
        A_ub=np.array(rows, dtype=float) / scale[:, None],
        b_ub=np.array(room, dtype=float) / scale,
        bounds=bounds,
        method="highs",
    )
    return bool(found.status == 0)


# The better of the prices an order may meet, its fee taken off.
def _best(
    touches: dict[int, dict[str, tuple[int, int]]], second: int, coin: str, *, is_long: bool
) -> float:
    met = [
        touches[s][coin]
        for s in range(second + _FASTEST_S, second + _SLOWEST_S + 1)
        if s in touches
    ] or [touches[max(touches)][coin]]
    fee = FEE_PIPS / PIPS_PER_UNIT
    if is_long:
        return max(bid for bid, _ in met) * (1 - fee)
    return min(ask for _, ask in met) * (1 + fee)
