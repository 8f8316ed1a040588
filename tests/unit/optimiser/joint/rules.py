"""What accounts allow, written again from the words of `router.domain.margin`, in shares.

Amounts are shares of the order's notional at its arrival mid; positions are shares of its base.
Shares nothing with the optimiser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router.domain.margin import InitialMargin, MarginAccount, MarginTier, StressScenario
from router.domain.plan import BookCandidate, RoutingProblem
from router.domain.units import AssetId, Side


@dataclass(frozen=True)
class Trade:
    """What one source trades: its share of base, and its cost; proceeds are negative."""

    base: float
    cost: float


def sign_of(problem: RoutingProblem) -> float:
    return 1.0 if problem.side is Side.BUY else -1.0


def unit_of(problem: RoutingProblem) -> float:
    """Return the order's notional in quote atoms."""
    mid = problem.arrival_mid
    return problem.quantity.atoms * mid.quote_atoms / mid.base_atoms


def mark_of(problem: RoutingProblem, book: BookCandidate) -> float:
    """Return the mark over the arrival mid."""
    instrument, mid = book.instrument, problem.arrival_mid
    decimals = instrument.quote.decimals - instrument.base.decimals - instrument.tick_decimals
    return book.mark_ticks * 10.0**decimals * mid.base_atoms / mid.quote_atoms


def position_of(problem: RoutingProblem, book: BookCandidate) -> float:
    return book.position_lots * book.instrument.lot_atoms / problem.quantity.atoms


def most_of(problem: RoutingProblem, book: BookCandidate) -> float:
    """Return the largest share that the book's own caps allow, liquidity apart."""
    before = sign_of(problem) * position_of(problem, book)
    reducing = max(-before, 0.0)
    if book.reduces_only:
        return reducing
    bounds = [book.position_max_atoms] if book.position_max_atoms is not None else []
    if book.initial_margin is InitialMargin.AT_LEVERAGE:
        bounds += [t.above_atoms for t in book.tiers if t.leverage_max < book.leverage]
    shares = [b / unit_of(problem) / mark_of(problem, book) - before for b in bounds]
    return max(min(shares, default=float("inf")), reducing)


def by_tier(
    notional: float, tiers: Sequence[MarginTier], rates: Sequence[float], unit: float
) -> float:
    """Return each tier's rate of the part of the notional inside it."""
    ends = [t.above_atoms / unit for t in tiers[1:]] + [float("inf")]
    inside = (
        max(min(notional, end) - tier.above_atoms / unit, 0.0)
        for tier, end in zip(tiers, ends, strict=True)
    )
    return sum(rate * part for rate, part in zip(rates, inside, strict=True))


def opening_rates(book: BookCandidate) -> list[float]:
    return [1.0 / min(book.leverage, tier.leverage_max) for tier in book.tiers]


def initial_of(book: BookCandidate, notional: float, unit: float) -> float:
    if book.initial_margin is InitialMargin.AT_LEVERAGE or not book.tiers:
        return notional / book.leverage
    rates = opening_rates(book)
    if book.initial_margin is InitialMargin.MARGINAL:
        return by_tier(notional, book.tiers, rates, unit)
    # A notional at a bound is in the tier below; a float may be a whisker above it.
    inside = [
        r
        for r, t in zip(rates, book.tiers, strict=True)
        if notional > t.above_atoms / unit + 1e-9 or not t.above_atoms
    ]
    return inside[-1] * notional


def maintenance_of(
    notional: float, tiers: Sequence[MarginTier], *, untold: float, unit: float
) -> float:
    if not tiers:
        return untold * notional
    return by_tier(notional, tiers, [t.maintenance * 1e-12 for t in tiers], unit)


def equity_of(problem: RoutingProblem, margin: MarginAccount) -> float:
    reserved = sum(r.amount.atoms for r in problem.reservations if r.account == margin.account)
    return (margin.equity_atoms - reserved) / unit_of(problem)


@dataclass(frozen=True)
class Befalls:
    """What a scenario brings a position for every unit of its worth, and what is left to keep."""

    brings: float
    left: float


def scenarios_of(problem: RoutingProblem, margin: MarginAccount) -> tuple[StressScenario, ...]:
    return problem.scenarios + margin.scenarios


def befalls(scenario: StressScenario, asset: AssetId, side: float) -> Befalls:
    """Return what befalls a position; `side` is +1 of a long, -1 of a short."""
    shock = scenario.shock(asset)
    gap, funding = shock.gap_pips * 1e-6, shock.funding_pips * 1e-6
    last = (1.0 + gap) * (1.0 + scenario.mark_pips * 1e-6) - 1.0
    closed = scenario.closed_pips * 1e-6 if side * gap > 0.0 else 0.0
    early = side * gap * scenario.closed_at_pips * 1e-6
    gained = closed * min(early, side * last) + (1.0 - closed) * side * last
    return Befalls(side * gained - funding, (1.0 - closed) * (1.0 + last))


