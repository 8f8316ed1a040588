"""The stress engine as one would write it plainly: a loop over positions, in floats.

What the arrays are compared with, and what they are faster than. It answers all that they answer;
what does not depend on a scenario, or not on an account, is looked up once beforehand.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from router.domain.stress import Scenario
from router.domain.units import AssetId, InstrumentId, VenueId
from router.risk.stress.book import Bucket, Depths, Stock

SLICE_ABOVE, SLICE, LOST_BELOW = 100_000.0, 0.2, 2.0 / 3.0
PIPS = 1_000_000


@dataclass(slots=True)
class Line:
    """One position. `far` is how far from the mark each piece of its side of the book lies."""

    asset: AssetId
    notional: float
    tiers: list[tuple[float, float]]
    takes: list[float]
    costs: list[float]
    far: list[float]
    reach: float
    fee: float


@dataclass(slots=True)
class Group:
    venue: VenueId
    collateral: AssetId
    equity: float
    buffer: float
    lines: list[Line]


@dataclass(slots=True)
class Place:
    """What a scenario does at one venue."""

    mark: float
    seen: float
    closed: float
    closed_at: float
    is_out: bool


@dataclass(slots=True)
class Shock:
    """A scenario in shares; `apart` has gap and funding."""

    gap: float
    funding: float
    apart: dict[AssetId, tuple[float, float]]
    pegs: dict[AssetId, float]
    venues: dict[VenueId, Place]
    depth: float
    gas: float


@dataclass(slots=True)
class Found:
    """What befell one account; `far` is signed, positive where a long was sold."""

    price: float
    funding: float
    equity: float
    maintenance: float
    room: float
    shown: float
    is_stuck: bool
    exit_cost: float
    exit_unsold: float
    left: list[float]
    sold: list[float]
    final_equity: float
    final_maintenance: float
    is_lost: bool
    first: int = -1
    costs: float = 0.0
    fees: float = 0.0
    far: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Firm:
    """What befell all of it; `accounts` has equity, maintenance and fallen after contagion."""

    groups: list[Found]
    impact: dict[AssetId, float]
    accounts: list[tuple[float, float, bool]]
    delta: dict[AssetId, float]
    inventory: float
    gas: float
    total: float


def group(bucket: Bucket, depths: Mapping[InstrumentId, Depths]) -> Group:
    unit, one = 10**bucket.decimals, bucket.exposure
    lines = []
    for held, market in zip(one.positions, bucket.markets, strict=True):
        found = depths.get(market, Depths())
        side = found.bids if held.notional_atoms > 0 else found.asks
        tiers = [(t.above_atoms / unit, t.maintenance / 10**12) for t in held.tiers]
        takes, costs = side.takes.tolist(), side.costs.tolist()
        lines.append(
            Line(
                held.asset,
                held.notional_atoms / unit,
                tiers or [(0.0, held.initial / 10**12)],
                takes,
                costs,
                pieces(takes, costs),
                side.reach,
                found.fee,
            )
        )
    return Group(
        one.venue, bucket.collateral, one.equity_atoms / unit, one.buffer_atoms / unit, lines
    )


def pieces(takes: list[float], costs: list[float]) -> list[float]:
    found, furthest = [0.0], 0.0
    for knot in range(1, len(takes)):
        width = takes[knot] - takes[knot - 1]
        if width > 0.0:
            furthest = max(furthest, (costs[knot] - costs[knot - 1]) / width)
        found.append(furthest)
    return found


def shock(scenario: Scenario, venues: Sequence[VenueId]) -> Shock:
    places = {}
    for name in venues:
        one = scenario.venue(name)
        places[name] = Place(
            one.mark_pips / PIPS,
            max(0.0, 1.0 - one.oracle_late_s / max(scenario.duration_s, 1)),
            one.deleveraged_pips / PIPS,
            one.deleveraged_at_pips / PIPS,
            one.is_out,
        )
    return Shock(
        scenario.gap_pips / PIPS,
        scenario.funding_pips / PIPS,
        {s.asset: (s.gap_pips / PIPS, s.funding_pips / PIPS) for s in reversed(scenario.apart)},
        {s.asset: s.value_pips / PIPS for s in reversed(scenario.pegs)},
        places,
        scenario.depth_pips / PIPS,
        scenario.gas_pips / PIPS,
    )


def evaluate(one: Group, scenario: Scenario) -> Found:
    return account(one, shock(scenario, (one.venue,)))


def firm(groups: list[Group], stocks: Sequence[Stock], now: Shock) -> Firm:
    """Return what a scenario leaves of the firm."""
    found = [account(one, now) for one in groups]
    impact = pushed(groups, found)
    delta: dict[AssetId, float] = {}
    accounts, total = [], 0.0
    for one, its in zip(groups, found, strict=True):
        equity, maintenance = its.final_equity, its.final_maintenance
        if impact:
            maintenance = 0.0
        for row, line in enumerate(one.lines):
            left = 0.0 if its.is_lost else its.left[row] - its.sold[row]
            held = left if line.notional > 0 else -left
            if impact:
                move = impact.get(line.asset, 0.0)
                equity += held * move
                held *= 1.0 + move
                maintenance += kept(line, abs(held))
            delta[line.asset] = delta.get(line.asset, 0.0) + held
        was_short = its.equity < its.maintenance
        accounts.append((equity, maintenance, equity < maintenance and not was_short))
        total += max(equity, 0.0) * now.pegs.get(one.collateral, 1.0) - max(one.equity, 0.0)
    inventory = gas = 0.0
    for stock in stocks:
        before = stock.value * (1.0 - stock.haircut)
        value = before * now.pegs.get(stock.asset, 1.0)
        if not stock.is_money:
            gap = now.apart.get(stock.asset, (now.gap, 0.0))[0]
            value *= (1.0 + gap) * (1.0 + impact.get(stock.asset, 0.0))
            delta[stock.asset] = delta.get(stock.asset, 0.0) + value
        inventory += value
        gas += stock.exit_gas * now.gas
        total += value - before
    return Firm(found, impact, accounts, delta, inventory, gas, total - gas)


def pushed(groups: list[Group], found: list[Found]) -> dict[AssetId, float]:
    down: dict[AssetId, float] = {}
    up: dict[AssetId, float] = {}
    for one, its in zip(groups, found, strict=True):
        for line, far in zip(one.lines, its.far, strict=False):
            if far > 0.0:
                down[line.asset] = max(down.get(line.asset, 0.0), far)
            elif far < 0.0:
                up[line.asset] = max(up.get(line.asset, 0.0), -far)
    assets = {*down, *up}
    return {a: (1.0 - min(down.get(a, 0.0), 1.0)) * (1.0 + up.get(a, 0.0)) - 1.0 for a in assets}


def account(one: Group, now: Shock) -> Found:
    there = now.venues[one.venue]
    common, apart, depth = (now.gap, now.funding), now.apart, now.depth
    mark, closed, closed_at, seen = there.mark, there.closed, there.closed_at, there.seen
    price = funding = shown = maintenance = exit_cost = exit_unsold = 0.0
    left, scales = [], []
    for line in one.lines:
        gap, paid = apart.get(line.asset, common)
        growth = (1.0 + gap) * (1.0 + mark) - 1.0
        share = closed if line.notional * gap > 0.0 else 0.0
        early = line.notional * share * gap * closed_at
        price += early + line.notional * (1.0 - share) * growth
        late = (1.0 + gap * seen) * (1.0 + mark) - 1.0
        shown += early + line.notional * (1.0 - share) * late
        funding -= line.notional * paid
        notional = abs(line.notional) * (1.0 - share) * (1.0 + growth)
        maintenance += kept(line, notional)
        scale = depth * (1.0 + growth)
        taken = min(notional, line.takes[-1] * scale)
        exit_cost += cost(line, taken, scale) + line.fee * taken
        exit_unsold += notional - taken
        left.append(notional)
        scales.append(scale)
    equity = one.equity + price + funding
    if there.is_out:
        exit_cost, exit_unsold = 0.0, sum(left)
    found = Found(
        price,
        funding,
        equity,
        maintenance,
        equity - maintenance - one.buffer,
        one.equity + shown + funding,
        there.is_out,
        exit_cost,
        exit_unsold,
        left,
        [0.0] * len(left),
        equity,
        maintenance,
        is_lost=equity < LOST_BELOW * maintenance or equity < 0.0,
    )
    if equity < maintenance:
        liquidate(one, found, scales)
    return found


def liquidate(one: Group, found: Found, scales: list[float]) -> None:
    if found.left:
        found.first = max(range(len(found.left)), key=found.left.__getitem__)
    for is_cooling in (False, True):
        if found.final_equity < found.final_maintenance and not found.is_lost:
            sell(one, found, scales, is_cooling=is_cooling)
    if found.is_lost:
        found.final_equity = found.final_maintenance = 0.0
    for row, line in enumerate(one.lines):
        sold, far = found.sold[row], 0.0
        if sold > 0.0:
            knot = bisect_left(line.takes, sold / scales[row])
            far = line.far[min(knot, len(line.far) - 1)]
        found.far.append(far if line.notional > 0 else -far)


def sell(one: Group, found: Found, scales: list[float], *, is_cooling: bool) -> None:
    held = [notional - sold for notional, sold in zip(found.left, found.sold, strict=True)]
    for row in sorted(range(len(held)), key=lambda r: -held[r]):
        line, before, scale = one.lines[row], found.sold[row], scales[row]
        is_slice = held[row] > SLICE_ABOVE and not is_cooling
        wanted = SLICE * held[row] if is_slice else held[row]
        taken = min(wanted, max(line.reach * scale - before, 0.0))
        lost = cost(line, before + taken, scale) - cost(line, before, scale)
        side = 1.0 if line.notional > 0 else -1.0
        fee = line.fee * (taken - side * lost)
        found.costs += lost
        found.fees += fee
        found.final_equity -= lost + fee
        found.final_maintenance -= kept(line, held[row]) - kept(line, held[row] - taken)
        found.sold[row] = before + taken
        if found.final_equity >= found.final_maintenance:
            return
    if found.final_equity < max(LOST_BELOW * found.final_maintenance, 0.0):
        found.is_lost = True


def kept(line: Line, notional: float) -> float:
    total = 0.0
    for place, (above, rate) in enumerate(line.tiers):
        if notional <= above:
            break
        top = line.tiers[place + 1][0] if place + 1 < len(line.tiers) else notional
        total += rate * (min(notional, top) - above)
    return total


def cost(line: Line, taken: float, scale: float) -> float:
    if taken <= 0.0 or scale <= 0.0:
        return 0.0
    seen = taken / scale
    knot = bisect_left(line.takes, seen)
    if knot >= len(line.takes):
        return line.costs[-1] * scale
    low, high = line.takes[knot - 1], line.takes[knot]
    begin, end = line.costs[knot - 1], line.costs[knot]
    return (begin + (end - begin) * (seen - low) / (high - low)) * scale