def elsewhere_lack(problem: RoutingProblem, margin: MarginAccount, place: int) -> float:
    """Return what a scenario takes from an account for the positions not touched."""
    unit, lack = unit_of(problem), 0.0
    for held in margin.elsewhere:
        value = held.notional_atoms / unit
        scenario = scenarios_of(problem, margin)[place]
        now = befalls(scenario, held.asset, 1.0 if value > 0.0 else -1.0)
        lack += maintenance_of(
            abs(value) * now.left, held.tiers, untold=held.initial * 1e-12, unit=unit
        )
        lack -= value * now.brings
    return lack


def surplus(
    problem: RoutingProblem,
    margin: MarginAccount,
    place: int,
    *,
    trades: Mapping[str, Trade],
) -> float:
    """Return what a scenario leaves above maintenance and buffer."""
    unit = unit_of(problem)
    left = equity_of(problem, margin) - margin.stress_buffer_atoms / unit
    left -= elsewhere_lack(problem, margin, place)
    for book in books_of(problem, margin):
        value = after(problem, book, trades) * mark_of(problem, book)
        scenario = scenarios_of(problem, margin)[place]
        now = befalls(scenario, book.instrument.base.id, 1.0 if value > 0.0 else -1.0)
        left -= loss(problem, book, trades)
        left += value * now.brings
        left -= maintenance_of(
            abs(value) * now.left, book.tiers, untold=1.0 / book.leverage, unit=unit
        )
    return left


def free_margin(
    problem: RoutingProblem, margin: MarginAccount, trades: Mapping[str, Trade]
) -> float:
    """Return what initial margin leaves of equity, before any fill has gained."""
    unit = unit_of(problem)
    left = equity_of(problem, margin) - margin.margin_used_elsewhere_atoms / unit
    for book in books_of(problem, margin):
        notional = abs(after(problem, book, trades)) * mark_of(problem, book)
        left -= max(loss(problem, book, trades), 0.0) + initial_of(book, notional, unit)
    return left


def books_of(problem: RoutingProblem, margin: MarginAccount) -> list[BookCandidate]:
    return [b for b in problem.books if b.instrument.account == margin.account]


def after(problem: RoutingProblem, book: BookCandidate, trades: Mapping[str, Trade]) -> float:
    traded = trades[book.instrument.id].base if book.instrument.id in trades else 0.0
    return position_of(problem, book) + sign_of(problem) * traded


def loss(problem: RoutingProblem, book: BookCandidate, trades: Mapping[str, Trade]) -> float:
    trade = trades.get(book.instrument.id, Trade(0.0, 0.0))
    return trade.cost - sign_of(problem) * mark_of(problem, book) * trade.base


def worst_excess(
    problem: RoutingProblem, trades: Mapping[str, Trade], chains: Mapping[str, Trade]
) -> float:
    """Return by how much trades go beyond the worst kept rule, as a share of the notional.

    An account keeps its margin rules, or it only reduces; the lesser excess counts.
    """
    found = [sum(t.base for t in (*trades.values(), *chains.values())) - 1.0]
    found.append(-found[0])
    found += [chain_excess(problem, account, trade) for account, trade in chains.items()]
    for book in problem.books:
        trade = trades[book.instrument.id]
        lots = book.quantity_max_lots
        most = most_of(problem, book)
        if lots is not None:
            most = min(most, lots * book.instrument.lot_atoms / problem.quantity.atoms)
        found += [trade.base - most, -trade.base]
    for margin in problem.margins:
        if books_of(problem, margin):
            found.append(account_excess(problem, margin, trades))
    return max(found)


def chain_excess(problem: RoutingProblem, account: str, trade: Trade) -> float:
    chain = next(c for c in problem.chains if c.account == account)
    buys = problem.side is Side.BUY
    pair = problem.arrival_mid
    asset = pair.quote if buys else pair.base
    atoms = sum(a.atoms for a in chain.spendable if a.asset == asset)
    atoms -= sum(
        r.amount.atoms
        for r in problem.reservations
        if r.account == account and r.amount.asset == asset
    )
    unit = unit_of(problem) if buys else problem.quantity.atoms
    return (trade.cost if buys else trade.base) - atoms / unit


def account_excess(
    problem: RoutingProblem, margin: MarginAccount, trades: Mapping[str, Trade]
) -> float:
    rows = range(len(scenarios_of(problem, margin)))
    stressed = [surplus(problem, margin, s, trades=trades) for s in rows]
    keeps = max([-free_margin(problem, margin, trades), *(-s for s in stressed)])
    before = [surplus(problem, margin, s, trades={}) for s in rows]
    reduces = [min(b, 0.0) - s for b, s in zip(before, stressed, strict=True)]
    for book in books_of(problem, margin):
        short = max(-sign_of(problem) * position_of(problem, book), 0.0)
        reduces.append(trades[book.instrument.id].base - short)
    return max(reduces) if margin.reduces_only else min(keeps, max(reduces))
